/* The lives of processes: birth by fork and spawn, another program by exec. How they end is in
 * end.h.
 *
 *   F1  Decode, make everything, then commit: a request that fails at any step leaves caller,
 *       table, pager and kernel as they were (each step undoes itself in reverse).
 *   F2  A child runs its first instruction after everything about it is in the books.
 *   F3  exec takes the old body away before the new program's first instruction, and only when
 *       nothing can fail any more.
 */
#ifndef PROC_LIFE_H
#define PROC_LIFE_H

#include "process.h"
#include "thread.h"

/* AGAIN: no place for another process; NOMEM; of the path: NOENT, NOEXEC; of the block: INVAL,
 * 2BIG. flags: SPAWN_*. */
[[nodiscard]] err_t life_spawn(struct process *parent, const char *path,
                               const struct body_block *block, uint64_t flags,
                               struct process **child_out);
[[nodiscard]] err_t life_fork(struct process *parent, const struct thread_start *start,
                              struct process **child_out);
[[nodiscard]] err_t life_exec(struct process *process, const char *path,
                              const struct body_block *block);

#endif
