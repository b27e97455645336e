/* The first instruction, and the last with paging off.
 *
 *   a0 s0  firmware's number of this hart        s2  `time` at the first instruction
 *   a1 s1  address of the device tree            s3  `instret` there
 *   tp     0: no hart structure yet              sp  the kernel's stack, at its physical address
 *
 * The header is what Linux's boot-image-header.rst describes; booti and QEMU read it. */
#include "offsets.h"
#include "riscv/csr.h"

    .section .text.head, "ax"
    .option push
    .option norvc
    .global _start
_start:
    j       first                   /* code0 */
    nop                             /* code1 */
    .dword  0x200000                /* text_offset: from the start of RAM */
    .dword  image_size              /* with bss and stack */
    .dword  0                       /* flags: little endian */
    .word   2                       /* header version 0.2 */
    .word   0
    .dword  0
    .dword  0x5643534952            /* "RISCV" */
    .word   0x05435352              /* "RSC\5" */
    .word   0
    .option pop

    /* OpenSBI before 1.3 may release a hart here that was to start elsewhere. Whoever takes the
     * ticket boots; the others come to their places by their numbers, once there are any. */
first:
    csrw    sie, zero
    csrw    satp, zero
    rdtime  s2
    rdinstret s3
    lla     t0, boot_ticket
    li      t1, 1
    amoswap.w.aq t1, t1, (t0)
    bnez    t1, hart_entry
    mv      s0, a0
    mv      s1, a1
    li      tp, 0
    lla     sp, stack_top
    lla     t0, trapped
    csrw    stvec, t0
    lla     a0, bss_start
    li      a1, 0
    lla     a2, bss_end
    sub     a2, a2, a0
    call    memset
    mv      a0, s0
    mv      a1, s1
    mv      a2, s2
    mv      a3, s3
    lla     a4, image_start
    call    boot_main               /* a0: satp, a1: kernel address - physical address */

    /* The point after which nobody touches USER memory. Nothing maps the next instruction, so
     * fetching it traps to where stvec says: the same place at its kernel address. */
    .global boot_enter_kernel
boot_enter_kernel:
    lla     ra, riscv_start
enter_kernel:
    add     ra, ra, a1
    lla     t0, 1f
    add     t0, t0, a1
    csrw    stvec, t0
    add     sp, sp, a1
    sfence.vma
    csrw    satp, a0
    .balign 4
1:  mv      a0, sp
    ret

    /* Where firmware is asked to start another hart: a0 is its number. It goes to its place in the
     * kernel's metadata, if it has one: sp is its struct, below which its stack lies. */
    .global hart_entry
    .balign 4
hart_entry:
    csrw    sie, zero
    lla     t0, hart_entry_facts
1:  ld      t2, ENTRY_PLACES(t0)    /* soon: nobody could end a wfi yet */
    beqz    t2, 1b
    fence   r, r
    ld      t1, ENTRY_COUNT(t0)
    li      t3, HART_STRUCT_OFFSET
    li      t4, HART_PLACE_BYTES
    li      t5, HART_ID
    add     sp, t2, t3
1:  beqz    t1, 2f
    add     t2, sp, t5
    ld      t2, (t2)
    beq     t2, a0, 3f
    add     sp, sp, t4
    addi    t1, t1, -1
    j       1b
2:  wfi
    j       2b
3:  ld      a0, ENTRY_SATP(t0)
    ld      a1, ENTRY_OFFSET(t0)
    lla     ra, hart_arrive
    j       enter_kernel

    .balign 4
trapped:
    lla     sp, stack_top
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    boot_trapped

    /* a0 = 1 if writing stimecmp does not trap. */
    .global boot_probe_stimecmp
    .balign 4
boot_probe_stimecmp:
    lla     t0, 1f
    csrrw   t0, stvec, t0
    li      a0, 0
    li      t1, -1
    csrw    CSR_STIMECMP, t1
    li      a0, 1
    .balign 4
1:  csrw    stvec, t0
    ret

    .data
    .balign 4
boot_ticket:
    .word   0
