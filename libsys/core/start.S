/* The first instructions of a server. Its loader has mapped and zeroed everything and set sp.
 *
 *   a0, a1   what the loader says (meaning: <byre/server.h>), passed on to server_main
 *   sp       top of the server's stack, 16-byte aligned
 *   gp, tp   unused: servers have neither relaxation by gp nor thread-local storage
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    li      s0, 0               /* backtraces end here */
    li      ra, 0
    call    server_main
    ebreak                      /* a server does not return: its fault goes to whom it concerns */
1:  j       1b
    .size _start, . - _start
