/* From the hooks and the wrapped entry points of the kernel to shadow.c. No register changes but
 * those of the kernel's that its callers give up: C code here is compiled, as the kernel is, not to
 * know t0 to t5. */

    .macro  save
    addi    sp, sp, -96
    .irp    n, 10, 11, 12, 13, 14, 15, 16, 17
    sd      x\n, 8*(\n-9)(sp)
    .endr
    sd      ra, 0(sp)
    sd      t6, 72(sp)
    .endm

    .macro  restore
    .irp    n, 10, 11, 12, 13, 14, 15, 16, 17
    ld      x\n, 8*(\n-9)(sp)
    .endr
    ld      ra, 0(sp)
    ld      t6, 72(sp)
    addi    sp, sp, 96
    .endm

    .text
    /* On the stack, above what is saved: ra, the operands, which. */
    .macro  told function
    .global shadow_at_\function
shadow_at_\function:
    save
    ld      a0, 96+8(sp)
    ld      a1, 96+16(sp)
    ld      a2, 96+24(sp)
    call    shadow_\function
    restore
    ret
    .endm

    told    fence
    told    load

    /* The kernel is entered: hook first, then what would have been called. */
    .macro  entered function, hook
    .global __wrap_\function
__wrap_\function:
    save
    call    \hook
    restore
    j       __real_\function /* t1 is the user's, so no tail */
    .endm

    entered core_call, shadow_message
    entered core_reply_receive, shadow_message
    entered trap_other, shadow_entry
    .irp    call, create, free, mark, link, map, map_run, map_device, map_chunk, lazy, thaw, protect, drop, copy
    entered sys_table_\call, shadow_entry
    .endr
    entered schedule_settle, shadow_settle
