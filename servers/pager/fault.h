/* Faults: from an address and a kind of access to the answer that goes back with the reply.
 *
 *   U1  resolve makes the path ready, takes the frame and its count (intent); the kernel writes the
 *       entry with the reply (step); finish drops the frame that was replaced, or, if the kernel
 *       did not write (the faulter has gone), the one that was taken (done).
 *   U2  Between resolve and finish no other request is served.
 *   U3  Rights come from the region. W is given where the frame is the space's alone, or the region
 *       is shared; never with X.
 *   U4  A page that is already as it should be is answered "look again". */
#ifndef PAGER_FAULT_H
#define PAGER_FAULT_H

#include "frame.h"
#include "space.h"
#include "table.h"
#include "types.h"

enum fault_answer {
    FAULT_MAP,   /* reply with MAP: leaf, word */
    FAULT_AGAIN, /* reply with FENCE */
    FAULT_KILL,  /* reply with FAIL, reason says why */
};

struct fault_step {
    enum fault_answer answer;
    unsigned reason;  /* FAULT_KILL: PAGER_REASON_* */
    frame_t leaf;     /* FAULT_MAP: the leaf table, */
    uint32_t index;   /* the entry in it, */
    uint32_t word;    /* and what to write */
    frame_t taken;    /* frame that got one count for the new entry, or none */
    frame_t replaced; /* frame whose entry goes, or none */
};

/* Resolve a page fault (FAULT_PAGE_READ, _WRITE or _EXECUTE). */
void fault_resolve(struct space *s, unsigned kind, uint64_t address, struct fault_step *step_out);
/* After the reply, whatever became of it: U1. */
static inline void fault_finish(const struct fault_step *step)
{
    if (step->answer != FAULT_MAP || step->taken.number == 0) {
        return;
    }
    uint64_t e = table_entries(step->leaf)[step->index];
    if (__builtin_expect(entry_frame(e).number != step->taken.number, 0)) {
        frame_unref(step->taken); /* the faulter had gone: the kernel wrote nothing */
    } else if (step->replaced.number != 0) {
        frame_unref(step->replaced);
    }
}

/* The same without a faulter, for wired regions, shared buffers and argument blocks: the entry is
 * written with table_map, and fenced where one was replaced. NOMEM, FAULT (no region or rights). */
[[nodiscard]] err_t fault_populate(struct space *s, uint32_t page, bool write);

/* The frame all of zeroes: count 1 is the pager's own. */
extern frame_t fault_zero_frame;
[[nodiscard]] err_t faults_start(void);

#endif
