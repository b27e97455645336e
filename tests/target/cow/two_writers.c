/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=111,80" */
/* test: MEM=64M BOOTARGS="preempt=112,40" */
/* Conformance 11: two threads write one copy-on-write page. Both stores are kept, one copy is made,
 * and no frame leaks. */
#include <byre/gen/calls.h>
#include <pthread.h>

#include "support/tap.h"

enum { ROUNDS = 150, PAGES = 4 };

static volatile uint64_t *pages;
static volatile uint32_t *go;       /* shared: the child may leave */
static volatile uint32_t round_now; /* private: the writers' starting shot */
static volatile uint32_t written[2];
static volatile bool stop;

static void *writer(void *argument)
{
    uintptr_t me = (uintptr_t)argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        while (round_now != round) {
            if (stop) {
                return NULL;
            }
            (void)byre_yield();
        }
        for (unsigned i = 0; i < PAGES; i++) {
            pages[i * PAGE / 8 + 64 * me] = round;
        }
        written[me] = round;
    }
    return NULL;
}

static int hold(void *argument)
{
    uint64_t last = (uint64_t)(uintptr_t)argument;
    while (*go == 0) {
        sleep_ms(1);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        if (pages[i * PAGE / 8] != last || pages[i * PAGE / 8 + 64] != last) {
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    pages = memory(PAGES * PAGE);
    go = memory_shared(PAGE);
    *go = 0;
    for (unsigned i = 0; i < PAGES * PAGE / 8; i++) {
        pages[i] = 0;
    }
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++) {
        check(pthread_create(&threads[i], NULL, writer, (void *)i) == 0, "writer %d", (int)i);
    }
    unsigned lost = 0, wrong_children = 0;
    struct books before = {0};
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        *go = 0;
        pid_t pid = child(hold, (void *)(uintptr_t)(round - 1));
        round_now = round;
        while (written[0] != round || written[1] != round) {
            sleep_ms(1);
        }
        for (unsigned i = 0; i < PAGES; i++) {
            lost += pages[i * PAGE / 8] != round || pages[i * PAGE / 8 + 64] != round;
        }
        *go = 1;
        wrong_children += !exits_with(pid, 0);
        if (round == 3) {
            sleep_ms(50);
            before = books();
        }
    }
    stop = true;
    check(lost == 0, "both stores were kept in each of %d rounds (%u lost)", ROUNDS, lost);
    check(wrong_children == 0, "no child saw a store of its parent's threads");
    check(books_return_to(before), "no frame and no table leaked");
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return done();
}
