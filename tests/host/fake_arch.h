/* The architecture contract kept in a process on the host: memory is an array, time stands still
 * until a test moves it, harts load what they are told. What core asked for is counted. */
#ifndef TESTS_HOST_FAKE_ARCH_H
#define TESTS_HOST_FAKE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct fake_arch {
    uint64_t time_ticks;
    uint64_t timer_ticks;
    bool (*interrupt_pending)(void); /* NULL: never */
    unsigned flushes_page, flushes_space, flushes_all;
    unsigned loads, switches;
    uint64_t masked[1024 / 64]; /* interrupt sources */
    char console[4096];         /* what was printed, cut */
    unsigned console_bytes;
};

extern struct fake_arch fake_arch;

/* Memory of `chunk_count` chunks of kind USER from first_frame on, with the kernel's records of
 * them. Freed by fake_arch_stop. */
void fake_arch_start(uint64_t first_frame, unsigned chunk_count);
void fake_arch_stop(void);
/* The bytes of a frame, whatever the kind of its chunk (arch_window insists that it is open). */
void *fake_arch_memory(uint64_t frame);

#endif
