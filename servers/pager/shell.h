/* Shells: what an ended space leaves for the next one, so that it need not be made again.
 *
 *   H1  A shell is a kernel object, renewed, so that no capability from before names it (S5), and
 *       its root table, which is bound to it.
 *   H2  With a path: the root's one entry leads to the shell's middle table, whose one entry leads
 *       to its leaf table, whose one entry, if it has any, names a frame that is the shell's alone:
 *       that of `page`. Without: the root is empty.
 *   H3  They count as free: whoever is short, counts or audits lets them go first (A4).
 *
 * What both parent and child of a fork write first is their stack, so a child that ends and the
 * next one need the same path, and a frame for the same page. */
#ifndef PAGER_SHELL_H
#define PAGER_SHELL_H

#include "space.h"

/* What a space that has ended, and whose object is renewed, leaves. What the next one has no use
 * for is let go: at once, or by teardown. False: shells enough; nothing was done. */
[[nodiscard]] bool shell_has_room(void);
void shell_keep(const struct space *s TAKES);

/* The next one for a space that will write `page` first (0: none): with the path to it if the shell
 * has that. When `with_frame` the page's entry may be there, with whatever its frame holds. False:
 * none. */
[[nodiscard]] bool shell_take(uint32_t page, bool with_frame, struct shell *shell_out GIVES);
/* A path and what hangs on it goes; the root is empty then. */
void shell_drop_path(struct shell *shell LENT);

#endif
