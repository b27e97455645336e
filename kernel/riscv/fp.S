/* Floating point registers to and from memory: a0 points at 33 words, f0 to f31 and fcsr. */
    .option arch, +f, +d

    .altmacro
    .macro  each operation, n
    \operation f\n, 8*\n(a0)
    .endm

    .macro  all operation
    .set    i, 0
    .rept   32
    each    \operation, %i
    .set    i, i + 1
    .endr
    .endm

    .text
    .global fp_save
fp_save:
    all     fsd
    frcsr   t6
    sd      t6, 8*32(a0)
    ret

    .global fp_load
fp_load:
    all     fld
    ld      t6, 8*32(a0)
    fscsr   t6
    ret
