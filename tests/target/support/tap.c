/* TAP and helpers for tests that are programs: see tap.h. */
#include "support/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

static unsigned results, failed;

bool check(bool good, const char *format, ...)
{
    va_list arguments;
    results++;
    failed += !good;
    printf("%s %u - ", good ? "ok" : "not ok", results);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    return good;
}

void note(const char *format, ...)
{
    va_list arguments;
    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

int done(void)
{
    printf("1..%u\n", results);
    fflush(stdout);
    return failed == 0 ? 0 : 1;
}

pid_t child(int (*run)(void *), void *argument)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(run(argument));
    }
    return pid;
}

int status_of(pid_t pid)
{
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

bool exits_with(pid_t pid, int value)
{
    int status = status_of(pid);
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == value) {
        return true;
    }
    note("process %d: wait status 0x%x, not exit(%d)", (int)pid, (unsigned)status, value);
    return false;
}

bool dies_of(pid_t pid, int signal)
{
    int status = status_of(pid);
    if (status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == signal) {
        return true;
    }
    note("process %d: wait status 0x%x, not signal %d", (int)pid, (unsigned)status, signal);
    return false;
}

int run_program(const char *name, const char *argument)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *arguments[] = {(char *)name, (char *)argument, NULL};
        execvp(name, arguments);
        _exit(127);
    }
    return status_of(pid);
}

int audit(const char *longer_ms)
{
    int status = run_program("memaudit", longer_ms);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

uint64_t own_space_id(void)
{
    uint64_t space_id = 0, unused[6];
    (void)!proc_identity(PROGRAM_SLOT_PROC, 0, &unused[0], &unused[1], &unused[2], &space_id,
                         &unused[3], &unused[4], &unused[5]);
    return space_id;
}

pid_t hold_pager(unsigned ms)
{
    char number[12];
    snprintf(number, sizeof(number), "%u", ms);
    pid_t pid = fork();
    if (pid == 0) {
        sleep_ms(20); /* after a fork its parent faults: that is over before the pager is held */
        execvp("memaudit", (char *[]){"memaudit", number, NULL});
        _exit(127);
    }
    return pid;
}

static void *map(size_t bytes, int flags)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        check(false, "mmap of %lu bytes: errno %d", (unsigned long)bytes, errno);
        exit(done());
    }
    return at;
}

void *memory(size_t bytes)
{
    return map(bytes, MAP_PRIVATE);
}

void *memory_shared(size_t bytes)
{
    return map(bytes, MAP_SHARED);
}

void sleep_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l};
    nanosleep(&time, NULL);
}

uint64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t random_next(void)
{
    static uint64_t state = 0x5eed5eed5eed;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

/* What printing, sleeping and a deeper stack take, they take before the books are read first. */
static void warm(void)
{
    static bool is_warm;
    if (!is_warm) {
        is_warm = true;
        volatile uint8_t stack[3 * PAGE];
        stack[0] = stack[PAGE] = stack[2 * PAGE] = 0;
        note("the books are read, errno %d, %lu", errno, (unsigned long)stack[0]);
        sleep_ms(1);
    }
}

struct books books(void)
{
    warm();
    struct books b = {0};
    err_t error = pager_statistics(PROGRAM_SLOT_PAGER, 0, &b.frames_total, &b.frames_free,
                                   &b.zero_references, &b.frames_promised, &b.frames_limit,
                                   &b.tables_used, &b.tables_free, &b.tables_promised);
    if (error != ERR_OK) {
        note("the pager's statistics answer %d", (int)error);
    }
    /* What the pager keeps as TABLE and OBJECT chunks, used or not, are frames as well. */
    uint64_t user_chunks, table_chunks, object_chunks, other[5];
    error = pager_statistics(PROGRAM_SLOT_PAGER, 1, &other[0], &other[1], &user_chunks,
                             &table_chunks, &object_chunks, &other[2], &other[3], &other[4]);
    b.frames_in_chunks = error == ERR_OK ? (table_chunks + object_chunks) * (GROUP / PAGE) : 0;
    return b;
}

struct own_books own_books(void)
{
    struct own_books b = {0};
    err_t error = pager_space_statistics(PROGRAM_SLOT_PAGER, 0, &b.resident, &b.private_pages,
                                         &b.shared, &b.faults_zero, &b.faults_copy,
                                         &b.faults_last_owner, &b.faults_other, &b.tables);
    if (error != ERR_OK) {
        note("the pager's space statistics answer %d", (int)error);
    }
    return b;
}

uint64_t own_faults(void)
{
    struct own_books b = own_books();
    return b.faults_zero + b.faults_copy + b.faults_last_owner + b.faults_other;
}

bool books_return_to(struct books before)
{
    struct books now = before;
    for (unsigned i = 0; i < 100; i++) {
        now = books();
        if (now.frames_free + now.frames_in_chunks ==
                before.frames_free + before.frames_in_chunks &&
            now.tables_used == before.tables_used &&
            now.frames_promised == before.frames_promised &&
            now.tables_promised == before.tables_promised) {
            return true;
        }
        sleep_ms(10);
    }
    note("frames free %lu + %lu in chunks, before %lu + %lu; tables %lu, before %lu; promised %lu, "
         "before %lu; tables promised %lu, before %lu",
         now.frames_free, now.frames_in_chunks, before.frames_free, before.frames_in_chunks,
         now.tables_used, before.tables_used, now.frames_promised, before.frames_promised,
         now.tables_promised, before.tables_promised);
    return false;
}

uint64_t hook(unsigned what, uint64_t value)
{
    uint64_t result = 0;
    err_t error = proc_hook(PROGRAM_SLOT_PROC, what, value, &result);
    if (error != ERR_OK) {
        note("hook %u answers %d", what, (int)error);
    }
    return result;
}

bool hooks_work(void)
{
    uint64_t result;
    return proc_hook(PROGRAM_SLOT_PROC, 0, 0, &result) == ERR_OK;
}
