/* Names that picolibc's <signal.h> lacks. The flags are accepted and mean nothing: a handler runs
 * only for raise and abort, in the caller. */
#include_next <sys/signal.h>

#ifndef SA_RESTART
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_RESETHAND 0x80000000
#endif
