/* test: MEM=64M */
/* Arguments and environment reach the new program by exec and spawn, a page or thirty of them; what
 * cannot be started says why and changes nothing. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

enum { LONG_BYTES = 3000, MANY = 28, TOO_MANY = 60 };

extern char **environ;

/* As the started program: count, and look into each string. */
static int started(int argc, char **argv)
{
    int count = 0;
    for (char **e = environ; *e != NULL; e++) {
        count += strncmp(*e, "LETTER=", 7) == 0;
    }
    for (int i = 2; i < argc; i++) {
        size_t bytes = strlen(argv[i]);
        for (size_t k = 0; k < bytes; k++) {
            if (argv[i][k] != 'a' + i % 26) {
                return 99;
            }
        }
    }
    return argc + 50 * count + (argv[argc] != NULL ? 200 : 0);
}

static char *argv[TOO_MANY + 1] = {"arguments", "started"};
static char *environment[] = {"LETTER=x", "HOME=/", NULL};

static void arguments_make(int count, size_t bytes)
{
    for (int i = 2; i < count; i++) {
        argv[i] = malloc(bytes + 1);
        memset(argv[i], 'a' + i % 26, bytes);
        argv[i][bytes] = 0;
    }
    argv[count] = NULL;
}

static int exec_child(void *unused)
{
    (void)unused;
    execve("/bin/arguments", argv, environment);
    return errno == E2BIG ? 98 : 97;
}

static bool spawns(int expected)
{
    pid_t pid;
    return posix_spawn(&pid, "bin/arguments", NULL, NULL, argv, environment) == 0 &&
           exits_with(pid, expected);
}

int main(int argc, char **own_argv)
{
    if (argc > 1) {
        return started(argc, own_argv);
    }
    check(argc == 1 && strcmp(own_argv[0], "arguments") == 0 && own_argv[1] == NULL,
          "the first argument is the program's name");
    check(getenv("PATH") != NULL, "there is an environment");

    arguments_make(5, 10);
    check(exits_with(child(exec_child, NULL), 55), "exec hands over strings");
    check(spawns(55), "spawn does");
    arguments_make(MANY, LONG_BYTES);
    check(exits_with(child(exec_child, NULL), 50 + MANY), "84 KB of them by exec");
    check(spawns(50 + MANY), "84 KB of them by spawn");
    arguments_make(TOO_MANY, LONG_BYTES);
    check(exits_with(child(exec_child, NULL), 98), "180 KB are E2BIG");
    arguments_make(2, 0);
    check(spawns(52), "no arguments are none");

    errno = 0;
    check(execl("bin/nothing", "x", NULL) == -1 && errno == ENOENT, "no such program: ENOENT");
    check(execl("etc/manifest", "x", NULL) == -1 && errno == ENOEXEC, "no program: ENOEXEC");
    check(execl("bin/a-name-that-is-longer-than-any-may-be", "x", NULL) == -1 && errno == ENOENT,
          "a name too long: ENOENT");
    pid_t pid = -7;
    check(posix_spawn(&pid, "bin/nothing", NULL, NULL, argv, environment) == ENOENT && pid == -7,
          "spawn of nothing: ENOENT, and no pid");
    check(posix_spawnp(&pid, "true", NULL, NULL, argv, environment) == 0 && exits_with(pid, 0),
          "spawnp looks in bin");
    return done();
}
