/* test: MEM=64M BOOTARGS="preempt=1,40" */
/* Fails on purpose, so is run by name alone: two processes add to one number without a lock. How
 * much is lost, and in which order they came, depends on the schedule and on nothing else
 * (tests/gates/repeat.py). */
#include "support/tap.h"

enum { ROUNDS = 200000 };

static volatile uint32_t *number; /* shared; [1]: of the order in which they came */

static int add(void *step)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t before = number[0];
        for (unsigned n = before % 8; n > 0; n--) { /* so that no two rounds take the same time */
            number[2] = n;
        }
        number[0] = before + 1;
        number[1] = number[1] * 31 + (uint32_t)(uintptr_t)step;
    }
    return 0;
}

int main(void)
{
    number = memory_shared(PAGE);
    number[0] = number[1] = 0;
    pid_t other = child(add, (void *)1);
    (void)add((void *)2);
    check(exits_with(other, 0), "the other is done too");
    check(number[0] == 2 * ROUNDS, "%u of %u arrived, in the order %x", number[0], 2 * ROUNDS,
          number[1]);
    return done();
}
