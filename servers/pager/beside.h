/* Faults served beside one another, where the pager has several threads: the long part of a fault,
 * which fills a page, and its reply are done without the lock.
 *
 *   Z1  A step is out from the moment when its thread gives the lock until the kernel has done its
 *       reply, with the entry and the fence. Meanwhile it owns its entry, the frame that was taken,
 *       and one count of the frame that is replaced, so that nobody writes to what is copied. The
 *       entry stands in a leaf table that is its space's alone, as is the path to it.
 *   Z2  Common faults (fault_near.h) of other entries are served while steps are out. Whatever else
 *       touches a space's tables or regions waits until none of that space's is (beside_alone_of);
 *       what may look at any space's, until none is at all (beside_alone). So nothing a step relies
 *       on changes: the tables of a path that is private are reached through that space alone, and
 *       the count that a step has keeps the frame, whatever else lets go of it. Teardown, which
 *       only lets go, waits for nobody.
 *   Z3  A step whose reply is done is finished by its thread or by whoever needs it finished, once.
 *   Z4  Whoever would copy a frame that a step replaces first looks whether it is the last owner
 *       now.
 *   Z5  A space has at most one reach (fault_near.h), for Q1: spaces that share a place take turns.
 *   Z6  A fork holds parent and child while it copies pages without the lock: as if a step of
 *       theirs were out, and they have no reach, so that none of their faults is common.
 *
 * All of it is called with the lock held. */
#ifndef PAGER_BESIDE_H
#define PAGER_BESIDE_H

#include <byre/pager_boot.h>

#include "fault_near.h"

struct pager_request;

/* What is needed of a step to finish it. */
struct beside_step {
    uint64_t space_id;
    frame_t taken;
    frame_t replaced;
};

enum { BESIDE_REACHES = 8 };

struct beside {
    unsigned threads; /* 0: there is but one, and no step is ever out */
    const volatile uint64_t
        *out[PAGER_THREADS_MAX]; /* the entry of a step that is out; NULL: none */
    struct beside_step steps[PAGER_THREADS_MAX];
    struct fault_reach reaches[BESIDE_REACHES]; /* by index of the space (Z5) */
};

extern struct beside beside;

/* What waiting needs to know of threads; worker.c tells it, and the tests. Is the reply of a thread
 * whose step is out done? Let others run for a moment. */
bool beside_reply_is_done(unsigned thread);
void beside_let_run(void);

/* The thread's reply is done: finish its step, if nobody has. */
FAULT_INLINE void beside_done(unsigned thread)
{
    const volatile uint64_t *entry = beside.out[thread];
    if (entry != NULL) {
        const struct beside_step *s = &beside.steps[thread];
        beside.out[thread] = NULL;
        fault_finish_entry(entry, s->taken, s->replaced);
    }
}

/* Hold two spaces (Z6), by this thread, and give the lock; take it back, and let them go: they may
 * have ended since. worker.c has both, and the tests. */
unsigned beside_go_out(uint64_t parent_id, uint64_t child_id);
void beside_come_back(unsigned thread);
void beside_hold(unsigned thread, uint64_t parent_id, uint64_t child_id);
bool beside_holds(uint64_t space_id);

/* Of so many entries from this one on, how many come before the first that a step owns (Z1). */
unsigned beside_free_entries(const volatile uint64_t *entry, unsigned count);

/* Finish all steps, for whoever is short of memory: they may let frames go. False: none is out. */
bool beside_settle(void);
/* Wait until no step is out, or none of one space, and forget what common faults remember of it. */
void beside_alone(void);
void beside_alone_of(uint64_t space_id);
/* The one or the other, as the request needs it. */
void beside_alone_for(const struct pager_request *request LENT);

/* Finish the steps that replace this frame and whose reply is done (Z4). */
FAULT_INLINE void beside_let_go(frame_t frame)
{
    for (unsigned t = 0; t < beside.threads; t++) {
        if (beside.steps[t].replaced.number == frame.number && beside.out[t] != NULL &&
            beside_reply_is_done(t)) {
            beside_done(t);
        }
    }
}

/* May the fault of this entry be served now? Z1, Z4. */
FAULT_INLINE bool beside_may_serve(const volatile uint64_t *entry)
{
    const volatile uint64_t *const *end = beside.out + beside.threads;
    for (const volatile uint64_t *const *out = beside.out; out != end; out++) {
        if (*out == entry) {
            return false;
        }
    }
    frame_t frame = entry_frame(*entry);
    if (frame.number != 0) {
        beside_let_go(frame);
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
        if (beside_holds(id)) {
            fault_reach_empty(reach);
        } else {
            *reach = fault_reach_around(id, page);
        }
    }
    if (__builtin_expect(reach->pages != 0 &&
                             beside_may_serve(reach->entries + (page & (GROUP_PAGES - 1))),
                         1) &&
        resolve_in_reach(reach, kind, page, step_out)) {
        return;
    }
    struct fault_step step; /* step_out may live in registers */
    beside_alone_of(id);    /* Z2 */
    fault_resolve_id(id, (unsigned)kind, address, &step);
    *step_out = step;
}

/* The thread's step, of that space, is out, if it is one that maps. It has none yet. */
FAULT_INLINE void beside_put(unsigned thread, uint64_t space_id, const struct fault_step *step)
{
    PAGER_ASSERT(beside.out[thread] == NULL);
    if (step->answer == FAULT_MAP) {
        beside.out[thread] = step->entry;
        beside.steps[thread] = (struct beside_step){
            .space_id = space_id, .taken = step->taken, .replaced = step->replaced};
    }
}

#endif
