/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=203,150" */
/* exec: a new program in the same process; what was is gone; what fails leaves the caller as it
 * was. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

extern char **environ;
enum { MANY = 300 };

/* What the program does when it is run again by itself. */
static int second_life(int argc, char **argv)
{
    if (strcmp(argv[1], "pid") == 0) {
        return getpid() == atoi(argv[2]) ? 0 : 1;
    }
    if (strcmp(argv[1], "environment") == 0) {
        const char *value = getenv("BYRE_TEST");
        return value != NULL && strcmp(value, "a value with spaces") == 0 && getenv("PATH") == NULL
                   ? 0
                   : 1;
    }
    if (strcmp(argv[1], "many") == 0) {
        for (int i = 2; i < argc; i++) {
            char expected[24];
            snprintf(expected, sizeof(expected), "argument %d", i);
            if (strcmp(argv[i], expected) != 0) {
                return 1;
            }
        }
        return argc == MANY && argv[argc] == NULL ? 0 : 2;
    }
    return argc == 3 && argv[2][0] == '\0' ? 0 : 1; /* "empty" */
}

static int exec_self(char **argv, char **environment)
{
    pid_t pid = fork();
    if (pid == 0) {
        execve("bin/executing", argv, environment);
        _exit(99);
    }
    return status_of(pid);
}

static int exec_keeps_pid(void *unused)
{
    (void)unused;
    char text[16];
    snprintf(text, sizeof(text), "%d", (int)getpid());
    execve("bin/executing", (char *[]){"executing", "pid", text, NULL}, environ);
    return 99;
}

static void *sleep_on(void *unused)
{
    (void)unused;
    for (;;) {
        sleep_ms(100);
    }
    return NULL;
}

static int exec_with_threads(void *unused)
{
    (void)unused;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        if (pthread_create(&threads[i], NULL, sleep_on, NULL) != 0) {
            return 98;
        }
    }
    sleep_ms(2);
    execvp("true", (char *[]){"true", NULL});
    return 99;
}

static bool exec_fails(const char *path, int error)
{
    errno = 0;
    int result = execve(path, (char *[]){"x", NULL}, (char *[]){NULL});
    if (result == -1 && errno == error) {
        return true;
    }
    note("execve %s: %d, errno %d, not %d", path, result, errno, error);
    return false;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return second_life(argc, argv);
    }
    (void)run_program("true", NULL);
    sleep_ms(20);
    struct books before = books();
    check(run_program("true", NULL) == 0, "true is true");
    check(run_program("false", NULL) == 1 << 8, "false is false");
    check(exits_with(child(exec_keeps_pid, NULL), 0), "exec keeps the pid");
    check(exec_self((char *[]){"executing", "environment", NULL},
                    (char *[]){"BYRE_TEST=a value with spaces", NULL}) == 0,
          "the environment is what was given, and no more");
    check(exec_self((char *[]){"executing", "empty", "", NULL}, (char *[]){NULL}) == 0,
          "an empty argument is one");
    static char *many[MANY + 1];
    static char texts[MANY][24];
    many[0] = "executing", many[1] = "many";
    for (int i = 2; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "argument %d", i);
        many[i] = texts[i];
    }
    check(exec_self(many, environ) == 0, "%d arguments arrive", MANY);
    check(exits_with(child(exec_with_threads, NULL), 0), "exec ends the other threads");
    check(exec_fails("bin/no-such-program", ENOENT), "a program that is not there: ENOENT");
    check(exec_fails("", ENOENT), "an empty name: ENOENT");
    check(exec_fails("etc/manifest", ENOEXEC) || exec_fails("etc/manifest", EACCES),
          "what is no program: ENOEXEC");
    check(before.frames_free != 0 && getppid() > 0, "after a failed exec the caller goes on");
    (void)books_return_to(before); /* the arguments took pages of this process */
    before = books();
    check(exec_self(many, environ) == 0, "once more");
    check(books_return_to(before), "the old program's memory is gone");
    return done();
}
