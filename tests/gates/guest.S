/* A guest without an operating system, to test tools/run.py: prints MESSAGE on the UART, then ends
 * QEMU with STATUS, or hangs when STATUS is not defined.
 *   t0 message   t1 device   t2 what is written */
    .section .text.head
    .global _start
_start:
    la      t0, message
    li      t1, 0x10000000 /* virt's UART: transmit register */
next:
    lbu     t2, (t0)
    beqz    t2, end
    sb      t2, (t1)
    addi    t0, t0, 1
    j       next
end:
#ifdef STATUS
    li      t1, 0x100000 /* sifive,test1 */
    li      t2, (STATUS << 16) | 0x3333
    sw      t2, (t1)
#endif
hang:
    j       hang
message:
    .asciz  MESSAGE
