/* Trap entry and exit.
 *
 *   sscratch   the current thread while user mode runs; 0 while the kernel runs, which is how a
 *              trap from S-mode (our bug) is told
 *   tp         the user's; for a moment the thread; then the hart, throughout the kernel
 *   sp         the user's; for a moment anything; then the hart's stack, empty at each entry; a
 *              general call's maker lies at its top
 *   s0-s11 gp  the user's throughout a system call: C code keeps them, and they are stored only if
 *              another thread is resumed
 *   t0-t5      the user's throughout a system call: the kernel is compiled not to know them
 *   ra t6      carry nothing into a system call, and are zero after it
 *   a0-a6      arguments, in C code's registers too; a7: the number, then the thread
 *   sepc       the user's until another thread is resumed
 *
 * sstatus: a trap leaves SPP and SPIE as sret wants them; FS changes with the thread (thread.c).
 */
#include "offsets.h"
#include "riscv/csr.h"

#define REGISTER(n) (THREAD_REGISTERS_OFFSET + 8 * (n))

    .macro  move operation, base, numbers:vararg
    .irp    n, \numbers
    \operation x\n, REGISTER(\n)(\base)
    .endr
    .endm

    .macro  zero numbers:vararg
    .irp    n, \numbers
    li      x\n, 0
    .endr
    .endm

#define CALLEE_SAVED 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 /* gp, s0 to s11: last */
#define MESSAGE 10, 11, 12, 13, 14, 15, 16, 17                       /* a0 to a7 */
#define TEMPORARY 5, 6, 7, 28, 29, 30                                /* t0 to t5 */

    /* From the thread in tp to the kernel: the big lock (core/lock.h), the thread's hart and its
     * stack. The thread is in a7 then. Changes ra. */
    .macro  enter
    mv      a7, tp
    lui     ra, %hi(kernel_lock)
    li      sp, 1
    amoswap.w.aq sp, sp, (ra)
    beqz    sp, 1f
    jal     ra, wait_for_lock
1:  ld      tp, THREAD_HART(a7)
    ld      ra, HART_ENTRIES(tp)
    addi    ra, ra, 1
    sd      ra, HART_ENTRIES(tp)
    ld      sp, HART_STACK_TOP(tp)
    .endm

    /* Give the lock up. */
    .macro  leave changed
    ld      \changed, HART_LOCK_IS_HELD(tp)
    amoswap.w.rl zero, zero, (\changed)
    .endm

    /* To where the thread in \thread is. */
    .macro  aim thread, changed
    ld      \changed, REGISTER(0)(\thread)
    csrw    sepc, \changed
    csrw    sscratch, \thread
    .endm

    .section .text.hot.entry, "ax"
    .global trap_entry
    .balign 64
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    sd      sp, REGISTER(2)(tp)
    csrr    sp, scause
    addi    sp, sp, -CAUSE_ECALL_USER
    bnez    sp, other
    csrrw   sp, sscratch, zero
    sd      sp, REGISTER(4)(tp)
    addi    ra, a7, -NUMBER_REPLY_RECEIVE
    beqz    ra, short_reply_receive
    addi    ra, a7, -NUMBER_CALL
    beqz    ra, short_call
    li      ra, NUMBER_UNKNOWN
    bgeu    a7, ra, unknown
known:
    slli    t6, a7, 3
    lui     ra, %hi(system_calls)
    add     ra, ra, t6
    ld      t6, %lo(system_calls)(ra)
    enter
    sd      a7, 0(sp)
    jalr    t6
    bltz    a0, restart_or_done
    lhu     t6, HART_MUST(tp)
    bnez    t6, settle

    /* The caller goes on: error in a0, one result in registers[]. */
    ld      a4, HART_CURRENT(tp)
    sd      zero, THREAD_PROGRESS(a4)
    leave   a2
    csrr    a2, sepc
    addi    a2, a2, 4
    csrw    sepc, a2
    csrw    sscratch, a4
    move    ld, a4, 2, 4, 11
    zero    1, 12, 13, 14, 15, 16, 17, 31
    sret

unknown:
    mv      a7, ra
    j       known

    /* Somebody else may run: the caller's registers to memory, as they would be now. DONE: all that
     * may carry a result is there. RESTART: the arguments are, and pc stays. */
settle:
    ld      t6, 0(sp)
    sd      zero, THREAD_PROGRESS(t6)
    move    sd, t6, 10, TEMPORARY
    .irp    n, 12, 13, 14, 15, 16, 17
    sd      zero, REGISTER(\n)(t6)
    .endr
    j       done
restart_or_done:
    ld      t6, 0(sp)
    addi    a0, a0, 1
    bnez    a0, done
    move    sd, t6, TEMPORARY
    call    core_lock_let_others
    ld      t6, 0(sp)
    csrr    a1, sepc
    j       2f
done:
    csrr    a1, sepc
    addi    a1, a1, 4
2:  sd      a1, REGISTER(0)(t6)
    move    sd, t6, CALLEE_SAVED
    sd      zero, REGISTER(1)(t6)
    sd      zero, REGISTER(31)(t6)
    mv      a0, tp
    call    schedule_settle
switched:
    beqz    a0, idle
resume:
    leave   ra
    aim     a0, ra
    move    ld, a0, 1, 2, 4, 31, CALLEE_SAVED, TEMPORARY, 11, 12, 13, 14, 15, 16, 17, 10
    sret

    /* Messages: most likely another thread runs next. */
    .macro  message function
    csrr    ra, sepc
    addi    ra, ra, 4
    sd      ra, REGISTER(0)(tp)
    move    sd, tp, CALLEE_SAVED
    enter
    j       \function
    .endm

    /* For arch_message_to_general: all arguments are in their registers. */
    .macro  general function
    .global general_\function
general_\function:
    call    \function
    j       switched
    .endm

    /* For arch_switch: a0 is the caller. */
    .macro  switching function
    .global switch_\function
switch_\function:
    csrr    ra, sepc
    addi    ra, ra, 4
    sd      ra, REGISTER(0)(a0)
    move    sd, a0, CALLEE_SAVED
    call    \function
    j       switched
    .endm

    switching core_run_woken
    switching core_run_next

    general core_call_generally
    general core_reply_receive_generally
    general core_reply_receive_fault

short_call:
    message core_call
short_reply_receive:
    message core_reply_receive

    /* s11 = thread; its message in a1 to a7, and in t0 to t3 if long. */
    .global trap_resume_message, trap_resume_long
trap_resume_message:
    zero    5, 6, 7, 28
trap_resume_long:
    leave   ra
    aim     s11, ra
    zero    1, 10, 29, 30, 31
    move    ld, s11, 2, 4, CALLEE_SAVED
    sret

    /* For CALL_KEEPING: link in t6; from C code's registers, only s0 to s11 are kept by the
     * function. */
    .macro  keeping function
    .global keeping_\function
keeping_\function:
    addi    sp, sp, -REGISTER(33)
    move    sd, sp, 1, 31, MESSAGE
    call    \function
    move    ld, sp, 1, 31, MESSAGE
    addi    sp, sp, REGISTER(33)
    jr      t6
    .endm

    keeping asid_load
    keeping float_switch

    /* For `enter`: the hart's stack is still empty. Changes sp, tp. */
wait_for_lock:
    ld      tp, THREAD_HART(a7)
    ld      sp, HART_STACK_TOP(tp)
    addi    sp, sp, -REGISTER(33)
    move    sd, sp, 1, 31, MESSAGE
    call    core_lock_wait
    move    ld, sp, 1, 31, MESSAGE
    ret

    /* A fault or an interrupt: all registers are the user's to keep. */
other:
    csrrw   sp, sscratch, zero
    sd      sp, REGISTER(4)(tp)
    csrr    sp, sepc
    sd      sp, REGISTER(0)(tp)
    move    sd, tp, 1, 31, MESSAGE, TEMPORARY, CALLEE_SAVED
    enter
    mv      a0, tp
    csrr    a1, scause
    csrr    a2, stval
    call    trap_other
    bnez    a0, resume

idle:
    mv      a0, tp
    call    trap_idle
    j       resume

    .global trap_resume
trap_resume:
    mv      tp, a0
    ld      sp, HART_STACK_TOP(tp)
    j       idle

    /* Our own bug. The stack may be what is wrong: all goes to a frame of its own, which the first
     * trap gets. Another one, of any hart, is only told of. */
from_kernel:
    lla     tp, trapped_ever
    amoswap.d.aq tp, sp, (tp)       /* sp: not 0 */
    bnez    tp, from_kernel_again
    lla     tp, trap_panic_frame
    addi    tp, tp, -THREAD_REGISTERS_OFFSET /* so that REGISTER() fits */
    move    sd, tp, 1, 2, 31, MESSAGE, TEMPORARY, CALLEE_SAVED
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
from_kernel_again:
    csrrw   tp, sscratch, zero
    ld      sp, HART_STACK_TOP(tp)
    call    trap_from_kernel_again

    .bss
    .balign 16
trapped_ever:
    .dword  0
    .dword  0
panic_stack:
    .space  2048
panic_stack_top:
