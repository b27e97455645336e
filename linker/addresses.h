/* Where things are linked and where the kernel maps them: the one list, for linker scripts,
 * assembly and C alike, so it holds nothing but numbers. */
#ifndef LINKER_ADDRESSES_H
#define LINKER_ADDRESSES_H

/* The kernel's half of every address space. */
#define KERNEL_WINDOW  0xffffffc000000000 /* + physical address: OBJECT, TABLE and KERNEL chunks */
#define KERNEL_DEVICES 0xffffffff00000000 /* the interrupt controller, the kernel's only device */
#define KERNEL_IMAGE   0xffffffff80200000 /* text, rodata, data, bss */

/* User mode. Programs also know PROGRAM_BASE of <byre/program.h>, which is PROGRAM_IMAGE. */
#define PROGRAM_IMAGE 0x200000
#define SERVER_IMAGE  0x10000000

/* All USER and TABLE chunks appear in the pager at this address + physical address. */
#define PAGER_WINDOW 0x2000000000

#endif
