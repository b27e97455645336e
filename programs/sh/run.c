/* Running a line; contract in run.h. */
#define _GNU_SOURCE /* strsignal, posix_spawnp */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <byre/gen/console_client.h>
#include <byre/program.h>

#include "help.h"
#include "line.h"

extern char **environ;

enum { STATUS_NOT_FOUND = 127, STATUS_NOT_RUN = 126, STATUS_MISUSE = 2, STATUS_SIGNAL = 128 };

/* To whom ^C goes. Only the first shell is heard; for others the error changes nothing. */
static void run_set_foreground(pid_t pid)
{
    (void)!console_foreground(PROGRAM_SLOT_CONSOLE, (uint64_t)pid);
}

void run_begin(void)
{
    run_set_foreground(0);
}

static const char *run_signal_name(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "Segmentation fault";
    case SIGILL:
        return "Illegal instruction";
    case SIGBUS:
        return "Bus error";
    case SIGTRAP:
        return "Trace/breakpoint trap";
    case SIGABRT:
        return "Aborted";
    case SIGFPE:
        return "Floating point exception";
    case SIGKILL:
        return "Killed";
    case SIGTERM:
        return "Terminated";
    default:
        return NULL;
    }
}

static int run_status_of(int wait_status)
{
    if (!WIFSIGNALED(wait_status)) {
        return WEXITSTATUS(wait_status);
    }
    int signal = WTERMSIG(wait_status);
    const char *name = run_signal_name(signal);
    if (name != NULL) {
        fprintf(stderr, "%s\n", name);
    } else if (signal != SIGINT) {
        fprintf(stderr, "Signal %d\n", signal);
    }
    return STATUS_SIGNAL + signal;
}

static int run_wait(pid_t pid)
{
    int wait_status = 0;
    pid_t ended;

    do {
        ended = waitpid(pid, &wait_status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended < 0 ? STATUS_NOT_FOUND : run_status_of(wait_status);
}

static int run_spawn(char **words, pid_t *pid_out)
{
    posix_spawnattr_t attributes;

    if (posix_spawnattr_init(&attributes) != 0) {
        return ENOMEM;
    }
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    fflush(NULL);
    int error = posix_spawnp(pid_out, words[0], NULL, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

/* In the background: its standard input is empty, so that it takes none of the shell's lines. */
static int run_spawn_aside(char **words, pid_t *pid_out)
{
    int nothing = open("/dev/null", O_RDONLY);
    int input = dup(STDIN_FILENO);
    int error = input < 0 || nothing < 0 ? errno : 0;

    if (error == 0) {
        (void)dup2(nothing, STDIN_FILENO);
        error = run_spawn(words, pid_out);
        (void)dup2(input, STDIN_FILENO);
    }
    (void)close(nothing);
    (void)close(input);
    return error;
}

static int run_program(const struct shell *shell, const struct command *command)
{
    pid_t pid;
    bool aside = command->joint == JOINT_BACKGROUND;
    int error = aside ? run_spawn_aside(command->words, &pid) : run_spawn(command->words, &pid);

    if (error == ENOENT) {
        fprintf(stderr, "sh: %s: not found\n", command->words[0]);
        return STATUS_NOT_FOUND;
    }
    if (error != 0) {
        fprintf(stderr, "sh: %s: %s\n", command->words[0], strerror(error));
        return STATUS_NOT_RUN;
    }
    if (aside) {
        if (shell->interactive) {
            fprintf(stderr, "[%d]\n", (int)pid);
        }
        return 0;
    }
    run_set_foreground(pid);
    int status = run_wait(pid);
    run_set_foreground(0);
    return status;
}

static int run_exit(struct shell *shell, const struct command *command)
{
    char *end;

    if (command->count == 1) {
        shell->exits = true;
        return shell->status;
    }
    long status = strtol(command->words[1], &end, 10);
    if (*end != '\0' || end == command->words[1] || command->count > 2) {
        fprintf(stderr, "sh: exit: one number, please\n");
        return STATUS_MISUSE;
    }
    shell->exits = true;
    return (int)(status & 0xff);
}

static int run_wait_all(void)
{
    int wait_status;
    int status = 0;

    while (waitpid(-1, &wait_status, 0) > 0) {
        status = run_status_of(wait_status);
    }
    return status;
}

static int run_command(struct shell *shell, struct command *command)
{
    if (!line_expand(command, shell->status)) {
        fprintf(stderr, "sh: out of memory\n");
        return STATUS_NOT_RUN;
    }
    if (strcmp(command->words[0], "exit") == 0) {
        return run_exit(shell, command);
    }
    if (strcmp(command->words[0], "wait") == 0) {
        return run_wait_all();
    }
    if (strcmp(command->words[0], "help") == 0) {
        return help_print();
    }
    return run_program(shell, command);
}

/* After a command that failed, "&&" skips, after one that succeeded "||" does, up to the next
 * joint of the other kind or the end of the list. */
static bool run_is_due(enum joint before, int status)
{
    switch (before) {
    case JOINT_AND:
        return status == 0;
    case JOINT_OR:
        return status != 0;
    default:
        return true;
    }
}

void run_line(struct shell *shell, const char *text)
{
    struct line line;
    const char *wrong = line_parse(text, &line);
    enum joint before = JOINT_THEN;

    if (wrong != NULL) {
        fprintf(stderr, "sh: %s\n", wrong);
        shell->status = STATUS_MISUSE;
        return;
    }
    for (size_t i = 0; i < line.count && !shell->exits; i++) {
        if (run_is_due(before, shell->status)) {
            shell->status = run_command(shell, &line.commands[i]);
        }
        before = line.commands[i].joint;
    }
    line_free(&line);
}

void run_collect(const struct shell *shell)
{
    int wait_status;
    pid_t pid;

    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        int status = run_status_of(wait_status);
        if (shell->interactive) {
            fprintf(stderr, "[%d] ended, status %d\n", (int)pid, status);
        }
    }
}
