/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=306,150" */
/* Text is the archive's own frames, mapped in place, a few pages at a time as it is executed: a
 * program of 100 pages takes none for them, and a second instance takes frames for what it writes
 * alone. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "support/tap.h"

enum {
    TEXT_PAGES = 100,
    PAGES_A_FAULT = 16,  /* at most */
    AROUND = 16,         /* pages of code and stack that the test itself may touch meanwhile */
    RECORDS = 4,         /* frames in which the pager keeps its regions */
    OWN_FRAMES_MOST = 24 /* of a small program: data, bss, stack */
};

/* TEXT_PAGES functions, a page each, that return where they are. */
void page_first(void);
__asm__(".section .text.pages, \"ax\"\n"
        ".balign 4096\n"
        "page_first:\n"
        ".rept 100\n"
        "    auipc a0, 0\n"
        "    ret\n"
        "    .balign 4096\n"
        ".endr\n"
        ".previous\n");

static bool execute(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        uintptr_t page = (uintptr_t)page_first + i * PAGE;
        if (((uintptr_t(*)(void))page)() != page) {
            return false;
        }
    }
    return true;
}

static uint64_t archive_shared(void)
{
    uint64_t shared = 0, none;
    err_t error = pager_statistics(PROGRAM_SLOT_PAGER, 2, &shared, &none, &none, &none, &none,
                                   &none, &none, &none);
    return error == ERR_OK ? shared : 0;
}

/* Some of the pages may have come with those before. */
static bool is_about(uint64_t value, uint64_t pages)
{
    return value + PAGES_A_FAULT > pages && value <= pages + AROUND;
}

static void on_demand(void)
{
    (void)execute(0, 1); /* and what measuring touches */
    struct books before = books();
    struct own_books own = own_books();
    uint64_t shared = archive_shared();
    check(own.resident < TEXT_PAGES / 2, "of a big text little is there at first (%lu pages)",
          own.resident);
    check(execute(1, TEXT_PAGES / 2), "half of it is executed");
    struct own_books half = own_books();
    unsigned pages = TEXT_PAGES / 2 - 1;
    check(is_about(half.resident - own.resident, pages) &&
              half.faults_other - own.faults_other <= pages + AROUND &&
              half.faults_other - own.faults_other >= pages / PAGES_A_FAULT,
          "then that half is there, by faults (%lu pages, %lu faults)",
          half.resident - own.resident, half.faults_other - own.faults_other);
    check(is_about(archive_shared() - shared, pages), "as frames of the archive (%lu)",
          archive_shared() - shared);
    struct books after = books();
    check(before.frames_free == after.frames_free && half.private_pages == own.private_pages,
          "and no frame was taken for it (%ld)", (long)(before.frames_free - after.frames_free));
}

/* The second instance's space, or false when there is no such process. */
static bool statistics_of(pid_t pid, struct own_books *b)
{
    uint64_t found, parent, state, space_id, threads, name[2], harts;
    return proc_list(PROGRAM_SLOT_PROC, (uint64_t)pid - 1, &found, &parent, &state, &space_id,
                     &threads, &name[0], &name[1], &harts) == ERR_OK &&
           found == (uint64_t)pid &&
           pager_space_statistics(PROGRAM_SLOT_PAGER, space_id, &b->resident, &b->private_pages,
                                  &b->shared, &b->faults_zero, &b->faults_copy,
                                  &b->faults_last_owner, &b->faults_other, &b->tables) == ERR_OK;
}

static pid_t instance(char *what)
{
    pid_t pid = -1;
    char *arguments[] = {"text_shared", what, NULL};
    return posix_spawn(&pid, "bin/text_shared", NULL, NULL, arguments, (char *[]){NULL}) == 0 ? pid
                                                                                              : -1;
}

static void second_instance(void)
{
    check(execute(0, TEXT_PAGES), "the first instance has all of its text");
    int warm = status_of(instance("again")); /* what spawning writes to is this process's now */
    check(warm == 0, "a second one runs and ends");
    struct books before = books();
    uint64_t shared = archive_shared();
    pid_t pid = instance("wait");
    struct own_books second = {0};
    for (unsigned i = 0; i < 200 && second.resident < TEXT_PAGES; i++) {
        sleep_ms(5);
        if (!statistics_of(pid, &second)) {
            break;
        }
    }
    sleep_ms(20);
    bool known = statistics_of(pid, &second);
    struct books now = books();
    uint64_t taken =
        before.frames_free + before.frames_in_chunks - now.frames_free - now.frames_in_chunks;
    check(known && second.resident >= TEXT_PAGES, "it has executed all of it (%lu pages)",
          second.resident);
    check(second.private_pages <= OWN_FRAMES_MOST && taken <= second.private_pages + RECORDS,
          "and took %lu frames for its %lu private pages", taken, second.private_pages);
    check(archive_shared() - shared <= AROUND, "the frames of the text are the same (%lu more)",
          archive_shared() - shared);
    kill(pid, SIGKILL);
    check(dies_of(pid, SIGKILL), "it ends");
    check(books_return_to(before), "and gives all back");
    check(execute(0, TEXT_PAGES), "the first one's text is whole");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool good = execute(0, TEXT_PAGES);
        if (strcmp(argv[1], "wait") == 0) {
            sleep(1000);
        }
        return good ? 0 : 1;
    }
    on_demand();
    second_instance();
    return done();
}
