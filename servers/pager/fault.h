/* Faults: from an address and a kind of access to the answer that goes back with the reply.
 *
 *   U1  resolve makes the path ready, takes the frame and its count (intent); fill zeroes it or
 *       copies to it; the kernel writes the entry with the reply (step); finish drops the frame
 *       that was replaced, or, if the kernel did not write (the faulter has gone), the one that was
 *       taken (done).
 *   U2  Between resolve and finish nothing else touches the space; of its other faults, beside.h
 *       says which.
 *   U3  Rights come from the region. W is given where the frame is the space's alone, or the region
 *       is shared; never with X.
 *   U4  A page that is already as it should be is answered "look again". */
#ifndef PAGER_FAULT_H
#define PAGER_FAULT_H

#include "frame.h"
#include "page.h"
#include "space.h"
#include "table.h"
#include "types.h"

#define FAULT_INLINE static inline __attribute__((always_inline))

enum fault_answer {
    FAULT_MAP,   /* reply with MAP: leaf, word */
    FAULT_AGAIN, /* reply with FENCE */
    FAULT_KILL,  /* reply with FAIL, reason says why */
};

/* What the frame that was taken is to hold before the entry names it. */
enum fault_fill {
    FILL_NOTHING, /* what it does */
    FILL_ZEROES,
    FILL_COPY,      /* what the source does */
    FILL_BEGINNING, /* the first source_bytes of the source, and zeroes */
};

struct fault_step {
    enum fault_answer answer;
    unsigned reason; /* FAULT_KILL: PAGER_REASON_* */
    enum fault_fill fill;
    uint64_t leaf;                  /* FAULT_MAP: the frame of the leaf table, */
    const volatile uint64_t *entry; /* the entry in it, */
    uint64_t word;                  /* and what to write: a map word */
    frame_t taken;                  /* frame that got one count for the new entry, or none */
    frame_t replaced;               /* frame whose entry goes, or none */
    frame_t source;                 /* FILL_COPY, FILL_BEGINNING */
    uint32_t source_bytes;
};

/* Resolve a page fault (FAULT_PAGE_READ, _WRITE or _EXECUTE); fault_near.h has a shorter way for
 * those that follow one another. */
void fault_resolve(struct space *s, unsigned kind, uint64_t address, struct fault_step *step_out);
/* The same for the space of that id, if it is still there. */
void fault_resolve_id(uint64_t id, unsigned kind, uint64_t address, struct fault_step *step_out);
/* Before the reply: the long part, which touches nothing but the frame that was taken. */
FAULT_INLINE void fault_fill(const struct fault_step *step)
{
    if (step->fill == FILL_NOTHING) {
        return;
    }
    if (step->fill == FILL_COPY) {
        page_copy(step->taken, step->source);
        return;
    }
    page_zero(step->taken);
    if (step->fill == FILL_BEGINNING) {
        __builtin_memcpy(pager_pointer(step->taken), pager_pointer(step->source),
                         step->source_bytes);
    }
}

/* After the reply, whatever became of it: U1. */
FAULT_INLINE void fault_finish_entry(const volatile uint64_t *entry, frame_t taken,
                                     frame_t replaced)
{
    if (taken.number == 0) {
        return;
    }
    if (__builtin_expect(entry_frame(*entry).number != taken.number, 0)) {
        frame_unref(taken); /* the faulter had gone: the kernel wrote nothing */
    } else if (replaced.number != 0) {
        frame_unref(replaced);
    }
}

FAULT_INLINE void fault_finish(const struct fault_step *step)
{
    fault_finish_entry(step->entry, step->taken, step->replaced);
}

/* The same without a faulter, for wired regions, shared buffers and argument blocks: the entry is
 * written with table_map, and fenced where one was replaced. NOMEM, FAULT (no region or rights). */
[[nodiscard]] err_t fault_populate(struct space *s, uint32_t page, bool write);

/* The frame all of zeroes: count 1 is the pager's own. */
extern frame_t fault_zero_frame;
[[nodiscard]] err_t faults_start(void);

#endif
