/* The architecture contract: what the portable kernel (core/) needs of the machine. riscv/ keeps it
 * on hardware; tests/host/fake_arch.c keeps it in a process on the host.
 *
 *   A1  Called with the kernel lock held and interrupts off, but for arch_idle and what a panic
 *       calls.
 *   A2  Nothing here allocates, blocks, or touches USER or DEVICE memory.
 *   A3  Physical memory of kind OBJECT, TABLE or KERNEL is reached through arch_window alone; the
 *       window of a chunk is open exactly while its kind is OBJECT or TABLE (or KERNEL, always).
 *   A4  A flush has taken effect on every hart that may hold the translation when it returns: also
 *       on one that waits for the lock, or runs in user mode.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/types.h"

/* The shortest are inline and stand there:
 *   void *arch_window(paddr_t address);                             A3
 *   void arch_space_load(struct hart *hart, struct space *space);   make it this hart's space
 *   uint64_t arch_time_ticks(void);
 *   void arch_flush_page(struct space *space, vaddr_t address);                  A4
 *   void arch_float_switch(struct hart *hart, struct thread *to);
 *       hart->current is `to` (NULL: idle), hart->float_id not yet: who ran before it, or it, uses
 *       floating point.
 *   void arch_keep_temporaries(struct thread *caller);   arguments from the eighth: to registers[]
 *   uint64_t arch_accept_slot(const struct thread *caller);         a message's, of these arguments
 *   struct thread *arch_resume_message(to, label, w0, w1, w2, w3, badge, info);
 *       These are `to`'s registers, others that a call may change are zero. Does not return, but on
 *       the host: `to`.
 *   err_t arch_switch(function, caller), arch_switch_to(function, caller, other, word);
 *       A call ends by this: the caller's registers go to memory, and the function says who runs.
 * And in arch_message.h, for ipc_fast.c, what the call brought it in (caller and hart besides), and
 *   struct thread *arch_message_resume(to, badge, info, is_long);
 *       As arch_resume_message, the label and the words being those of the call: eight if long.
 *   struct thread *arch_message_to(function), *arch_message_to_general(function);
 *       The call goes on in a function of ipc_fast.c, or another, which gets it as arguments.   */
#include "arch_inline.h"

struct hart;
struct space;
struct thread;

/* -------------------------------------------------------------------- memory */
void arch_window_open(frame_t chunk_first);   /* map the 2 MiB chunk in the kernel's window */
void arch_window_close(frame_t chunk_first);  /* unmap it; every hart has flushed on return */
void arch_root_fill(uint64_t *root_entries);  /* write the kernel's half (entries 256..511) */
void arch_root_clear(uint64_t *root_entries); /* zero it again, when the root is freed */

/* --------------------------------------------------- spaces and translations */
void arch_space_leave(void); /* load the kernel's own root (space is going) */
/* As arch_flush_page, for pages that follow each other, at least one. */
void arch_flush_pages(struct space *space, vaddr_t first, uint64_t pages);
void arch_flush_space(struct space *space);
void arch_flush_all(void);

/* -------------------------------------------------------------- time, waiting */
void arch_timer_set(uint64_t deadline_ticks); /* this hart's; all ones: never */
/* Would an interrupt be taken now, or does another hart want the lock? For sliced work. */
bool arch_interrupt_pending(void);
void arch_idle(void); /* wait for an interrupt; the lock is NOT held */

/* --------------------------------------------------------------------- other harts */
void arch_notify(struct hart *hart); /* it enters core_notified soon, asleep or not */
/* For a panic: they come to rest, as far as they can. Who panics too waits here for its turn. */
void arch_stop_others(void);
/* What is about to become executable may have been written: no hart fetches what was there
 * before. */
void arch_fence_code(void);

/* --------------------------------------------------------- registers of threads */
void arch_thread_start(struct thread *thread, vaddr_t pc, vaddr_t sp, uint64_t tp, uint64_t a0,
                       uint64_t a1); /* its other registers are zero, fp[] too, and stay so */

/* ------------------------------------------------------------------ interrupts */
enum { ARCH_INTERRUPT_SOURCES = 1024 }; /* the PLIC's architectural maximum; 0 is no source */
unsigned arch_interrupt_source_count(void);
unsigned arch_interrupt_take(struct hart *hart); /* one that fired, masked from now on; 0: none */
void arch_interrupt_mask(unsigned source);
void arch_interrupt_unmask(struct hart *hart, unsigned source); /* from now on it arrives there */

/* --------------------------------------------------------------------- machine */
void arch_console_put(char c);
void arch_reset(bool reboot);    /* returns only if firmware refuses */
_Noreturn void arch_panic(void); /* registers and backtrace, then stop; the message is out */
