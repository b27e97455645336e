/* Control and status registers of S-mode by name. Plain numbers only: assembly reads this too.
 * RISC-V privileged architecture 1.12, chapters 4 and 12 (supervisor level, Sv39). */
#pragma once

/* sstatus. Written whole once, from these, never with SUM. UXL: 64-bit user mode. */
#define SSTATUS_UXL_64   0x200000000
#define SSTATUS_FS_OFF   0x0000
#define SSTATUS_FS_CLEAN 0x4000
#define SSTATUS_FS_DIRTY 0x6000
#define SSTATUS_FS_MASK  0x6000

/* scause; exceptions that are faults of user mode: abi/kernel.toml */
#define CAUSE_INTERRUPT_BIT 63
#define CAUSE_ECALL_USER    8

/* sie and sip */
#define INTERRUPT_SOFTWARE 0x002
#define INTERRUPT_TIMER    0x020
#define INTERRUPT_EXTERNAL 0x200

/* satp */
#define SATP_SV39       0x8000000000000000
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xffff

/* scounteren: user mode reads cycle, time and instret. */
#define SCOUNTEREN_ALL 7

/* stimecmp (extension Sstc); older assemblers do not know its name. */
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__

#include <stdint.h>

#define CSR_TEXT(x) #x
#define CSR_NAME(x) CSR_TEXT(x)

#define csr_read(name)                                                               \
    ({                                                                               \
        uint64_t csr_value;                                                          \
        __asm__ volatile("csrr %0, " CSR_NAME(name) : "=r"(csr_value) : : "memory"); \
        csr_value;                                                                   \
    })
#define csr_set(name, bits) \
    __asm__ volatile("csrs " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) /* what it was */             \
    ({                                                      \
        uint64_t csr_value;                                 \
        __asm__ volatile("csrrc %0, " CSR_NAME(name) ", %1" \
                         : "=r"(csr_value)                  \
                         : "rK"((uint64_t)(bits))           \
                         : "memory");                       \
        csr_value;                                          \
    })
#define csr_write(name, value) \
    __asm__ volatile("csrw " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(value)) : "memory")

#endif
