/* Included first in every source of the kernel that is built to be watched: after each sfence.vma
 * and each write of satp the assembler inserts a call that tells the shadow what they were given.
 * Nothing of the sources changes, nor any register. See shadow.c. */
#ifdef __ASSEMBLER__
.include "tests/shadow/hooks.inc"
#else
__asm__(".include \"tests/shadow/hooks.inc\"");
#endif
