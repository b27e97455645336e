/* The architecture contract (kernel/arch.h) kept in a process on the host.
 *
 * Physical memory is a mapping of FAKE_CHUNKS chunks; the window is an offset into it. A chunk
 * whose window is closed cannot be touched at all, so a kernel that reads or writes user memory, or
 * memory that it gave back, dies at that access. Time and interrupts do what the test says.
 */
#ifndef TESTS_HOST_KERNEL_FAKE_ARCH_H
#define TESTS_HOST_KERNEL_FAKE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "core/chunk.h"

enum { FAKE_CHUNKS = 12, FAKE_SOURCES = 32, FAKE_LOG_BYTES = 16384 };

#define FAKE_RAM UINT64_C(0x80000000)

struct fake_arch {
    uint64_t time_ticks;
    uint64_t timer_ticks;
    unsigned pending_one_in; /* arch_interrupt_pending: 0 = never, n = one in n, seeded */
    uint64_t random;
    unsigned flushes_page;
    unsigned flushes_space;
    unsigned flushes_all;
    uint64_t last_flush_address;
    uint64_t last_flush_pages;
    const volatile uint64_t *watched; /* an entry, and what it was at the last flush of pages */
    uint64_t watched_at_flush;
    unsigned switches;
    unsigned space_loads;
    unsigned code_fences;
    struct hart *hart; /* whose entry it is */
    uint64_t notified; /* harts that arch_notify named */
    unsigned notices;
    struct hart *arrives_at[FAKE_SOURCES];
    unsigned claim; /* the source that arch_interrupt_take gives next */
    bool is_masked[FAKE_SOURCES];
    bool is_open[FAKE_CHUNKS];
    char log[FAKE_LOG_BYTES];
    unsigned log_bytes;
};

extern struct fake_arch fake;

void fake_arch_start(void); /* fresh, all windows closed, memory filled with a pattern */
void fake_arch_stop(void);
uint64_t fake_random(void);
static inline frame_t fake_frame(unsigned chunk, unsigned page)
{
    return (frame_t){(FAKE_RAM >> PAGE_SHIFT) + (uint64_t)chunk * CHUNK_PAGES + page};
}

#endif
