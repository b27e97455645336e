/* The part of arch.h that is a few instructions on the path of every message: inline. The host's
 * tests have a header of the same name, which only declares. */
#pragma once

#include <addresses.h>

#include "core/hart.h"
#include "core/space.h"
#include "riscv/csr.h"
#include "riscv/hart.h"

void arch_flush_pages(struct space *space, vaddr_t first, uint64_t pages);
void asid_load(void); /* this hart's space, the long way */
/* From float_owner, if FS is off or dirty, to this hart's current thread. */
void float_switch(void);

static inline void *arch_window(paddr_t address)
{
    return (void *)(uintptr_t)(KERNEL_WINDOW + address.value); // NOLINT
}

static inline uint64_t arch_time_ticks(void)
{
    return csr_read(time);
}

static inline struct hart *arch_this_hart(void)
{
    return &this_hart()->hart;
}

/* The rare case, by a stub in entry.S that keeps all registers but t6: the common case around it
 * pays nothing for it. */
#define CALL_KEEPING(function) __asm__ volatile("jal t6, keeping_" #function : : : "t6", "memory")

ALWAYS_INLINE void arch_space_load(struct hart *hart, struct space *space)
{
    if (space->tag != hart->space_tag) { /* I4 */
        CALL_KEEPING(asid_load);
    }
    csr_write(satp, space->translation);
}

static inline void fence_page(uint64_t address, uint64_t asid)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory");
    hart_count_one(&this_hart()->hart, COUNTER_FENCES_PAGE);
}

static inline void arch_flush_page(struct space *space, vaddr_t address)
{
    if (space->lone_tag != this_hart()->hart.space_tag) { /* I4 */
        arch_flush_pages(space, address, 1);
        return;
    }
    fence_page(address.value, space->asid);
}

/* FS on or off; float_switch saves and loads registers. */
ALWAYS_INLINE void arch_float_switch(struct hart *hart, struct thread *to)
{
    if (to == NULL || to->float_id == 0) {
        if ((csr_clear(sstatus, SSTATUS_FS_MASK) & SSTATUS_FS_MASK) == SSTATUS_FS_DIRTY) {
            CALL_KEEPING(float_switch);
        }
    } else if (hart->float_id == 0 && hart->float_owner == to) {
        csr_set(sstatus, SSTATUS_FS_CLEAN);
    } else {
        CALL_KEEPING(float_switch);
    }
}

/* t0 to t5 of the thread that made the call are where the user left them: entry.S. */
static inline void arch_keep_temporaries(struct thread *caller)
{
    uint64_t *r = caller->registers;
    __asm__ volatile("sd t0, 40(%0)\n\tsd t1, 48(%0)\n\tsd t2, 56(%0)\n\t"
                     "sd t3, 224(%0)\n\tsd t4, 232(%0)\n\tsd t5, 240(%0)"
                     :
                     : "r"(r)
                     : "memory");
}

static inline uint64_t arch_accept_slot(const struct thread *caller)
{
    uint64_t slot;
    (void)caller;
    __asm__ volatile("mv %0, t4" : "=r"(slot));
    return slot;
}

#define JUMP(place, ...) __asm__ volatile("j " place : : __VA_ARGS__)

/* notification.c alone does so: it is compiled without s0 to s11, which are the user's. */
#define arch_switch(function, caller, ...)                   \
    ({                                                       \
        register struct thread *a0 __asm__("a0") = (caller); \
        JUMP("switch_" #function, "r"(a0), ##__VA_ARGS__);   \
        __builtin_unreachable();                             \
        ERR_DONE;                                            \
    })
#define arch_switch_to(function, caller, other, word)       \
    ({                                                      \
        register struct thread *a1 __asm__("a1") = (other); \
        register uint64_t a2 __asm__("a2") = (word);        \
        arch_switch(function, caller, "r"(a1), "r"(a2));    \
    })

static inline struct thread *arch_resume_message(struct thread *to, uint64_t label, uint64_t w0,
                                                 uint64_t w1, uint64_t w2, uint64_t w3,
                                                 uint64_t badge, uint64_t info)
{
    register struct thread *s11 __asm__("s11") = to;
    register uint64_t a1 __asm__("a1") = label, a2 __asm__("a2") = w0, a3 __asm__("a3") = w1;
    register uint64_t a4 __asm__("a4") = w2, a5 __asm__("a5") = w3, a6 __asm__("a6") = badge;
    register uint64_t a7 __asm__("a7") = info;
    JUMP("trap_resume_message", "r"(s11), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6),
         "r"(a7));
    __builtin_unreachable();
}
