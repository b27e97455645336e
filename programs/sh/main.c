/* sh: this shell: lines from the console, or one line, `sh -c LINE`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { LINE_BYTES = 1024, STATUS_MISUSE = 2, STATUS_INTERRUPTED = 130 };

enum line_end { LINE_WHOLE, LINE_END_OF_INPUT, LINE_INTERRUPTED };

/* One line without its newline. A line that is too long is cut. */
static enum line_end read_line(char text[LINE_BYTES])
{
    size_t length = 0;

    for (;;) {
        char piece[64];
        ssize_t bytes = read(STDIN_FILENO, piece, sizeof(piece));
        if (bytes < 0) {
            return errno == EINTR ? LINE_INTERRUPTED : LINE_END_OF_INPUT;
        }
        if (bytes == 0) {
            text[length] = '\0';
            return length == 0 ? LINE_END_OF_INPUT : LINE_WHOLE;
        }
        for (ssize_t i = 0; i < bytes && piece[i] != '\n'; i++) {
            if (length < LINE_BYTES - 1) {
                text[length++] = piece[i];
            }
        }
        if (piece[bytes - 1] == '\n') {
            text[length] = '\0';
            return LINE_WHOLE;
        }
    }
}

/* A function of its own: tests/gates count what it takes to get here. */
__attribute__((noinline)) static void print_prompt(void)
{
    fputs("byre$ ", stdout);
    fflush(stdout);
}

static void run_interactive(struct shell *shell)
{
    char text[LINE_BYTES];

    while (!shell->exits) {
        run_collect(shell);
        print_prompt();
        switch (read_line(text)) {
        case LINE_WHOLE:
            run_line(shell, text);
            break;
        case LINE_INTERRUPTED:
            shell->status = STATUS_INTERRUPTED;
            break;
        case LINE_END_OF_INPUT:
            fputs("exit\n", stdout);
            shell->exits = true;
            break;
        }
    }
}

int main(int argc, char **argv)
{
    struct shell shell = {.interactive = argc == 1};

    run_begin();
    if (argc == 1) {
        run_interactive(&shell);
    } else if (argc == 3 && strcmp(argv[1], "-c") == 0) {
        run_line(&shell, argv[2]);
    } else {
        fputs("usage: sh [-c LINE]\n", stderr);
        return STATUS_MISUSE;
    }
    return shell.status;
}
