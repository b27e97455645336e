/* System calls for tests: see call.h. */
#include "support/call.h"

#include "support/test.h"

#include <stdbool.h>
#include <stddef.h>

enum { X_A0 = 10, X_A6 = 16, X_A7 = 17, X_T6 = 31 };

/* Argument n travels in x[argument_register[n]]; result n in x[argument_register[n + 1]]. */
static const uint8_t argument_register[CALL_ARGUMENTS] = {10, 11, 12, 13, 14, 15, 16,
                                                          5,  6,  7,  28, 29, 30};
/* Results of the calls that are not IPC; on failure too some are reported (done, offender). */
static const uint8_t result_count[CALL_NUMBERS] = {
    [SYS_VERSION] = 1,       [SYS_WAIT] = 1,          [SYS_CAP_INFO] = 5,
    [SYS_OBJECT_INFO] = 3,   [SYS_MEMORY_RETYPE] = 2, [SYS_MEMORY_INFO] = 2,
    [SYS_CAP_COPIES] = 1,    [SYS_TABLE_MAP] = 1,     [SYS_TABLE_MAP_RUN] = 1,
    [SYS_TABLE_LINK] = 1,    [SYS_TABLE_LAZY] = 1,    [SYS_TABLE_THAW] = 1,
    [SYS_TABLE_COPY] = 1,    [SYS_TABLE_PROTECT] = 1, [SYS_TABLE_DROP] = 1,
    [SYS_THREAD_READ] = 8,   [SYS_THREAD_INFO] = 5,   [SYS_MACHINE_COUNTER] = 1,
    [SYS_MACHINE_EVENT] = 4,
};

static uint8_t seen[CALL_NUMBERS][ERROR_NUMBERS];

static bool is_ipc(unsigned number)
{
    return number == SYS_CALL || number == SYS_RECEIVE || number == SYS_REPLY_RECEIVE;
}

static bool is_callee_saved(unsigned n)
{
    return n == 3 || n == 4 || n == 8 || n == 9 || (n >= 18 && n <= 27);
}

static bool is_result(unsigned number, unsigned n)
{
    if (n == X_A0) {
        return true;
    }
    if (is_ipc(number)) {
        return (n >= X_A0 && n <= X_A7) || n == 5 || n == 6 || n == 7 || n == 28;
    }
    unsigned count = number < CALL_NUMBERS ? result_count[number] : 0;
    for (unsigned i = 1; i <= count; i++) {
        if (n == argument_register[i]) {
            return true;
        }
    }
    return false;
}

unsigned registers_differ(unsigned number, const struct registers *before,
                          const struct registers *after)
{
    for (unsigned n = 1; n < 32; n++) {
        if (n == 2 || is_result(number, n) || before->x[n] == after->x[n]) {
            continue;
        }
        if (is_callee_saved(n) || after->x[n] != 0) {
            return n;
        }
    }
    return 0;
}

static void registers_check(unsigned number, const struct registers *before,
                            const struct registers *after)
{
    unsigned n = registers_differ(number, before, after);
    if (n != 0) {
        fail("C1: call %u (error %lu) changed x%u from 0x%lx to 0x%lx", number, after->x[X_A0], n,
             before->x[n], after->x[n]);
    }
}

void seen_note(unsigned number, uint64_t error)
{
    if (error >= ERROR_NUMBERS) {
        fail("call %u answered %lu, which is no error", number, error);
        return;
    }
    if (number < CALL_NUMBERS) {
        seen[number][error] = 1;
    }
}

void registers_prepare(struct registers *r)
{
    for (unsigned n = 0; n < 32; n++) {
        r->x[n] = 0xbad0000000000000ul | ((uint64_t)r & 0xfffffffffff) << 8 | n;
    }
}

void registers_set_argument(struct registers *r, unsigned argument, uint64_t value)
{
    r->x[argument_register[argument]] = value;
}

err_t call_kernel(unsigned number, const uint64_t *arguments, unsigned count, uint64_t *results)
{
    struct registers before;
    registers_prepare(&before);
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
        before.x[argument_register[i]] = i < count ? arguments[i] : before.x[argument_register[i]];
    }
    before.x[X_A7] = number;
    struct registers after = before;
    system_call(&after);
    registers_check(number, &before, &after);
    seen_note(number, after.x[X_A0]);
    for (unsigned i = 0; results != NULL && i < CALL_RESULTS; i++) {
        results[i] = after.x[argument_register[i + 1]];
    }
    return (err_t)after.x[X_A0];
}

err_t ipc(unsigned number, uint64_t cap, struct message *m)
{
    struct registers before;
    registers_prepare(&before);
    uint64_t descriptor = m->flags | m->reply << 8 | m->cap << 32;
    const uint64_t arguments[CALL_ARGUMENTS] = {cap,     m->label,   m->w[0],    m->w[1], m->w[2],
                                                m->w[3], descriptor, m->w[4],    m->w[5], m->w[6],
                                                m->w[7], m->accept,  m->deadline};
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
        before.x[argument_register[i]] = arguments[i];
    }
    before.x[X_A7] = number;
    struct registers after = before;
    system_call(&after);
    registers_check(number, &before, &after);
    seen_note(number, after.x[X_A0]);
    if (is_ipc(number)) {
        m->label = after.x[11];
        for (unsigned i = 0; i < 4; i++) {
            m->w[i] = after.x[12 + i];
            m->w[4 + i] = after.x[argument_register[7 + i]];
        }
        m->badge = after.x[X_A6];
        m->info = after.x[X_A7];
    }
    return (err_t)after.x[X_A0];
}

void seen_print(void)
{
    for (unsigned number = 0; number < CALL_NUMBERS; number++) {
        for (unsigned error = 0; error < ERROR_NUMBERS; error++) {
            if (seen[number][error]) {
                say("# seen %u %u\n", number, error);
            }
        }
    }
}

uint64_t time_now(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}
