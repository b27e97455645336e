/* test: MEM=64M TIMEOUT=60 */
/* test: MEM=64M TIMEOUT=60 BOOTARGS="preempt=77,200" */
/* refuse: not to be seen */
/* A command in the background has nothing to read, so that it takes none of the shell's lines; and
 * what makes it so: /dev/null, and descriptors 0 to 2 that exec and spawn pass on. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

/* What `background MODE` finds, as its exit status. */
static int look(const char *mode)
{
    char byte;
    errno = 0;
    if (strcmp(mode, "terminal") == 0) {
        return isatty(0) ? 0 : 1;
    }
    ssize_t bytes = read(0, &byte, 1);
    if (strcmp(mode, "closed") == 0) {
        return bytes == -1 && errno == EBADF ? 0 : 1;
    }
    return bytes == 0 && !isatty(0) ? 0 : 1;
}

/* The line's exit status within a second or so, or -1. */
static int runs_soon(const char *line)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", line, NULL);
        _exit(127);
    }
    for (unsigned i = 0; i < 100; i++) {
        int status;
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    (void)dies_of(pid, SIGKILL);
    return -1;
}

static void the_shell(void)
{
    check(runs_soon("background terminal") == 0, "in the foreground the terminal is there");
    check(runs_soon("background reads & wait") == 0, "in the background there is nothing to read");
    check(runs_soon("true & background terminal") == 0, "and the next command has the terminal");
    check(runs_soon("sh -c 'background reads' & wait") == 0, "a child's child has nothing either");
}

static void the_null_device(void)
{
    char bytes[4];
    struct stat status;
    int null = open("/dev/null", O_RDWR);
    check(null >= 0 && !isatty(null), "/dev/null opens, and is no terminal");
    check(write(null, "not to be seen\n", 15) == 15 && read(null, bytes, 4) == 0,
          "what is written is gone, nothing is there to be read");
    check(fstat(null, &status) == 0 && S_ISCHR(status.st_mode) && stat("/dev/null", &status) == 0,
          "it is a device");
    check(close(null) == 0 && read(null, bytes, 4) == -1 && errno == EBADF, "and closes");
    check(open("/dev/nothing", O_RDONLY) == -1 && errno == ENOENT, "no other file is there");
}

static int say_nothing(void *unused)
{
    (void)unused;
    (void)dup2(open("/dev/null", O_WRONLY), 1);
    execlp("echo", "echo", "not to be seen", NULL);
    return 127;
}

static int read_closed(void *unused)
{
    (void)unused;
    (void)close(0);
    execlp("background", "background", "closed", NULL);
    return 127;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return look(argv[1]);
    }
    the_null_device();
    the_shell();
    check(exits_with(child(say_nothing, NULL), 0), "exec passes an output that leads nowhere");
    check(exits_with(child(read_closed, NULL), 0), "and an input that is closed");
    return done();
}
