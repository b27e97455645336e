/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=612,100" */
/* What a call preserves, fork preserves in parent and child: s0 to s11, fs0 to fs11, rounding mode
 * and flags, gp and tp. Once through fork(), where the compiler saves some of them as well, and
 * once through its stub alone. The patterns are new each time, so that nothing left over is
 * right. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>
#include <libsys/ipc.h>

#include "support/tap.h"

enum { SAVED = 12, FCSR = 2 * SAVED, GP, TP, REGISTERS, ARGUMENTS = 4 };

/* libsys/posix/thread.S */
err_t posix_fork_registers(uint64_t *pid_out, uint64_t proc, uint64_t fork_label,
                           uint64_t sys_call);

/* Calls the function with the arguments and `given` in the registers; what they are afterwards goes
 * to `found`, in the order of the enum above. gp and tp are only read. */
uint64_t registers_across(const void *function, const uint64_t arguments[ARGUMENTS],
                          const uint64_t given[REGISTERS], uint64_t found[REGISTERS]);
__asm__(".text\n"
        ".macro each_saved op, fop, base\n"
        "    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
        "    \\op s\\n, 8 * \\n(\\base)\n"
        "    \\fop fs\\n, 96 + 8 * \\n(\\base)\n"
        "    .endr\n"
        ".endm\n"
        ".type registers_across, @function\n"
        "registers_across:\n"
        "    addi sp, sp, -224\n"
        "    each_saved sd, fsd, sp\n"
        "    frcsr t0\n"
        "    sd t0, 192(sp)\n"
        "    sd ra, 200(sp)\n"
        "    sd a3, 208(sp)\n"
        "    mv t0, a0\n"
        "    mv t1, a1\n"
        "    each_saved ld, fld, a2\n"
        "    ld t2, 192(a2)\n"
        "    fscsr t2\n"
        "    ld a0, 0(t1)\n"
        "    ld a1, 8(t1)\n"
        "    ld a2, 16(t1)\n"
        "    ld a3, 24(t1)\n"
        "    jalr t0\n"
        "    ld t1, 208(sp)\n"
        "    each_saved sd, fsd, t1\n"
        "    frcsr t0\n"
        "    sd t0, 192(t1)\n"
        "    sd gp, 200(t1)\n"
        "    sd tp, 208(t1)\n"
        "    each_saved ld, fld, sp\n"
        "    ld t0, 192(sp)\n"
        "    fscsr t0\n"
        "    ld ra, 200(sp)\n"
        "    addi sp, sp, 224\n"
        "    ret\n"
        ".size registers_across, . - registers_across\n");

static void patterns(uint64_t given[REGISTERS])
{
    static const uint64_t modes[] = {0x75, 0x2a, 0x41}; /* rounding up, to zero, down; flags */
    static unsigned round;
    for (unsigned i = 0; i < FCSR; i++) {
        given[i] = random_next();
    }
    given[FCSR] = modes[round++ % (sizeof(modes) / sizeof(modes[0]))];
    __asm__("mv %0, gp" : "=r"(given[GP]));
    __asm__("mv %0, tp" : "=r"(given[TP]));
}

/* 0, or 1 + the number of the first register that is not what it was. */
static int first_wrong(const uint64_t given[REGISTERS], const uint64_t found[REGISTERS])
{
    for (int i = 0; i < REGISTERS; i++) {
        if (given[i] != found[i]) {
            return i + 1;
        }
    }
    return 0;
}

static const char *name_of(int wrong)
{
    static const char *const others[] = {"fcsr", "gp", "tp"};
    static char name[8];
    int i = wrong - 1;
    if (i < 0 || i >= REGISTERS) {
        return "none";
    }
    if (i >= FCSR) {
        return others[i - FCSR];
    }
    snprintf(name, sizeof(name), "%s%d", i < SAVED ? "s" : "fs", i % SAVED);
    return name;
}

/* Forks by fork() or by the stub; true when both processes found everything as it was. */
static bool fork_preserves(bool by_stub)
{
    uint64_t given[REGISTERS];
    uint64_t found[REGISTERS] = {0};
    uint64_t stub_pid = ~0ul;
    const uint64_t arguments[ARGUMENTS] = {(uintptr_t)&stub_pid, PROGRAM_SLOT_PROC, PROC_FORK,
                                           SYS_CALL};
    patterns(given);
    const void *function = by_stub ? (const void *)posix_fork_registers : (const void *)fork;
    uint64_t result = registers_across(function, arguments, given, found);
    int wrong = first_wrong(given, found);
    pid_t pid = by_stub ? (pid_t)stub_pid : (pid_t)result;
    if (pid == 0) {
        _exit(wrong);
    }
    if (wrong != 0) {
        note("the parent's %s is not what it was", name_of(wrong));
    }
    int status = status_of(pid);
    if (status != 0) {
        note("wait status 0x%x: the child's %s is not what it was", (unsigned)status,
             name_of(status >> 8));
    }
    return pid > 0 && wrong == 0 && status == 0;
}

static void *fork_in_thread(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)fork_preserves(false);
}

int main(void)
{
    for (int i = 0; i < 3; i++) {
        check(fork_preserves(false), "fork preserves what a call does, in both processes");
        check(fork_preserves(true), "and so does its stub alone");
    }
    pthread_t thread;
    void *good = NULL;
    check(pthread_create(&thread, NULL, fork_in_thread, NULL) == 0 &&
              pthread_join(thread, &good) == 0 && good != NULL,
          "so does the fork of another thread, and its tp is its own");
    return done();
}
