/* sigsetjmp and siglongjmp, which picolibc lacks: signal masks have no effect, so they are the
 * plain ones. */
#include_next <setjmp.h>

#ifndef sigsetjmp
#define sigjmp_buf                        jmp_buf
#define sigsetjmp(environment, save_mask) setjmp(environment)
#define siglongjmp(environment, value)    longjmp(environment, value)
#endif
