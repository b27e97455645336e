/* Accounts at the pager: what each process tree may take of memory.
 *
 *   A1  Every tree has its own account while it has members; init's tree (the first shell's) is
 *       bounded by the machine alone.
 *   A2  A new tree may have seven eighths of what nobody has been promised, so that whatever it
 *       does, the next one still gets something, and the shell can answer.
 */
#ifndef PROC_ACCOUNT_H
#define PROC_ACCOUNT_H

#include <libsys/ipc.h>

[[nodiscard]] err_t account_open_unbounded(uint64_t account);
[[nodiscard]] err_t account_open(uint64_t account);
void account_close(uint64_t account);

#endif
