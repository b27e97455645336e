/* The first instructions of a kernel test, of its threads, and the one way into the kernel.
 *
 * system_call(struct registers *r): loads every register from r (but sp, which points at r),
 * executes ecall, stores every register back into r. So each call of each test can be checked for
 * registers that the kernel should not have changed.
 *   a0 -> sp  the register file r, during the call
 * Callee-saved registers are kept in r's tail.
 */
#define R(n) (8 * (n))
#define KEEP(n) (8 * 32 + 8 * (n))

    .section .text
    .option norelax
    .globl _start
_start:
    call test_main
1:  j 1b

    .globl system_call
system_call:
    sd ra, KEEP(0)(a0)
    sd sp, KEEP(1)(a0)
    sd gp, KEEP(2)(a0)
    sd tp, KEEP(3)(a0)
    sd s0, KEEP(4)(a0)
    sd s1, KEEP(5)(a0)
    sd s2, KEEP(6)(a0)
    sd s3, KEEP(7)(a0)
    sd s4, KEEP(8)(a0)
    sd s5, KEEP(9)(a0)
    sd s6, KEEP(10)(a0)
    sd s7, KEEP(11)(a0)
    sd s8, KEEP(12)(a0)
    sd s9, KEEP(13)(a0)
    sd s10, KEEP(14)(a0)
    sd s11, KEEP(15)(a0)
    mv sp, a0
    ld ra, R(1)(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    ld x\n, R(\n)(sp)
    .endr
    .irp n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, R(\n)(sp)
    .endr
    ecall
    sd ra, R(1)(sp)
    sd sp, R(2)(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    sd x\n, R(\n)(sp)
    .endr
    .irp n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, R(\n)(sp)
    .endr
    mv a0, sp
    ld ra, KEEP(0)(a0)
    ld sp, KEEP(1)(a0)
    ld gp, KEEP(2)(a0)
    ld tp, KEEP(3)(a0)
    ld s0, KEEP(4)(a0)
    ld s1, KEEP(5)(a0)
    ld s2, KEEP(6)(a0)
    ld s3, KEEP(7)(a0)
    ld s4, KEEP(8)(a0)
    ld s5, KEEP(9)(a0)
    ld s6, KEEP(10)(a0)
    ld s7, KEEP(11)(a0)
    ld s8, KEEP(12)(a0)
    ld s9, KEEP(13)(a0)
    ld s10, KEEP(14)(a0)
    ld s11, KEEP(15)(a0)
    ret

    /* A thread of a test: a0 = its struct worker. Stores what it found in its registers first. */
    .globl worker_start
worker_start:
    mv s0, a0
    addi t0, a0, 0
    .irp n, 1, 2, 3, 4, 6, 7, 9
    sd x\n, R(\n)(t0)
    .endr
    .irp n, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, R(\n)(t0)
    .endr
    mv a0, s0
    call worker_main
1:  j 1b
    .section .note.GNU-stack, "", @progbits
