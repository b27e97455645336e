/* The first instructions of a program. proc has set
 *
 *   a0, sp   address of the argument block (<libsys/arguments.h>), at the top of the stack
 *   tp       0; from here on the start of the thread's local storage, below the block
 *   gp       unused: programs are linked without relaxation by gp
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    lla     t0, __tls_size
    sub     tp, sp, t0
    lla     t0, __tls_align
    li      t1, 16
    bgeu    t0, t1, 1f
    mv      t0, t1
1:  neg     t0, t0
    and     tp, tp, t0
    mv      sp, tp
    li      s0, 0               /* backtraces end here */
    li      ra, 0
    call    posix_start         /* (block): does not return */
    ebreak
    .size _start, . - _start
