/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=202,150" */
/* Children that outlive their parent go to init, which nobody has to ask; zombies hold no memory;
 * a thousand short processes leave nothing. */
#include <byre/gen/proc_client.h>
#include <byre/program.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

struct report {
    volatile int parent, grandchild, new_parent, done, go;
};

static struct report *report;

static int grandchild(void *unused)
{
    (void)unused;
    report->grandchild = getpid();
    report->parent = getppid();
    while (report->go == 0) {
        sleep_ms(1);
    }
    report->new_parent = getppid();
    report->done = 1;
    return 0;
}

static int parent(void *unused)
{
    (void)unused;
    if (child(grandchild, NULL) < 0) {
        return 1;
    }
    while (report->parent == 0) {
        sleep_ms(1);
    }
    return 0;
}

static int leave(void *value)
{
    return (int)(intptr_t)value;
}

static uint64_t processes(void)
{
    uint64_t count, threads, limit, chunks, objects, spare;
    (void)!proc_statistics(PROGRAM_SLOT_PROC, &count, &threads, &limit, &chunks, &objects, &spare);
    return count;
}

static int make_zombies(void *unused)
{
    (void)unused;
    for (intptr_t i = 0; i < 20; i++) {
        if (child(leave, (void *)i) < 0) {
            return 1;
        }
    }
    sleep_ms(20);
    return 0; /* without waiting for any */
}

int main(void)
{
    report = memory_shared(PAGE);
    *report = (struct report){0};
    (void)exits_with(child(make_zombies, NULL), 0); /* warm */
    sleep_ms(50);
    struct books before = books();
    uint64_t count = processes();

    pid_t pid = child(parent, NULL);
    check(exits_with(pid, 0), "a parent ends before its child");
    report->go = 1;
    for (unsigned i = 0; i < 500 && !report->done; i++) {
        sleep_ms(2);
    }
    check(report->parent == pid, "the child knew its parent (%d)", report->parent);
    check(report->new_parent == 1, "its parent is now init (%d)", report->new_parent);
    check(waitpid(report->grandchild, &(int){0}, 0) == -1 && errno == ECHILD,
          "and not its grandfather");
    sleep_ms(20);
    check(processes() == count, "nobody is left of it");

    check(exits_with(child(make_zombies, NULL), 0), "twenty zombies lose their parent");
    sleep_ms(20);
    check(processes() == count, "and are gone");

    pid_t zombies[30];
    for (intptr_t i = 0; i < 30; i++) {
        zombies[i] = child(leave, (void *)i);
    }
    sleep_ms(30);
    struct books with = books();
    check(processes() == count + 30, "thirty zombies are there");
    check(before.frames_free - with.frames_free <= 4, "and hold %ld frames",
          (long)(before.frames_free - with.frames_free));
    bool good = true;
    for (int i = 0; i < 30; i++) {
        good = exits_with(zombies[i], i) && good;
    }
    check(good, "their statuses are right");
    for (unsigned i = 0; i < 300; i++) {
        good = exits_with(child(leave, NULL), 0) && good;
    }
    for (unsigned i = 0; i < 30; i++) {
        good = run_program("true", NULL) == 0 && good;
    }
    check(good, "hundreds of short processes");
    check(processes() == count, "none is left");
    check(books_return_to(before), "no frame, table or promise either");
    return done();
}
