/* Threads of programs: kernel object, park notification, and where both stand.
 *
 *   T1  A thread is in its body's list from thread_make to thread_end.
 *   T2  Its park is proc's; the body's table gets a copy to wait on and signal, in slot park_slot:
 *       PROGRAM_SLOT_PARK for the first thread, slots from the top of the table downwards for the
 *       others.
 *   T3  thread_make leaves it stopped and bound to nothing; nothing of the program has run.
 */
#ifndef PROC_THREAD_H
#define PROC_THREAD_H

#include <byre/gen/kernel.h>

#include "body.h"
#include "slots.h"

enum { THREAD_PRIORITY = 8 };

struct thread {
    struct list in_body;
    struct object object;
    struct object park;
    uint32_t park_slot;
    uint64_t serial;
};

struct thread_start {
    uint64_t pc;
    uint64_t sp;
    uint64_t tp;
    uint64_t argument;
};

void thread_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit);

/* With the first one comes the table of the body. AGAIN: no slot for its park; NOMEM. */
[[nodiscard]] err_t thread_make(struct body *body, struct thread **thread_out);
/* T2, as a word of byre_cap_copies. */
static inline uint64_t thread_park_copy(const struct thread *thread)
{
    return slot_copy_word(thread->park.capability, thread->park_slot,
                          RIGHT_CALL | RIGHT_RECEIVE | RIGHT_GRANT);
}
/* body has its table, and holds its space. */
[[nodiscard]] err_t thread_run(const struct body *body, const struct thread *thread,
                               const struct thread_start *start);
/* The last one of a body, whose table goes with it. */
void thread_end_last(struct body *body, struct thread *thread);
/* Its objects go at once; whatever call it was in is over. In the body's table a dead park is
 * left. */
void thread_end(struct body *body, struct thread *thread);

/* At which it runs, or ran last: the kernel's count of harts, from 0. */
unsigned thread_hart(const struct thread *thread);
uint64_t thread_id(const struct thread *thread);
struct thread *thread_by_id(struct body *body, uint64_t id); /* of this body; NULL */
uint32_t thread_count(void);
void thread_tell(struct object_book *book); /* whose objects these are */
uint64_t thread_fail_after(uint64_t takes); /* tests */

#endif
