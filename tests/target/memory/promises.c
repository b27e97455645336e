/* test: MEM=64M TIMEOUT=90 */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="preempt=303,300" */
/* test: MEM=96M TIMEOUT=90 FILLED=1 */
/* Promises: what mmap, sbrk and fork grant can be written to the last page, in every process that
 * was granted it; what cannot be kept is refused; stacks have what they were promised. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/table.h>

#include "support/tap.h"

enum { PIECE = 128, SCATTERED = 1200, FEW = 64 };

struct piece {
    volatile uint8_t *at;
    size_t pages;
};

static struct piece pieces[4096];
static unsigned piece_count;
static size_t total;

/* In ever smaller pieces, until not one page more is granted. */
static void take_all(void)
{
    for (size_t pages = PIECE; pages > 0;) {
        void *at =
            mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED || piece_count == 4096) {
            pages /= 2;
            continue;
        }
        pieces[piece_count++] = (struct piece){at, pages};
        total += pages;
    }
}

static bool write_all(uint8_t value)
{
    for (unsigned i = 0; i < piece_count; i++) {
        for (size_t page = 0; page < pieces[i].pages; page++) {
            pieces[i].at[page * PAGE] = (uint8_t)(value + page);
        }
    }
    for (unsigned i = 0; i < piece_count; i++) {
        for (size_t page = 0; page < pieces[i].pages; page++) {
            if (pieces[i].at[page * PAGE] != (uint8_t)(value + page)) {
                return false;
            }
        }
    }
    return true;
}

static void give_all(void)
{
    for (unsigned i = 0; i < piece_count; i++) {
        munmap((void *)pieces[i].at, pieces[i].pages * PAGE);
    }
    piece_count = 0;
    total = 0;
}

/* Most of the 64 KiB of stack that are promised, whatever is left of memory. */
static int use_stack(void *unused)
{
    (void)unused;
    volatile uint8_t stack[44 << 10];
    for (unsigned i = 0; i < sizeof(stack); i += PAGE / 2) {
        stack[i] = 1;
    }
    return stack[PAGE] == 1 ? 0 : 0;
}

static int take_and_write(void *unused)
{
    (void)unused;
    take_all();
    return write_all(3) && total > 0 ? 0 : 1;
}

/* Frames that may still be promised, as proc asks for them at the beginning of each command. */
static uint64_t room(void)
{
    uint64_t promised, limit, tables_promised, tables_limit, frames, harts;
    err_t error = pager_promises(PROGRAM_SLOT_PAGER, &promised, &limit, &tables_promised,
                                 &tables_limit, &frames, &harts);
    return error == ERR_OK && promised <= limit ? limit - promised : 0;
}

/* Pages far from one another need a table each, and chunks become TABLE for them. */
static void scatter_and_gather(void)
{
    uint64_t before = room();
    char *base = (char *)PROGRAM_MMAP_BASE + ((uint64_t)SCATTERED * GROUP);
    unsigned scattered = 0;
    for (unsigned i = 0; i < SCATTERED; i++) {
        scattered += mmap(base + (uint64_t)i * GROUP, PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    }
    uint64_t meanwhile = room();
    for (unsigned i = 0; i < SCATTERED; i++) {
        munmap(base + (uint64_t)i * GROUP, PAGE);
    }
    uint64_t after = room();
    check(scattered == SCATTERED && before >= meanwhile + SCATTERED + CHUNK_PAGES,
          "%u scattered pages promise themselves and at least a chunk of tables", scattered);
    check(after + FEW >= before,
          "of %lu frames that may be promised %lu are left when they are gone", before, after);
}

int main(void)
{
    pieces[0].pages = 0;
    (void)exits_with(child(take_and_write, NULL), 0); /* warm */
    scatter_and_gather();
    take_all();
    give_all();
    (void)use_stack(NULL);
    struct books before = books();
    take_all();
    struct books full = books();
    check(total > before.frames_free / 2, "%lu pages are granted of %lu free", (unsigned long)total,
          before.frames_free);
    check(full.frames_promised <= full.frames_limit,
          "no more is promised (%lu) than there is (%lu)", full.frames_promised, full.frames_limit);
    check(use_stack(NULL) == 0, "the stack has what it was promised");
    check(write_all(1), "every page granted is written");
    check(use_stack(NULL) == 0 && write_all(2), "again");
    errno = 0;
    check(fork() == -1 && (errno == ENOMEM || errno == EAGAIN),
          "nothing is left for a fork (errno %d)", errno);
    check(sbrk(64 * PAGE) == (void *)-1 && errno == ENOMEM, "nor for the heap");
    give_all();
    check(books_return_to(before), "all comes back");
    bool good = true;
    for (unsigned i = 0; i < 3; i++) {
        good = exits_with(child(take_and_write, NULL), 0) && good;
    }
    check(good, "three children, one after the other, get all of it");
    check(books_return_to(before), "and all comes back");
    pid_t pids[4];
    for (unsigned i = 0; i < 4; i++) {
        pids[i] = child(take_and_write, NULL);
    }
    good = true;
    for (unsigned i = 0; i < 4; i++) {
        int status = status_of(pids[i]);
        /* It wrote all, or nothing was left to grant it; or not even for the fork. */
        good = good && (status == 0 || status == 1 << 8 || pids[i] < 0);
    }
    check(good, "four at once: whoever is granted something writes it, and nobody is killed");
    check(books_return_to(before), "and all comes back once more");
    return done();
}
