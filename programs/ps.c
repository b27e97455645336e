/* ps: the processes, in the order of their numbers. */
#include <stdio.h>

#include <byre/gen/names.h>

#include "statistics.h"

static const char *state_name(uint64_t state)
{
    static const char *const names[] = {"running", "zombie"};
    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

int main(void)
{
    printf("  PID  PPID THREADS STATE   NAME\n");
    struct process_statistics p = {0};
    err_t error;
    while ((error = process_statistics_next(&p)) == ERR_OK) {
        printf("%5lu %5lu %7lu %-7s %s\n", p.pid, p.parent, p.threads, state_name(p.state), p.name);
    }
    if (error != PROC_ERR_SRCH) {
        fprintf(stderr, "ps: %s\n", err_name(error));
        return 1;
    }
    return 0;
}
