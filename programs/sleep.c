/* sleep: wait for a number of seconds, which may have a fraction. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    char *end = NULL;
    double seconds = argc == 2 ? strtod(argv[1], &end) : -1;
    if (end == NULL || end == argv[1] || *end != 0 || !(seconds >= 0 && seconds < 1e9)) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    double whole = floor(seconds);
    struct timespec duration = {.tv_sec = (time_t)whole,
                                .tv_nsec = (long)((seconds - whole) * 1e9)};
    return nanosleep(&duration, NULL) == 0 ? 0 : 1;
}
