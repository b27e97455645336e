/* Trap entry and exit.
 *
 *   sscratch   the current thread while user mode runs; 0 while the kernel runs, which is how a trap
 *              from S-mode (our bug) is told
 *   tp         the user's; for a moment the thread; then the hart, throughout the kernel
 *   sp         the user's; then the hart's stack, which holds nothing across entries
 *   s0-s11 gp  the user's throughout a system call: C code keeps them, and they are stored only if
 *              another thread is resumed
 *   ra t6      caller-saved: a system call may lose them, so they are not stored by one; the user
 *              finds the values of his own last full trap
 *
 * sstatus is written in fp.c alone, when the thread changes: a trap leaves SPP and SPIE as sret wants
 * them.
 */
#include "offsets.h"
#include "riscv/csr.h"

#define REGISTER(n) (THREAD_REGISTERS_OFFSET + 8 * (n))
#define FRAME_BYTES 16 /* on the hart's stack: the thread that entered */

    .macro store_callee_saved base
    sd      gp, REGISTER(3)(\base)
    sd      s0, REGISTER(8)(\base)
    sd      s1, REGISTER(9)(\base)
    sd      s2, REGISTER(18)(\base)
    sd      s3, REGISTER(19)(\base)
    sd      s4, REGISTER(20)(\base)
    sd      s5, REGISTER(21)(\base)
    sd      s6, REGISTER(22)(\base)
    sd      s7, REGISTER(23)(\base)
    sd      s8, REGISTER(24)(\base)
    sd      s9, REGISTER(25)(\base)
    sd      s10, REGISTER(26)(\base)
    sd      s11, REGISTER(27)(\base)
    .endm

    .macro load_callee_saved base
    ld      gp, REGISTER(3)(\base)
    ld      s0, REGISTER(8)(\base)
    ld      s1, REGISTER(9)(\base)
    ld      s2, REGISTER(18)(\base)
    ld      s3, REGISTER(19)(\base)
    ld      s4, REGISTER(20)(\base)
    ld      s5, REGISTER(21)(\base)
    ld      s6, REGISTER(22)(\base)
    ld      s7, REGISTER(23)(\base)
    ld      s8, REGISTER(24)(\base)
    ld      s9, REGISTER(25)(\base)
    ld      s10, REGISTER(26)(\base)
    ld      s11, REGISTER(27)(\base)
    .endm

    /* What a system call stores besides t0: arguments, sp. */
    .macro store_arguments base
    sd      sp, REGISTER(2)(\base)
    sd      t1, REGISTER(6)(\base)
    sd      t2, REGISTER(7)(\base)
    sd      a0, REGISTER(10)(\base)
    sd      a1, REGISTER(11)(\base)
    sd      a2, REGISTER(12)(\base)
    sd      a3, REGISTER(13)(\base)
    sd      a4, REGISTER(14)(\base)
    sd      a5, REGISTER(15)(\base)
    sd      a6, REGISTER(16)(\base)
    sd      a7, REGISTER(17)(\base)
    sd      t3, REGISTER(28)(\base)
    sd      t4, REGISTER(29)(\base)
    sd      t5, REGISTER(30)(\base)
    .endm

    .section .text.hot.entry, "ax"
    .global trap_entry
    .balign 64
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    sd      t0, REGISTER(5)(tp)
    store_arguments tp
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
load_rest:
    ld      ra, REGISTER(1)(tp)
    ld      sp, REGISTER(2)(tp)
    ld      t0, REGISTER(5)(tp)
    ld      t1, REGISTER(6)(tp)
    ld      t2, REGISTER(7)(tp)
    ld      a0, REGISTER(10)(tp)
    ld      a1, REGISTER(11)(tp)
    ld      a2, REGISTER(12)(tp)
    ld      a3, REGISTER(13)(tp)
    ld      a4, REGISTER(14)(tp)
    ld      a5, REGISTER(15)(tp)
    ld      a6, REGISTER(16)(tp)
    ld      a7, REGISTER(17)(tp)
    ld      t3, REGISTER(28)(tp)
    ld      t4, REGISTER(29)(tp)
    ld      t5, REGISTER(30)(tp)
    ld      t6, REGISTER(31)(tp)
    ld      tp, REGISTER(4)(tp)
    sret

another:
    store_callee_saved t1
resume_whole:
    ld      t1, REGISTER(0)(t0)
    csrw    sepc, t1
    csrw    sscratch, t0
    mv      tp, t0
    load_callee_saved tp
    j       load_rest

    /* A fault or an interrupt: all registers are the user's to keep. */
other:
    sd      t0, REGISTER(0)(tp)
    sd      ra, REGISTER(1)(tp)
    sd      t6, REGISTER(31)(tp)
    store_callee_saved tp
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
    sd      ra, 8*1(tp)
    sd      sp, 8*2(tp)
    sd      gp, 8*3(tp)
    sd      t0, 8*5(tp)
    sd      t1, 8*6(tp)
    sd      t2, 8*7(tp)
    sd      s0, 8*8(tp)
    sd      s1, 8*9(tp)
    sd      a0, 8*10(tp)
    sd      a1, 8*11(tp)
    sd      a2, 8*12(tp)
    sd      a3, 8*13(tp)
    sd      a4, 8*14(tp)
    sd      a5, 8*15(tp)
    sd      a6, 8*16(tp)
    sd      a7, 8*17(tp)
    sd      s2, 8*18(tp)
    sd      s3, 8*19(tp)
    sd      s4, 8*20(tp)
    sd      s5, 8*21(tp)
    sd      s6, 8*22(tp)
    sd      s7, 8*23(tp)
    sd      s8, 8*24(tp)
    sd      s9, 8*25(tp)
    sd      s10, 8*26(tp)
    sd      s11, 8*27(tp)
    sd      t3, 8*28(tp)
    sd      t4, 8*29(tp)
    sd      t5, 8*30(tp)
    sd      t6, 8*31(tp)
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
