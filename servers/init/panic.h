/* The end of the system, in words: what init could not do, then power off. */
#ifndef INIT_PANIC_H
#define INIT_PANIC_H

#include <libsys/ipc.h>

enum { PANIC_STATUS = 70 }; /* EX_SOFTWARE: the exit status a script sees */

__attribute__((noreturn)) void init_panic(const char *what, err_t error);
void init_check(const char *what, err_t error); /* panics unless ERR_OK */

#endif
