/* Threads in registers that no compiler touches, for leaks.c and floating.c. The secret of register
 * n is 0x5ec2e70000000000 + n.
 *   secret_spin   all registers secret, for ever
 *   secret_fault  the same, faulting at address 0
 *   secret_call   a0 = struct worker: calls the endpoint in argument[0] (at 280), the rest secret
 */
    .section .text
    .option norelax
    .option arch, +f, +d

    .macro fill_secrets
    li x1, 0x5ec2e70000000000
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    addi x\n, x1, \n
    .endr
    .irp n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    addi x\n, x1, \n
    .endr
    .endm

    .globl secret_spin
secret_spin:
    fill_secrets
    addi x31, x1, 31
1:  j 1b

    .globl secret_fault
secret_fault:
    fill_secrets
    addi x31, x1, 31
1:  ld zero, 0(x0)
    j 1b

    .globl secret_call
secret_call:
    ld t6, 280(a0)
    fill_secrets
    mv a0, t6
    addi x31, x1, 31
    li a7, 1                /* SYS_CALL */
    li a1, 1
    li a6, 0
    ecall
1:  li a7, 6                /* SYS_YIELD */
    ecall
    j 1b

    /* float_hold(seed, done, rounds_out): f registers and fcsr hold what was put there. */
    .globl float_fill
float_fill:                 /* a0 = seed; f_n = seed + n as a double, fcsr = seed & 0x1f | 1 << 5 */
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    addi t0, a0, \n
    fcvt.d.l f\n, t0
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    addi t0, a0, \n
    fcvt.d.l f\n, t0
    .endr
    andi t0, a0, 0x1f
    ori t0, t0, 1 << 5
    fscsr t0
    ret

    .globl float_check      /* a0 = seed; returns the number of registers that differ */
float_check:
    li t2, 0
    frcsr t1
    andi t0, a0, 0x1f
    ori t0, t0, 1 << 5
    beq t0, t1, 1f
    addi t2, t2, 1
1:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    addi t0, a0, \n
    fmv.x.d t1, f\n
    fcvt.d.l f\n, t0
    fmv.x.d t0, f\n
    beq t0, t1, 2f
    addi t2, t2, 1
2:
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    addi t0, a0, \n
    fmv.x.d t1, f\n
    fcvt.d.l f\n, t0
    fmv.x.d t0, f\n
    beq t0, t1, 2f
    addi t2, t2, 1
2:
    .endr
    mv a0, t2
    ret

    .globl float_read       /* a0 = uint64_t[33]: f0..f31, fcsr as they are */
float_read:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    fsd f\n, (8 * \n)(a0)
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fsd f\n, (8 * \n)(a0)
    .endr
    frcsr t0
    sd t0, 256(a0)
    ret
    .section .note.GNU-stack, "", @progbits
