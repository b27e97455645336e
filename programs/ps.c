/* ps: the processes, in the order of their numbers.
 * And at which harts their threads run, or ran last: the kernel's count of harts, from 0. */
#include <stdio.h>

#include <byre/gen/names.h>

#include "statistics.h"

static const char *state_name(uint64_t state)
{
    static const char *const names[] = {"running", "zombie"};
    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

enum { HARTS_BYTES = 3 * 64 };

/* Their numbers with commas between; "-": none. */
static const char *harts_list(uint64_t harts, char text[HARTS_BYTES])
{
    char *end = text;
    for (unsigned hart = 0; harts != 0; hart++, harts >>= 1) {
        if ((harts & 1) != 0) {
            end += sprintf(end, end == text ? "%u" : ",%u", hart);
        }
    }
    return end == text ? "-" : text;
}

int main(void)
{
    char harts[HARTS_BYTES];
    printf("  PID  PPID THREADS HARTS STATE   NAME\n");
    struct process_statistics p = {0};
    err_t error;
    while ((error = process_statistics_next(&p)) == ERR_OK) {
        printf("%5lu %5lu %7lu %5s %-7s %s\n", p.pid, p.parent, p.threads,
               harts_list(p.harts, harts), state_name(p.state), p.name);
    }
    if (error != PROC_ERR_SRCH) {
        fprintf(stderr, "ps: %s\n", err_name(error));
        return 1;
    }
    return 0;
}
