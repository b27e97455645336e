/* A body: what a process runs in. A space, a capability table with what every program finds in it
 * (<byre/program.h>), and threads. exec gives a process another body; its end takes the body away.
 *
 *   B1  An empty body (body_init, body_unmake) holds nothing of kernel or pager.
 *   B2  A body is made in two steps, space and then equipment; body_unmake takes back whatever was
 *       made, when a step fails.
 *   B3  Nothing of the program runs before body_run.
 *   B4  body_unmake first ends the threads, then the table, then the space (the kernel refuses to
 *       destroy what threads are bound to); the pager frees the space's memory by itself.
 *   B5  The capability of a body's space is held only until its thread has begun; one body at a
 *       time holds one, in a slot that serves all, in which the pager's answer leaves it.
 */
#ifndef PROC_BODY_H
#define PROC_BODY_H

#include <stdbool.h>

#include <libsys/list.h>

#include "image.h"
#include "object.h"

/* Where the argument block of a new program lies. */
struct body_block {
    uint64_t space_id; /* of who built it */
    uint64_t address;
    uint64_t bytes;
};

struct body {
    uint64_t space_id; /* 0: no space */
    cap_t space;       /* BIND, while it is held (B5); else 0 */
    struct object captable;
    uint64_t park_slots; /* bit s: slot s of the table holds the park of a thread */
    uint32_t thread_count;
    struct list threads; /* struct thread */
};

struct thread;
struct thread_start;

void bodies_init(void);

void body_init(struct body *body);
/* With a program in it, and its argument block at the end of the stack: at *block_out. */
[[nodiscard]] err_t body_make_space(struct body *body, uint64_t account, struct image *image,
                                    const struct body_block *block, uint64_t *block_out);
/* One of `from`'s threads waits for the answer. stack_pointer: where the child will write first. */
[[nodiscard]] err_t body_fork_space(struct body *body, const struct body *from, uint64_t account,
                                    uint64_t stack_pointer);
/* The table, filled for the process with that badge, and the first thread. auditor: it gets the
 * audit and machine capabilities too. */
[[nodiscard]] err_t body_equip(struct body *body, uint64_t badge, bool auditor,
                               struct thread **thread_out);
[[nodiscard]] err_t body_run(struct body *body, const struct thread *thread,
                             const struct thread_start *start);
/* Another thread, running. AGAIN: no slot for its park; NOMEM. */
[[nodiscard]] err_t body_add_thread(struct body *body, const struct thread_start *start,
                                    struct thread **thread_out);
/* Its end; others go on. */
void body_drop_thread(struct body *body, struct thread *thread);
/* A bit for each hart at which one of its threads runs, or ran last. */
uint64_t body_harts(const struct body *body);
void body_unmake(struct body *body);
/* to is empty; from is empty afterwards. */
void body_move(struct body *to, struct body *from);

#endif
