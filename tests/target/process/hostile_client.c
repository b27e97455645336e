/* test: MEM=96M TIMEOUT=120 */
/* test: MEM=96M TIMEOUT=120 BOOTARGS="preempt=206,200" */
/* Programs that send the servers whatever comes to mind: requests with hostile words, capabilities
 * in place of others, deadlines that pass before the answer. The servers live, their books agree,
 * and what the programs had comes back. */
#include <byre/gen/console.h>
#include <byre/gen/pager.h>
#include <byre/gen/proc.h>
#include <byre/program.h>
#include <libsys/ipc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { PROGRAMS = 24, REQUESTS = 600 };

static uint8_t *block; /* some memory of its own to play with */

static uint64_t a_word(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     8,
                                     48,
                                     49,
                                     63,
                                     64,
                                     255,
                                     256,
                                     511,
                                     512,
                                     4095,
                                     4096,
                                     1u << 31,
                                     1ul << 32,
                                     1ul << 38,
                                     1ul << 52,
                                     ~0ul,
                                     ~0ul - 1,
                                     1ul << 63,
                                     0x200000,
                                     0x3ff000,
                                     0x400000,
                                     ~0xffful,
                                     0x3ffffff000,
                                     0x1000000000,
                                     0x2000000000,
                                     0x3f00000000};
    switch (random_next() % 6) {
    case 0:
        return random_next();
    case 1:
        return (uintptr_t)block + random_next() % 64 * PAGE;
    case 2:
        return 0x1000000000 + random_next() % 1024 * PAGE;
    case 3:
        return random_next() % 16;
    default:
        return edges[random_next() % (sizeof(edges) / sizeof(edges[0]))];
    }
}

/* What would end the program, start others, kill its neighbours, or write noise to the console. */
static bool is_left_out(cap_t server, const struct message *m)
{
    if (server == PROGRAM_SLOT_PROC) {
        return m->label == PROC_EXIT || m->label == PROC_KILL || m->label == PROC_POWER ||
               m->label == PROC_FORK || m->label == PROC_THREAD_CREATE;
    }
    if (server == PROGRAM_SLOT_CONSOLE) {
        return (m->label == CONSOLE_WRITE && m->w[1] <= 48) ||
               (m->label == CONSOLE_WRITE_BUFFER && m->w[1] < GROUP && m->w[2] < GROUP);
    }
    return false;
}

static int ask_at_random(void *number)
{
    for (uintptr_t i = 0; i < 50 * (uintptr_t)number; i++) {
        (void)random_next(); /* each program asks something else */
    }
    for (unsigned i = 0; i < REQUESTS; i++) {
        cap_t server = PROGRAM_SLOT_PROC + (cap_t)(random_next() % 3);
        struct message m = {.label =
                                random_next() % 32 == 0 ? random_next() >> 32 : random_next() % 30,
                            .flags = IPC_LONG | IPC_DEADLINE,
                            .deadline_ticks = 0};
        for (unsigned w = 0; w < 8; w++) {
            m.w[w] = a_word();
        }
        if (random_next() % 4 == 0) {
            m.flags |= IPC_CAP;
            m.send_cap = (cap_t)(random_next() % 10);
        }
        if (random_next() % 4 == 0) {
            m.flags |= IPC_ACCEPT;
            m.accept_slot = (cap_t)(20 + random_next() % 20);
        }
        uint64_t now;
        __asm__ volatile("rdtime %0" : "=r"(now));
        m.deadline_ticks = now + random_next() % 3 * 5000;
        if (!is_left_out(server, &m)) {
            (void)ipc_call(server, &m);
        }
    }
    return 0;
}

static int one_program(void *number)
{
    block = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? 1 : ask_at_random(number);
}

/* It may end by itself, die of what it did to its own memory, or hang on what it asked for. */
static void end(pid_t pid)
{
    int status;
    for (unsigned i = 0; i < 300; i++) {
        if (waitpid(pid, &status, WNOHANG) != 0) {
            return;
        }
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    (void)status_of(pid);
}

int main(void)
{
    end(child(one_program, (void *)99)); /* warm */
    sleep_ms(100);
    struct books before = books();
    unsigned lives = 0;
    for (uintptr_t i = 0; i < PROGRAMS; i++) {
        end(child(one_program, (void *)(i + 1)));
        lives += run_program("true", NULL) == 0;
    }
    check(lives == PROGRAMS, "after each of %d hostile programs the system runs the next",
          PROGRAMS);
    pid_t pids[4];
    for (uintptr_t i = 0; i < 4; i++) {
        pids[i] = child(one_program, (void *)(100 + i));
    }
    for (unsigned i = 0; i < 4; i++) {
        end(pids[i]);
    }
    check(run_program("true", NULL) == 0, "also after four at once");
    check(books_return_to(before), "and all they had comes back");
    return done();
}
