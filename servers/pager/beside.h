/* Faults served beside one another, where the pager has several threads: the long part of a fault, which
 * fills a page, and its reply are done without the lock.
 *
 *   Z1  A step is out from the moment when its thread gives the lock until the kernel has done its
 *       reply, with the entry and the fence. Meanwhile it owns its entry, the frame that was taken, and
 *       one count of the frame that is replaced, so that nobody writes to what is copied.
 *   Z2  Common faults (fault_near.h) of other entries are served while steps are out. Whatever else
 *       touches the books waits until none is (beside_alone): so nothing a step relies on changes.
 *   Z3  A step whose reply is done is finished by its thread or by whoever needs it finished, once.
 *   Z4  Whoever would copy a frame that a step replaces first looks whether it is the last owner now.
 *   Z5  A space has at most one reach (fault_near.h), for Q1: spaces that share a place take turns.
 *
 * All of it is called with the lock held. */
#ifndef PAGER_BESIDE_H
#define PAGER_BESIDE_H

#include <byre/pager_boot.h>

#include "fault_near.h"

struct beside_step {
    const volatile uint64_t *out; /* the entry of a step that is out; NULL: none is */
    struct fault_step step;
};

enum { BESIDE_REACHES = 8 };

struct beside {
    unsigned threads; /* 0: there is but one, and no step is ever out */
    struct beside_step steps[PAGER_THREADS_MAX];
    struct fault_reach reaches[BESIDE_REACHES]; /* by index of the space (Z5) */
};

extern struct beside beside;

/* What waiting needs to know of threads; worker.c tells it, and the tests. Is the reply of a thread whose
 * step is out done? Let others run for a moment. */
bool beside_reply_is_done(unsigned thread);
void beside_let_run(void);

/* The thread's reply is done: finish its step, if nobody has. */
FAULT_INLINE void beside_done(unsigned thread)
{
    if (beside.steps[thread].out != NULL) {
        beside.steps[thread].out = NULL;
        fault_finish(&beside.steps[thread].step);
    }
}

/* Of so many entries from this one on, how many come before the first that a step owns (Z1). */
unsigned beside_free_entries(const volatile uint64_t *entry, unsigned count);

/* Wait until no step is out, and forget what common faults remember. */
void beside_alone(void);

/* May the fault of this entry be served now? Z1, Z4. */
FAULT_INLINE bool beside_may_serve(const volatile uint64_t *entry)
{
    uint32_t frame = entry_frame(*entry).number;
    for (unsigned t = 0; t < beside.threads; t++) {
        const struct beside_step *s = &beside.steps[t];
        if (s->out == entry) {
            return false;
        }
        if (s->out != NULL && s->step.replaced.number == frame && frame != 0 &&
            beside_reply_is_done(t)) {
            beside_done(t);
        }
    }
    return true;
}

/* fault_resolve_id, beside the steps that are out if that may be. */
FAULT_INLINE void beside_resolve(uint64_t id, uint64_t kind, uint64_t address,
                                 struct fault_step *step_out)
{
    struct fault_reach *reach = &beside.reaches[id % BESIDE_REACHES];
    uint64_t page = address >> PAGE_SHIFT;
    if (__builtin_expect(id != reach->id || page - reach->first_page >= reach->pages, 0)) {
        *reach = fault_reach_around(id, page);
    }
    if (__builtin_expect(reach->pages != 0 &&
                             beside_may_serve(reach->entries + (page & (GROUP_PAGES - 1))),
                         1) &&
        resolve_in_reach(reach, kind, page, step_out)) {
        return;
    }
    struct fault_step step; /* step_out may live in registers */
    beside_alone();         /* Z2 */
    fault_resolve_id(id, (unsigned)kind, address, &step);
    *step_out = step;
}

/* The thread's step, if it is one that maps, is out. It has none yet. */
FAULT_INLINE void beside_put(unsigned thread, const struct fault_step *step)
{
    struct beside_step *s = &beside.steps[thread];
    PAGER_ASSERT(s->out == NULL);
    if (step->answer == FAULT_MAP) {
        s->out = step->entry;
        s->step = *step;
    }
}

#endif
