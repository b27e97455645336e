/* The boot arguments that concern servers. Words are separated by spaces; within '...' a space is
 * itself and '' is one '. The kernel reads its own, which are known here by name and form; a word
 * that neither of them takes is handed to `stranger`. */
#ifndef INIT_ARGUMENTS_H
#define INIT_ARGUMENTS_H

#include <stdbool.h>

#include <byre/boot_info.h>

enum { FAREWELL_BYTES = 33 };

struct arguments {
    bool testhooks;
    bool overcommit;
    bool quiet;
    bool has_run;
    char run[BOOT_ARGS_BYTES];     /* the line, if has_run; at least a space */
    char farewell[FAREWELL_BYTES]; /* a word to say at the end; "": none (power.h) */
};

void arguments_read(const char *text, struct arguments *arguments_out,
                    void (*stranger)(const char *word));

#endif
