/* The ends of processes, in steps, so that the end of many keeps nobody waiting for long.
 *
 *   N1  A process is doomed when it is in the list of those that are to end, or its tree is. It may
 *       run until its turn comes, but is answered nothing: a request of a doomed process ends it.
 *       So it makes no process and no thread any more, and hears of no child's end.
 *   N2  It ends with the status that doomed it, whatever it does until then.
 *   N3  At its end its body goes first, so that nothing of it runs or can ask. Then it is ENDING
 *       until its children have moved to init, then ZOMBIE; only then its parent hears of it.
 *   N4  The leader of a doomed tree is the last that becomes ZOMBIE: who has waited for it knows
 *       that all of them have ended.
 *   N5  A step (end_step) takes one body (at most 33 threads), moves END_CHILDREN children, or
 *       reaps END_ORPHANS. end_process does as much, and puts off what is left; end_tree puts off
 *       all.
 */
#ifndef PROC_END_H
#define PROC_END_H

#include "process.h"

enum { END_CHILDREN = 16, END_ORPHANS = 4 };

void end_init(void);

/* End a process with a wait status, and with it the children bound to it. Doomed: as N2 says. */
void end_process(struct process *process, int32_t status);
/* Doom every process of a tree. */
void end_tree(struct tree *tree, int32_t status);
bool end_is_doomed(const struct process *process);
/* A zombie whose status has been delivered (or is wanted by nobody). */
void end_reap(struct process *zombie);
/* A tree without members, and its account. */
void end_drop_tree(struct tree *tree);

bool end_work_waits(void); /* something may have been put off */
/* Do a step of it; false: there was nothing. */
bool end_step(void);

#endif
