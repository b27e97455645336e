/* Trap entry and exit.
 *
 *   sscratch   the current thread while user mode runs; 0 while the kernel runs, which is how a
 *              trap from S-mode (our bug) is told
 *   tp         the user's; for a moment the thread; then the hart, throughout the kernel
 *   sp         the user's; then the hart's stack, which holds nothing across entries
 *   s0-s11 gp  the user's throughout a system call: C code keeps them, and they are stored only if
 *              another thread is resumed
 *   ra t6      carry nothing into a system call, and are zero after it
 *   a0-a6      of `call` and `reply_receive`: also stay where they are, for core/ipc_fast.c
 *
 * sstatus is written in thread.c alone, when the thread changes: a trap leaves SPP and SPIE as sret
 * wants them.
 */
#include "offsets.h"
#include "riscv/csr.h"

#define REGISTER(n) (THREAD_REGISTERS_OFFSET + 8 * (n))

    .macro  move operation, base, numbers:vararg
    .irp    n, \numbers
    \operation x\n, REGISTER(\n)(\base)
    .endr
    .endm

#define CALLEE_SAVED 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 /* gp, s0 to s11 */
#define MESSAGE 10, 11, 12, 13, 14, 15, 16, 17                       /* a0 to a7 */
#define TEMPORARY 6, 7, 28, 29, 30                                   /* t1 to t5 */

    /* From the thread in tp to the kernel: its hart and stack, the big lock (core/lock.h), counted.
     * Changes t0 to t2. */
    .macro  enter
    ld      tp, THREAD_HART(tp)
    ld      sp, HART_STACK_TOP(tp)
    lla     t0, kernel_lock
    li      t1, 1
    amoadd.w t1, t1, (t0)
1:  lw      t2, LOCK_NOW_SERVING(t0)
    bne     t1, t2, 1b
    fence   r, rw
    ld      t2, HART_ENTRIES(tp)
    addi    t2, t2, 1
    sd      t2, HART_ENTRIES(tp)
    .endm

    /* Give the lock up. Changes t1 and t2. */
    .macro  leave
    lla     t1, kernel_lock
    lw      t2, LOCK_NOW_SERVING(t1)
    addi    t2, t2, 1
    fence   rw, w
    sw      t2, LOCK_NOW_SERVING(t1)
    .endm

    /* To where the thread in \thread is, with tp = thread. Changes t1. */
    .macro  aim thread
    ld      t1, REGISTER(0)(\thread)
    csrw    sepc, t1
    csrw    sscratch, \thread
    mv      tp, \thread
    .endm

    .section .text.hot.entry, "ax"
    .global trap_entry
    .balign 64
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    sd      t0, REGISTER(5)(tp)
    csrr    t0, scause
    addi    t0, t0, -CAUSE_ECALL_USER
    bnez    t0, other
    csrr    t0, sscratch
    sd      t0, REGISTER(4)(tp)
    csrw    sscratch, zero
    csrr    t0, sepc
    addi    t0, t0, 4
    sd      t0, REGISTER(0)(tp)
    move    sd, tp, 2, MESSAGE, TEMPORARY
    sd      zero, REGISTER(1)(tp)
    sd      zero, REGISTER(31)(tp)
    addi    ra, a7, -NUMBER_REPLY_RECEIVE
    beqz    ra, short_reply_receive
    addi    ra, a7, -NUMBER_CALL
    beqz    ra, short_call

    mv      t3, tp
    enter
    sd      t3, 0(sp)
    mv      a0, tp
    call    core_syscall
    ld      a0, HART_CURRENT(tp)
    beqz    a0, idle_after_call
settled:
    ld      t0, 0(sp)
    leave
    bne     a0, t0, another

    /* The caller goes on: s0-s11 and gp are still his. */
    aim     a0
    li      ra, 0
    li      t6, 0
load_rest:
    move    ld, tp, 2, 5, TEMPORARY, MESSAGE, 4
    sret

another:
    move    sd, t0, CALLEE_SAVED
resume_whole:
    aim     a0
    move    ld, tp, 1, 31, CALLEE_SAVED
    j       load_rest

    /* Messages: another thread will run next, so what the user keeps is stored first. */
    .macro  message function
    move    sd, tp, CALLEE_SAVED
    mv      a7, tp
    enter
    call    \function
    .endm

short_call:
    message core_call
    j       2f
short_reply_receive:
    message core_reply_receive
2:  beqz    a0, idle
    leave
    bnez    a1, resume_whole
    aim     a0
    move    ld, tp, 2, CALLEE_SAVED, MESSAGE
    .irp    n, 1, 5, 6, 7, 28, 29, 30, 31
    li      x\n, 0
    .endr
    ld      tp, REGISTER(4)(tp)
    sret

    /* A fault or an interrupt: all registers are the user's to keep. */
other:
    csrr    t0, sscratch
    sd      t0, REGISTER(4)(tp)
    csrw    sscratch, zero
    csrr    t0, sepc
    sd      t0, REGISTER(0)(tp)
    move    sd, tp, 1, 2, 31, MESSAGE, TEMPORARY, CALLEE_SAVED
    enter
    mv      a0, tp
    csrr    a1, scause
    csrr    a2, stval
    call    trap_other
    ld      a0, HART_CURRENT(tp)
    beqz    a0, idle
    leave
    j       resume_whole

    /* Nobody is ready. After a system call its maker's registers may still be here. */
idle_after_call:
    mv      a0, tp
    call    trap_idle
    ld      a0, HART_CURRENT(tp)
    j       settled
idle:
    mv      a0, tp
    call    trap_idle
    ld      a0, HART_CURRENT(tp)
    leave
    j       resume_whole

    .global trap_resume
trap_resume:
    mv      tp, a0
    ld      sp, HART_STACK_TOP(tp)
    j       idle

    /* Our own bug. The stack may be what is wrong: all goes to a frame of its own. */
from_kernel:
    lla     tp, trap_panic_frame
    addi    tp, tp, -THREAD_REGISTERS_OFFSET /* so that REGISTER() fits */
    move    sd, tp, 1, 2, 5, 31, MESSAGE, TEMPORARY, CALLEE_SAVED
    addi    tp, tp, THREAD_REGISTERS_OFFSET
    csrr    t0, sepc
    sd      t0, 0(tp)
    csrrw   t0, sscratch, zero
    sd      t0, 8*4(tp)
    csrr    t1, sstatus
    sd      t1, FRAME_STATUS(tp)
    csrr    t1, scause
    sd      t1, FRAME_CAUSE(tp)
    csrr    t1, stval
    sd      t1, FRAME_VALUE(tp)
    mv      tp, t0
    lla     sp, panic_stack_top
    call    trap_from_kernel

    .bss
    .balign 16
panic_stack:
    .space  2048
panic_stack_top:
