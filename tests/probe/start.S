/* The probe's first instruction, and how it survives what it tries.
 *
 *   a0 hart   a1 device tree   (as firmware and U-Boot pass them)
 *
 * The header is what booti and QEMU read: Linux's boot-image-header.rst. Code runs where it was
 * loaded, in S-mode, with paging off. */
    .section .text.head, "ax"
    .option push
    .option norvc
    .global _start
_start:
    j       first
    nop
    .dword  0x200000                /* text_offset */
    .dword  image_size
    .dword  0
    .word   2                       /* header version 0.2 */
    .word   0
    .dword  0
    .dword  0x5643534952            /* "RISCV" */
    .word   0x05435352              /* "RSC\5" */
    .word   0
    .option pop

first:
    csrw    sie, zero
    csrw    satp, zero
    lla     t0, ticket              /* a hart that firmware lets in by mistake sleeps */
    li      t1, 1
    amoswap.w.aq t1, t1, (t0)
    bnez    t1, sleep
    lla     sp, stack_top
    lla     t0, trapped
    csrw    stvec, t0
    lla     t0, bss_start
    lla     t1, bss_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b
    lla     a2, _start
    call    probe_main
sleep:
    wfi
    j       sleep

/* uint64_t probe_run(uint64_t (*attempt)(uint64_t), uint64_t argument, uint64_t *result_out)
 * 0, or 1 + scause if the attempt trapped: then nothing of it is left but what it stored. */
    .global probe_run
probe_run:
    addi    sp, sp, -112
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
    sd      a2, 104(sp)
    lla     t0, resume
    sd      sp, 0(t0)
    mv      t1, a0
    mv      a0, a1
    jalr    t1
    ld      a2, 104(sp)
    sd      a0, 0(a2)
    li      a0, 0
back:
    lla     t0, resume
    sd      zero, 0(t0)
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
    addi    sp, sp, 112
    ret

    .balign 4
trapped:
    lla     t0, resume
    ld      t1, 0(t0)
    beqz    t1, 1f
    mv      sp, t1
    csrr    a0, scause
    addi    a0, a0, 1
    j       back
1:  lla     sp, stack_top
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    probe_failed

    .data
    .balign 8
ticket:
    .dword  0
resume:
    .dword  0                       /* stack of the probe_run that is under way */

    .section .bss.stack, "aw", @nobits
    .balign 16
    .space  16384
stack_top:
