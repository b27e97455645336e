/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=205,150" */
/* refuse: faulted */
/* proc, console and pager answer whatever a program sends them: requests of others, labels that are
 * none, words that make no sense, capabilities nobody asked for. Each is a named error, and the
 * servers go on. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <byre/gen/console_client.h>
#include <byre/gen/pager.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "support/tap.h"

enum { LARGE = 4 * GROUP };

static uint64_t sink[8];

static err_t ask(cap_t server, uint64_t label, uint64_t word)
{
    struct message message = {
        .label = label,
        .w = {word, word, word, word, word, word, word, word},
        .flags = IPC_LONG,
    };
    err_t error = ipc_call(server, &message);
    return error != ERR_OK ? error : (err_t)message.label;
}

static _Alignas(16) char stack[PAGE];

static void yield_for_ever(void)
{
    for (;;) {
        (void)!byre_yield();
    }
}

static void threads_end_each_other(void)
{
    uint64_t id = 0;
    uint64_t park;
    err_t error = proc_thread_create(PROGRAM_SLOT_PROC, (uintptr_t)yield_for_ever,
                                     (uintptr_t)(stack + sizeof(stack)), 0, 0, &id, &park);
    check(error == ERR_OK, "a second thread (%u)", error);
    check(proc_thread_exit(PROGRAM_SLOT_PROC, id) == ERR_OK, "who ends another thread is answered");
    check(proc_thread_exit(PROGRAM_SLOT_PROC, id) == PROC_ERR_SRCH, "only once");
    check(proc_thread_exit(PROGRAM_SLOT_PROC, 0) == PROC_ERR_SRCH, "and none that is not there");
}

static int every_label(void *unused)
{
    (void)unused;
    static const uint64_t words[] = {0, 1, 7, PAGE, 1ul << 38, 1ul << 63, ~0ul};
    for (uint64_t label = 0; label < 2 * PROC_REQUESTS; label++) {
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            bool ends = label == PROC_EXIT || label == PROC_FORK || label == PROC_THREAD_CREATE ||
                        label == PROC_WAIT || label == PROC_POWER || label == PROC_KILL;
            if (!ends) {
                (void)!ask(PROGRAM_SLOT_PROC, label, words[i]);
            }
        }
    }
    return 0;
}

static int every_console_label(void *unused)
{
    (void)unused;
    static const uint64_t words[] = {49, PAGE, 1ul << 38, ~0ul};
    for (uint64_t label = 0; label < 2 * CONSOLE_REQUESTS; label++) {
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (label != CONSOLE_READ && label != CONSOLE_FOREGROUND) {
                (void)!ask(PROGRAM_SLOT_CONSOLE, label, words[i]);
            }
        }
    }
    return 0;
}

static int bad_fork_child(void *unused)
{
    (void)unused;
    uint64_t pid;
    err_t error = proc_fork(PROGRAM_SLOT_PROC, 0, 1, 2, &pid); /* it faults at once */
    int status = 0;
    return error == ERR_OK && waitpid((pid_t)pid, &status, 0) == (pid_t)pid && WIFSIGNALED(status)
               ? 0
               : 1;
}

/* While memory of ours waits to be torn down the pager puts off its answer to this. */
static int ask_for_later(void *unused)
{
    (void)unused;
    volatile uint8_t *pages = memory(LARGE);
    for (size_t at = 0; at < LARGE; at += PAGE) {
        pages[at] = 1;
    }
    if (munmap((void *)(uintptr_t)pages, LARGE) != 0) {
        return 2;
    }
    struct message message = {
        .label = PAGER_STATISTICS, .flags = IPC_CAP, .send_cap = PROGRAM_SLOT_PARK};
    return ipc_call(PROGRAM_SLOT_PAGER, &message) == ERR_OK && message.label == ERR_OK ? 0 : 1;
}

/* A send arrives only while its receiver waits. */
static bool send_a_capability(cap_t server)
{
    const struct message message = {.label = 1};
    for (unsigned i = 0; i < 100; i++) {
        if (ipc_send(server, &message, ipc_with_cap(PROGRAM_SLOT_PARK)) == ERR_OK) {
            return true;
        }
        sleep_ms(1);
    }
    return false;
}

int main(void)
{
    check(ask(PROGRAM_SLOT_PROC, 0, 0) == ERR_SYSCALL ||
              ask(PROGRAM_SLOT_PROC, 0, 0) == ERR_ARGUMENT,
          "label 0 is nothing");
    check(proc_launch(PROGRAM_SLOT_PROC, 0, 1, &sink[0]) == ERR_RIGHTS, "only init launches");
    check(proc_next_power(PROGRAM_SLOT_PROC, &sink[0], &sink[1]) == ERR_RIGHTS,
          "only the console hears of power");
    check(proc_wait(PROGRAM_SLOT_PROC, 0, 0, &sink[0], &sink[1]) == PROC_ERR_INVAL,
          "wait for pid 0");
    check(proc_wait(PROGRAM_SLOT_PROC, 1, 0, &sink[0], &sink[1]) == PROC_ERR_CHILD,
          "wait for init");
    check(proc_kill(PROGRAM_SLOT_PROC, 1, 9) == PROC_ERR_PERM, "kill init");
    check(proc_kill(PROGRAM_SLOT_PROC, 1ul << 63, 9) == PROC_ERR_SRCH, "kill a tree of nobody");
    check(proc_power(PROGRAM_SLOT_PROC, 2, 0) == PROC_ERR_INVAL, "neither off nor on");
    check(proc_spawn(PROGRAM_SLOT_PROC, ~0ul, ~0ul, ~0ul, ~0ul, 0, 1, 0, &sink[0]) ==
              PROC_ERR_NOENT,
          "a name without an end");
    check(proc_spawn(PROGRAM_SLOT_PROC, 0x732f6e6962, 0, 0, 0, PAGE, 1ul << 52, 0, &sink[0]) ==
              PROC_ERR_2BIG,
          "a block without bounds");
    threads_end_each_other();
    check(exits_with(child(every_label, NULL), 0), "every label with senseless words");
    check(exits_with(child(every_console_label, NULL), 0), "the console's too");
    check(exits_with(child(bad_fork_child, NULL), 0), "a fork into nowhere");

    struct message message = {
        .label = PROC_STATISTICS, .flags = IPC_CAP, .send_cap = PROGRAM_SLOT_PARK};
    check(ipc_call(PROGRAM_SLOT_PROC, &message) == ERR_OK && message.label == ERR_OK,
          "a capability nobody asked for");
    message = (struct message){.label = PROC_STATISTICS};
    check(ipc_send(PROGRAM_SLOT_PROC, &message, 0) != ERR_RANGE, "a message that wants no answer");
    check(send_a_capability(PROGRAM_SLOT_PROC), "one that brings a capability to proc");
    check(send_a_capability(PROGRAM_SLOT_PAGER), "and one to the pager");
    check(exits_with(child(ask_for_later, NULL), 0),
          "a capability that comes with a question for later");
    check(run_program("true", NULL) == 0, "and programs start as ever");
    return done();
}
