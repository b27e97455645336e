/* A body: what a process runs in. A space, a capability table with what every program finds in it
 * (<byre/program.h>), and threads. exec gives a process another body; its end takes the body away.
 *
 *   B1  An empty body (body_init, body_unmake) holds nothing of kernel or pager.
 *   B2  A body is made in two steps, space and then equipment; a step that fails has undone itself,
 *       and body_unmake takes back whatever the steps before it made.
 *   B3  Nothing of the program runs before thread_run.
 *   B4  body_unmake first ends the threads, then the table, then the space (the kernel refuses to
 *       destroy what threads are bound to); the pager frees the space's memory by itself.
 */
#ifndef PROC_BODY_H
#define PROC_BODY_H

#include <stdbool.h>

#include <libsys/list.h>
#include <libsys/load.h>

#include "object.h"

struct body {
    uint64_t space_id; /* 0: no space */
    cap_t space;       /* BIND */
    cap_t captable;    /* all rights */
    struct object_place captable_place;
    uint64_t park_slots; /* bit s: slot s of the table holds the park of a thread */
    uint32_t thread_count;
    struct list threads; /* struct thread */
};

struct thread;

void body_init(struct body *body);
/* With heap and stack as the plan says; its regions are still to come. */
[[nodiscard]] err_t body_make_space(struct body *body, uint64_t account, uint64_t parent_space,
                                    const struct load_plan *plan);
/* stack_pointer: where the child will write first. */
[[nodiscard]] err_t body_fork_space(struct body *body, uint64_t from_space, uint64_t account,
                                    uint64_t stack_pointer);
/* The table, filled for the process with that badge, and the first thread. auditor: it gets the
 * audit and machine capabilities too. */
[[nodiscard]] err_t body_equip(struct body *body, uint64_t badge, bool auditor,
                               struct thread **thread_out);
void body_unmake(struct body *body);
/* to is empty; from is empty afterwards. */
void body_move(struct body *to, struct body *from);

#endif
