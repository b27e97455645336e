/* The pager's threads: as many as harts. All of them wait at the one endpoint, and the kernel takes
 * one that waits to the hart of whoever calls or faults; none belongs to a hart.
 *
 *   R1  With one thread there is no lock, and no step is ever out.
 *   R2  With several, a thread has the lock whenever it is not on its way to the kernel with an
 *       answer, or filling a page for one (beside.h). */
#ifndef PAGER_WORKER_H
#define PAGER_WORKER_H

#include "audit.h"
#include "beside.h"
#include "lock.h"
#include "request.h"

struct worker {
    unsigned thread;
    bool is_alone; /* R1 */
    bool has_lock;
    cap_t reply;     /* its reply object for the next caller */
    bool comes_last; /* others waited for the lock as it was given */
    cap_t accept;    /* its slot for a capability that arrives */
};

/* The threads beside the first begin to serve: they call `live` with their number. */
void workers_start(uint64_t threads, void (*live)(uint64_t thread));
extern unsigned worker_count;
/* The thread with that number begins, and has the lock. */
struct worker worker_begin(unsigned thread);

/* Back from its reply, and about to take the lock. Each thread writes its own, the others read. */
extern bool worker_is_back[PAGER_THREADS_MAX];

/* Without the lock from here to there: on the way to the kernel, and back with the next message. */
static inline void worker_give_lock(struct worker *w)
{
    __atomic_store_n(&worker_is_back[w->thread], false, __ATOMIC_RELAXED); /* before it is given */
    w->has_lock = false;
    lock_give();
}

static inline void worker_take_lock(struct worker *w, bool is_last)
{
    __atomic_store_n(&worker_is_back[w->thread], true, __ATOMIC_RELEASE);
    if (is_last) {
        lock_wait();
    } else {
        lock_take();
    }
    w->has_lock = true;
    serving_thread = w->thread;
    beside_done(w->thread);
}

/* The same, if there is a lock, and it is not an audit's (L2). Requests are longer than faults: who served one
 * while others waited comes back behind them. */
static inline void worker_leave(struct worker *w)
{
    if (__builtin_expect(!w->is_alone, 0) && !audit_is_held()) {
        w->comes_last = lock_is_wanted();
        worker_give_lock(w);
    }
}

/* Between two slices of work: who waits for the lock comes first. */
static inline void worker_let_others(struct worker *w)
{
    if (__builtin_expect(!w->is_alone, 0) && lock_is_wanted()) {
        worker_give_lock(w);
        worker_take_lock(w, true);
    }
}

static inline void worker_return(struct worker *w)
{
    if (__builtin_expect(!w->is_alone, 0) && !w->has_lock) {
        worker_take_lock(w, w->comes_last);
    }
}

#endif
