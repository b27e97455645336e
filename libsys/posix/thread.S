/* The edges of a thread's life.
 *
 *   posix_thread_entry    a0 = its record; sp, tp set by the creator
 *   posix_thread_leave    a0 = address of `gone`, a1 = park to signal or 0, a2 = proc's number of
 *                         the thread, a3 = SYS_SIGNAL, a4 = SYS_CALL, a5 = proc's capability,
 *                         a6 = label of thread_exit. After the store memory that the thread knew
 *                         may vanish: registers only, and those that a system call preserves
 *   posix_fork_registers  a0 = where to put the pid, a1 = proc's capability, a2 = label of fork,
 *                         a3 = SYS_CALL; returns the error. Saves on the stack what a call
 *                         preserves, because the child begins with sp and tp alone
 */
    .text
    .globl posix_thread_entry
    .type posix_thread_entry, @function
posix_thread_entry:
    li      s0, 0               /* backtraces end here */
    li      ra, 0
    call    posix_thread_main
    ebreak
    .size posix_thread_entry, . - posix_thread_entry

    .globl posix_thread_leave
    .type posix_thread_leave, @function
posix_thread_leave:
    mv      s2, a2
    mv      s4, a4
    mv      s5, a5
    mv      s6, a6
    li      t0, 1
    fence   rw, w
    sw      t0, 0(a0)           /* N1 */
    beqz    a1, 1f
    mv      a0, a1
    mv      a7, a3
    ecall
1:  mv      a0, s5
    mv      a1, s6
    mv      a2, s2
    li      a3, 0
    li      a4, 0
    li      a5, 0
    li      a6, 0
    mv      a7, s4
    ecall
    ebreak
    .size posix_thread_leave, . - posix_thread_leave

    .globl posix_fork_registers
    .type posix_fork_registers, @function
posix_fork_registers:
    addi    sp, sp, -224
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    sd      s3, 32(sp)
    sd      s4, 40(sp)
    sd      s5, 48(sp)
    sd      s6, 56(sp)
    sd      s7, 64(sp)
    sd      s8, 72(sp)
    sd      s9, 80(sp)
    sd      s10, 88(sp)
    sd      s11, 96(sp)
    fsd     fs0, 104(sp)
    fsd     fs1, 112(sp)
    fsd     fs2, 120(sp)
    fsd     fs3, 128(sp)
    fsd     fs4, 136(sp)
    fsd     fs5, 144(sp)
    fsd     fs6, 152(sp)
    fsd     fs7, 160(sp)
    fsd     fs8, 168(sp)
    fsd     fs9, 176(sp)
    fsd     fs10, 184(sp)
    fsd     fs11, 192(sp)
    frcsr   t0
    sd      t0, 200(sp)
    sd      a0, 208(sp)
    mv      a7, a3
    mv      a0, a1
    mv      a1, a2
    lla     a2, fork_child
    mv      a3, sp
    mv      a4, tp
    li      a5, 0
    li      a6, 0
    ecall
    bnez    a0, 1f              /* the kernel's error, or ... */
    mv      a0, a1              /* ... proc's */
1:  ld      t0, 208(sp)
    sd      a2, 0(t0)
    ld      ra, 0(sp)
    addi    sp, sp, 224
    ret

fork_child:
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    ld      s3, 32(sp)
    ld      s4, 40(sp)
    ld      s5, 48(sp)
    ld      s6, 56(sp)
    ld      s7, 64(sp)
    ld      s8, 72(sp)
    ld      s9, 80(sp)
    ld      s10, 88(sp)
    ld      s11, 96(sp)
    ld      t0, 104(sp)
    .irp    offset, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192, 200
    ld      t1, \offset(sp)
    or      t0, t0, t1
    .endr
    beqz    t0, 2f              /* as they are in a child: untouched they stay clean, and nobody saves them */
    fld     fs0, 104(sp)
    fld     fs1, 112(sp)
    fld     fs2, 120(sp)
    fld     fs3, 128(sp)
    fld     fs4, 136(sp)
    fld     fs5, 144(sp)
    fld     fs6, 152(sp)
    fld     fs7, 160(sp)
    fld     fs8, 168(sp)
    fld     fs9, 176(sp)
    fld     fs10, 184(sp)
    fld     fs11, 192(sp)
    ld      t0, 200(sp)
    fscsr   t0
2:  ld      t0, 208(sp)
    sd      zero, 0(t0)
    li      a0, 0
    addi    sp, sp, 224
    ret
    .size posix_fork_registers, . - posix_fork_registers
