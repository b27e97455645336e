/* The machine's part of a panic: registers, the cause in words, who called whom. */
#pragma once

#include <stdint.h>

/* The panic is about trap_panic_frame; a trap during a panic stops the machine at once. */
void panic_note_trap(void);
/* scause in words. */
const char *panic_cause_text(uint64_t cause);
/* If another hart panics, this one has come to rest. */
void panic_join(void);
/* Power off, if tests asked for that, or wait for ever. */
_Noreturn void panic_stop(void);
