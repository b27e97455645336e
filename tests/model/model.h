/* What every part of the checker needs: the seeded dice, the options of a run, and failing. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct model_options {
    uint64_t seed;
    uint64_t steps;
    uint64_t audit_every; /* steps between full audits */
    unsigned chunks;      /* of fake memory, 2 MiB each */
    bool overcommit;
    bool shortage; /* allocations fail at random */
    bool beside;   /* the pager has several threads */
    bool fierce;   /* much speculation and interleaving: slower, fiercer */
    bool trace;
};

extern struct model_options model;
extern uint64_t model_step; /* the step under way */

/* Dice: one stream decides everything, so that a seed repeats a run exactly. */
void dice_start(uint64_t seed);
uint64_t dice_roll(void);
uint64_t dice_below(uint64_t limit);                /* 0 .. limit - 1; limit > 0 */
bool dice_chance(unsigned one_in);                  /* true once in one_in */
uint64_t dice_between(uint64_t low, uint64_t high); /* both included */

/* Print what is wrong with seed, step and the command that repeats it; does not return. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void model_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
