/* What the tests of processes' lives and ends share: a shell, child of init, in a fresh proc. */
#ifndef TESTS_PROC_FAMILY_H
#define TESTS_PROC_FAMILY_H

#include "life.h"
#include "world.h"

#define ANY UINT64_MAX

extern const struct body_block family_block;
extern struct process *shell;

int family_begin_all(void **state);
int family_begin(void **state);
/* Nothing is left but init: the last assertion of every test. */
int family_end(void **state);
/* Do all that was put off. */
void family_finish(void);
struct process *fork_of(struct process *parent);
void assert_same(struct world_count before, struct world_count after);

#endif
