/* TAP from the kernel's console, and the frame in which tests run: see test.h.
 *
 * init's own thread is the watcher: it starts the thread that runs the tests, is its fault handler
 * and its alarm clock. So a test that crashes or hangs is a failed test, not a silent machine. */
#include "support/test.h"

#include "support/audit.h"
#include "support/world.h"

#include <stdarg.h>

enum { LINE_BYTES = 256, WATCH_SECONDS = 50 };

static unsigned failed_here; /* in the running test */
static unsigned failed_tests;
static const char *running = "set-up";
uint64_t random_seed = 0x5eed;

static void log_bytes(const char *bytes, unsigned count)
{
    for (unsigned at = 0; at < count; at += 32) {
        uint64_t word[4] = {0};
        unsigned length = count - at < 32 ? count - at : 32;
        for (unsigned i = 0; i < length; i++) {
            word[i / 8] |= (uint64_t)(uint8_t)bytes[at + i] << (i % 8 * 8);
        }
        (void)SYS(MACHINE_LOG, MACHINE, length, word[0], word[1], word[2], word[3]);
    }
}

static unsigned put_number(char *out, uint64_t value, unsigned base)
{
    char digits[24];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (unsigned i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    return count;
}

/* %s %u %x %d %c, with or without l. */
static unsigned format_line(char *line, const char *format, va_list arguments)
{
    unsigned length = 0;
    for (const char *p = format; *p != 0 && length < LINE_BYTES - 32; p++) {
        if (*p != '%') {
            line[length++] = *p;
            continue;
        }
        p++;
        bool is_long = *p == 'l';
        p += is_long;
        if (*p == 's') {
            for (const char *s = va_arg(arguments, const char *); *s && length < LINE_BYTES - 32;) {
                line[length++] = *s++;
            }
        } else if (*p == 'c') {
            line[length++] = (char)va_arg(arguments, int);
        } else if (*p == '%') {
            line[length++] = '%';
        } else {
            uint64_t value = is_long ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
            int64_t as_signed = is_long ? (int64_t)value : (int)value;
            if (*p == 'd' && as_signed < 0) {
                line[length++] = '-';
                value = (uint64_t)-as_signed;
            }
            length += put_number(line + length, value, *p == 'x' ? 16 : 10);
        }
    }
    return length;
}

void say(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    unsigned length = format_line(line, format, arguments);
    va_end(arguments);
    log_bytes(line, length);
}

void fail(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    failed_here++;
    if (failed_here > 20) {
        return;
    }
    va_start(arguments, format);
    unsigned length = format_line(line, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    log_bytes("# ", 2);
    log_bytes(line, length);
}

unsigned failures(void)
{
    return failed_here;
}

void expect_at(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        fail("%s:%d: does not hold: %s", file, line, what);
    }
}

void expect_equal_at(uint64_t got, uint64_t wanted, const char *what, const char *file, int line)
{
    if (got != wanted) {
        fail("%s:%d: %s is %lu (0x%lx), not %lu (0x%lx)", file, line, what, got, got, wanted,
             wanted);
    }
}

uint64_t random_next(void)
{
    random_seed ^= random_seed << 13;
    random_seed ^= random_seed >> 7;
    random_seed ^= random_seed << 17;
    return random_seed * 0x2545f4914f6cdd1dul;
}

static void run_all(struct worker *worker)
{
    (void)worker;
    say("1..%u\n", test_count);
    for (unsigned i = 0; i < test_count; i++) {
        running = tests[i].property;
        failed_here = 0;
        world_mark();
        tests[i].run();
        world_undo();
        audit_tables();
        failed_tests += failed_here != 0;
        say("%sok %u - %s\n", failed_here != 0 ? "not " : "", i + 1, tests[i].property);
    }
    seen_print();
    finish();
}

/* The watcher receives the runner's fault, or times out. */
static void watch(struct worker *runner, uint64_t endpoint, uint64_t reply)
{
    struct message m = {.flags = IPC_DEADLINE,
                        .reply = reply,
                        .deadline = time_now() + WATCH_SECONDS * boot_info()->timebase_hz};
    err_t error = ipc(SYS_RECEIVE, endpoint, &m);
    if (error == ERR_OK) {
        say("# the test's own thread took fault %lu at 0x%lx, pc 0x%lx, sp 0x%lx\n", m.w[0], m.w[1],
            m.w[2], m.w[3]);
    } else {
        say("# no end after %u s (receive answered %u), the test's thread is in state %lu\n",
            (unsigned)WATCH_SECONDS, (unsigned)error, worker_state(runner));
    }
    say("not ok - %s\nBail out!\n", running);
    failed_tests++;
    finish();
}

void test_main(void)
{
    world_setup();
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0);
    uint64_t reply = object_new(OBJECT_REPLY, 0);
    struct worker *runner = worker_new(run_all);
    runner->endpoint = endpoint;
    worker_go(runner, 0, RUNNER_PRIORITY);
    watch(runner, endpoint, reply);
}

/* The sifive_test device ends QEMU with a status; without it the power goes off. */
void finish(void)
{
    enum { TEST_DEVICE_FRAME = 0x100, DEVICE_PAGE = 511 };
    unsigned status = failed_tests != 0;
    say("# end %u\n", status);
    struct space area = own_area();
    for (uint64_t i = 0; i < boot_info()->device_count; i++) {
        uint64_t slot = INIT_SLOT_DEVICE_FIRST + i;
        if (SYS(TABLE_MAP_DEVICE, MEMORY, area.leaf, DEVICE_PAGE, 1, slot, TEST_DEVICE_FRAME,
                MAP_R | MAP_W) == ERR_OK) {
            volatile uint32_t *device = (void *)(AREA + DEVICE_PAGE * PAGE_BYTES);
            *device = status == 0 ? 0x5555 : 0x3333 | status << 16;
        }
    }
    (void)SYS(MACHINE_RESET, MACHINE, 0);
    for (;;) {
        (void)SYS(YIELD);
    }
}
