/* The boot arguments that concern the kernel: quiet, testhooks, pattern, asid_bits=N,
 * preempt=SEED[,MEAN_US]. Words are separated by spaces; '...' keeps spaces. Others are for init. */
#ifndef BOOT_ARGUMENTS_H
#define BOOT_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

struct arguments {
    bool quiet;
    bool test_hooks;
    bool pattern; /* fill free memory with a pattern */
    bool preempt;
    uint64_t preempt_seed;
    uint64_t preempt_mean_us;
    uint64_t asid_bits_max;
};

void arguments_parse(struct arguments *arguments, const char *text);

#endif
