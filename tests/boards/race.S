/* Firmware that starts harts at the wrong place: it lets eight of them begin at the kernel's first
 * instruction at once, as OpenSBI before 1.3 may do with one. Loaded in the kernel's place, the
 * kernel 2 MiB above it.
 *
 *   s0 this hart   s1 device tree   s2 the kernel   s3 the hart to start */
    .global _start
_start:
    mv      s0, a0
    mv      s1, a1
    lla     s2, _start
    li      t0, 0x200000
    add     s2, s2, t0
    li      s3, 0
1:  beq     s3, s0, 2f
    mv      a0, s3
    mv      a1, s2
    mv      a2, s1
    li      a6, 0
    li      a7, 0x48534d            /* hart_start(a0, at a1, which finds a2 in its a1) */
    ecall
2:  addi    s3, s3, 1
    li      t0, 8
    bltu    s3, t0, 1b
    li      t0, 0x100000
3:  addi    t0, t0, -1              /* another boots, and this one is late */
    bnez    t0, 3b
    mv      a0, s0
    mv      a1, s1
    jr      s2
