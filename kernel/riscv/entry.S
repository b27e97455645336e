/* Trap entry and exit.
 *
 *   sscratch   the current thread while user mode runs; 0 while the kernel runs, which is how a trap
 *              from S-mode (our bug) is told
 *   tp         the user's; for a moment the thread; then the hart, throughout the kernel
 *   sp         the user's; then the hart's stack, which holds nothing across entries
 *   s0-s11 gp  the user's throughout a system call: C code keeps them, and they are stored only if
 *              another thread is resumed
 *   ra t6      carry nothing into a system call: not stored by one, zero after it
 *
 * sstatus is written in fp.c alone, when the thread changes: a trap leaves SPP and SPIE as sret wants
 * them.
 */
#include "offsets.h"
#include "riscv/csr.h"

#define REGISTER(n) (THREAD_REGISTERS_OFFSET + 8 * (n))
#define FRAME_BYTES 16 /* on the hart's stack: the thread that entered */

    .macro  move operation, base, numbers:vararg
    .irp    n, \numbers
    \operation x\n, REGISTER(\n)(\base)
    .endr
    .endm

#define CALLEE_SAVED 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 /* gp, s0 to s11 */
#define ARGUMENTS 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30   /* a0 to a7, t1 to t5 */

    .section .text.hot.entry, "ax"
    .global trap_entry
    .balign 64
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    move    sd, tp, 5, 2, ARGUMENTS
    csrr    a1, scause
    csrr    t0, sscratch
    sd      t0, REGISTER(4)(tp)
    csrw    sscratch, zero
    csrr    t0, sepc
    addi    a2, a1, -CAUSE_ECALL_USER
    bnez    a2, other
    addi    t0, t0, 4
    sd      t0, REGISTER(0)(tp)
    mv      t1, tp
    ld      a0, THREAD_HART(tp)
    mv      tp, a0
    ld      sp, HART_STACK_TOP(tp)
    addi    sp, sp, -FRAME_BYTES
    sd      t1, 0(sp)
    call    trap_system_call
    ld      t1, 0(sp)
    ld      t0, HART_CURRENT(tp)
    bne     t0, t1, another

    /* The caller goes on: s0-s11 and gp are still his. */
resume_caller:
    ld      t1, REGISTER(0)(t0)
    csrw    sepc, t1
    csrw    sscratch, t0
    mv      tp, t0
    li      ra, 0
    li      t6, 0
load_rest:
    move    ld, tp, 2, 5, ARGUMENTS, 4
    sret

another:
    sd      zero, REGISTER(1)(t1)
    sd      zero, REGISTER(31)(t1)
    move    sd, t1, CALLEE_SAVED
resume_whole:
    ld      t1, REGISTER(0)(t0)
    csrw    sepc, t1
    csrw    sscratch, t0
    mv      tp, t0
    move    ld, tp, 1, 31, CALLEE_SAVED
    j       load_rest

    /* A fault or an interrupt: all registers are the user's to keep. */
other:
    sd      t0, REGISTER(0)(tp)
    move    sd, tp, 1, 31, CALLEE_SAVED
    csrr    a2, stval
    ld      a0, THREAD_HART(tp)
    mv      tp, a0
    ld      sp, HART_STACK_TOP(tp)
    call    trap_other
    ld      t0, HART_CURRENT(tp)
    j       resume_whole

    .global trap_resume
trap_resume:
    mv      tp, a0
    ld      sp, HART_STACK_TOP(tp)
    ld      t0, HART_CURRENT(tp)
    j       resume_whole

    /* Our own bug. The stack may be what is wrong: all goes to a frame of its own. */
from_kernel:
    lla     tp, trap_panic_frame
    addi    tp, tp, -THREAD_REGISTERS_OFFSET /* so that REGISTER() fits */
    move    sd, tp, 1, 2, 5, 31, ARGUMENTS, CALLEE_SAVED
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
