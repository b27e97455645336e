/* Running a line: programs are children with trees of their own, in the foreground unless "&"
 * follows them. Built in: exit [STATUS], help, wait. */
#ifndef SH_RUN_H
#define SH_RUN_H

#include <stdbool.h>

struct shell {
    int status;       /* of the last command */
    bool interactive; /* prompts, and tells of background children */
    bool exits;       /* `exit` was run */
};

/* Before anything else: the first shell becomes the one that says to whom ^C goes. */
void run_begin(void);
void run_line(struct shell *shell, const char *text);
/* Collect background children that have ended, and say so. */
void run_collect(const struct shell *shell);

#endif
