/* A small memory for the pager's modules on the host: an arena for the window, records, and
 * stand-ins for what takes frames, converts chunks and stops the pager. */
#ifndef TESTS_PAGER_SUPPORT_H
#define TESTS_PAGER_SUPPORT_H

#include <setjmp.h>

#include "types.h"

enum { SUPPORT_FIRST_FRAME = 0x80000, SUPPORT_CHUNKS = 6, SUPPORT_SPACES = 256 };

/* All chunks USER but the last, which is TABLE. */
void support_start(void);
void support_stop(void);
/* The same, for cmocka. */
int support_set_up(void **state);
int support_tear_down(void **state);
frame_t support_frame(uint32_t index);
frame_t support_chunk(uint32_t index);
uint32_t support_converted(void); /* chunks that were converted */

/* Run a statement that must stop the pager. */
extern jmp_buf support_failed;
extern bool support_expects_failure;
#define assert_stops(statement)                 \
    do {                                        \
        support_expects_failure = true;         \
        if (setjmp(support_failed) == 0) {      \
            statement;                          \
            fail_msg("the pager did not stop"); \
        }                                       \
        support_expects_failure = false;        \
    } while (0)

#endif
