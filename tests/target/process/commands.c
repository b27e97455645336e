/* test: MEM=64M TIMEOUT=90 RUN="ps && mem && help && cowtest && forktree && commands && memaudit" */
/* test: MEM=64M TIMEOUT=90 RUN="ps && mem && help && cowtest && forktree && commands && memaudit" BOOTARGS="preempt=211,200" */
/* expect: ^ +PID +PPID +THREADS +HARTS +STATE +NAME\n +1 +0 +0 +- running init\n +2 +1 +1 +[0-3]
 * running sh\n +3 +2 +1 +[0-3] running ps$ */
/* expect: ^  total +(\d+) frames +\d+ KiB\n  free +(?!\1)[1-9]\d+ frames +\d+ KiB\n  used +[1-9]\d*
 *            frames */
/* expect: ^  fixed +[1-9]\d* frames +\d+ KiB\n  shared +[1-9]\d* frames +\d+ KiB\n  - archive
 *            +[1-9]\d* frames */
/* expect: ^  promised +[1-9]\d* frames +\d+ KiB\n  limit +[1-9]\d+ frames */
/* expect: ^  used [1-9]\d*, free \d+, promised [1-9]\d* of \d+\nchunks of 2 MiB\n  user \d+, tables
 *            1, objects \d+\nharts that run: [1-4]$ */
/* expect: ^ +2 +[1-9]\d* +[1-9]\d* +[1-9]\d* +3 +([0-9]+ +){4}sh\n +4 +[1-9]\d* +[1-9]\d* +[1-9]\d*
 * +3 +([0-9]+ +){4}mem$ */
/* expect: ^  pages copied for its writes +(3[2-9]|4[0-4])  ok$ */
/* expect: ^  frames that fork took +\d+  ok$ */
/* expect: ^cowtest: all as it should be$ */
/* expect: ^forktree: depth 3, width 2: 15 processes, each with its own memory$ */
/* expect: ^forktree: depth 2, width 3: 13 processes, each with its own memory$ */
/* expect: ^hog: 1024 KiB taken and written, as asked$ */
/* expect: ^said by echo$ */
/* expect: ^kill: 99999: No such process$ */
/* expect: ^kill: -NONE: no such signal$|^kill: NONE: no such signal$ */
/* expect: ^  exit \[STATUS\] leave the shell.*\n  help .*\n  wait .*\nPrograms:$ */
/* expect: ^  ps +the processes, in the order of their numbers$ */
/* expect: ^  memaudit +recount the running system's memory; fail if a book is wrong$ */
/* expect: ^  commands$ */
/* refuse: WRONG|FAILED */
/* refuse: not reached */
/* The commands of the README and of docs/programs.md do what they say and end with the status that
 * a line like a && b needs; kill ends what it names and nothing else. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

/* Fork, exec, wait: the exit status, 128 + the signal's number when one ended it. */
static int run(const char *name, const char *first, const char *second)
{
    pid_t pid = fork();
    if (pid == 0) {
        execvp(name, (char *[]){(char *)name, (char *)first, (char *)second, NULL});
        _exit(127);
    }
    int status = status_of(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int sleep_long(void *unused)
{
    (void)unused;
    sleep(1000);
    return 0;
}

static void kills(const char *option, int signal)
{
    char number[12];
    pid_t bystander = child(sleep_long, NULL);
    pid_t victim = child(sleep_long, NULL);
    snprintf(number, sizeof(number), "%d", (int)victim);
    int status = option != NULL ? run("kill", option, number) : run("kill", number, NULL);
    int unused;
    check(status == 0 && dies_of(victim, signal), "kill %s ends what it names",
          option != NULL ? option : "without an option");
    check(waitpid(bystander, &unused, WNOHANG) == 0, "and nobody else");
    kill(bystander, SIGKILL);
    (void)dies_of(bystander, SIGKILL);
}

int main(void)
{
    kills(NULL, SIGTERM);
    kills("-KILL", SIGKILL);
    kills("-2", SIGINT);
    check(run("kill", "99999", NULL) == 1, "kill of nobody fails");
    check(run("kill", "1", NULL) == 1, "so does kill of init");
    check(run("kill", NULL, NULL) == 2 && run("kill", "-NONE", "1") == 2, "misuse is 2");

    check(run("forktree", "2", "3") == 0, "forktree draws its tree");
    check(run("forktree", "-1", NULL) == 2, "and knows misuse");
    check(run("hog", "1", NULL) == 0, "hog takes what it is told to");
    check(run("echo", "said by", "echo") == 0, "echo says its words");
    check(run("true", NULL, NULL) == 0 && run("false", NULL, NULL) == 1, "true and false");
    uint64_t start = microseconds();
    check(run("sleep", "1", NULL) == 0 && microseconds() - start >= 1000000, "sleep sleeps");
    check(run("sh", "-c", "exit 7") == 7, "exit's number is the shell's status");
    check(run("sh", "-c", "false") == 1, "or that of the last command");
    check(run("sh", "-c", "false && echo not reached") == 1, "&& stops at a failure");
    check(run("sh", "-c", "no_such_program") == 127, "127: not found");
    return done();
}
