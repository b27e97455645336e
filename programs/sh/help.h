/* help: what the shell knows itself, and the programs that there are. */
#ifndef SH_HELP_H
#define SH_HELP_H

/* Print it. The exit status: 0, or 1 when the list of programs cannot be read. */
int help_print(void);

#endif
