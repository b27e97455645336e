/* The end of the system; contract in panic.h. */
#include "panic.h"

#include <byre/gen/names.h>
#include <libsys/print.h>

#include "power.h"

void init_panic(const char *what, err_t error)
{
    print("init: system panic: %s (%s)\n", what, err_name(error));
    (void)power_off(PANIC_STATUS);
    for (;;) {
        __builtin_trap();
    }
}

void init_check(const char *what, err_t error)
{
    if (error != ERR_OK) {
        init_panic(what, error);
    }
}
