/* kill: send processes a signal: TERM, or -NUMBER, or -NAME. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"ABRT", SIGABRT},
    {"KILL", SIGKILL}, {"SEGV", SIGSEGV}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
};

static bool number_parse(const char *text, long *number_out)
{
    char *end;
    *number_out = strtol(text, &end, 10);
    return end != text && *end == 0;
}

static bool signal_parse(const char *text, int *signal_out)
{
    long number;
    if (number_parse(text, &number) && number >= 0 && number < NSIG) {
        *signal_out = (int)number;
        return true;
    }
    text += strncmp(text, "SIG", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcmp(text, signals[i].name) == 0) {
            *signal_out = signals[i].number;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    int signal = SIGTERM;
    int first = 1;
    if (argc > 2 && argv[1][0] == '-') {
        if (!signal_parse(argv[1] + 1, &signal)) {
            fprintf(stderr, "kill: %s: no such signal\n", argv[1] + 1);
            return 2;
        }
        first = 2;
    }
    if (first >= argc) {
        fprintf(stderr, "usage: kill [-SIGNAL] PID...\n");
        return 2;
    }
    int result = 0;
    for (int i = first; i < argc; i++) {
        long pid;
        if (!number_parse(argv[i], &pid)) {
            fprintf(stderr, "kill: %s: not a number\n", argv[i]);
            result = 1;
        } else if (kill((pid_t)pid, signal) != 0) {
            fprintf(stderr, "kill: %ld: %s\n", pid, strerror(errno));
            result = 1;
        }
    }
    return result;
}
