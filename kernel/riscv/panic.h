/* The machine's part of a panic: registers, the cause in words, who called whom. */
#pragma once

#include <stdint.h>

/* scause in words. */
const char *panic_cause_text(uint64_t cause);
/* If another hart panics, this one has come to rest. */
void panic_join(void);
/* Power off, if tests asked for that, or wait for ever. */
_Noreturn void panic_stop(void);
