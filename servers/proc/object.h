/* Memory for kernel objects: which slots of which OBJECT pages are free.
 *
 * The pager hands out whole OBJECT chunks (object_memory); here they are divided. A page keeps the
 * size class of its first object (the kernel's rule), so each kind has its own list of pages with
 * room, and a page that was never used can serve any kind.
 *
 *   O1  A bit of page->free is set exactly when no object of ours stands there.
 *   O2  A page is in its kind's list exactly when it has a class and a free place.
 *   O3  The first chunk is kept; every other goes back to the pager when nothing but spares lives
 *       in it, and places in the first one are taken first, so that the others can empty.
 *   O4  Everything is O(1), but for the return of a chunk (its 510 pages, and a look at all
 *       spares).
 *   O5  Some of the threads, tables and notifications that are unmade are kept as spares for the
 *       next object_make. The kernel has renewed them: they are empty, and nobody's capability but
 *       proc's names them. A spare keeps no memory from anyone (O3), and no record.
 */
#ifndef PROC_OBJECT_H
#define PROC_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/object_book.h>
#include <libsys/store.h>

enum object_kind {
    OBJECT_KIND_THREAD,
    OBJECT_KIND_CAPTABLE, /* of a program: PROGRAM_CAPTABLE_SLOTS */
    OBJECT_KIND_SMALL,    /* notifications and reply objects share a size class */
    OBJECT_KINDS,
};

/* An object of proc's: where it stands (nowhere: init made it, or there is none), and its
 * capability, with all rights, in proc's own table. */
struct object {
    struct object_place place;
    cap_t capability;
    uint32_t type;
};

struct object_statistics {
    uint32_t chunks;
    uint32_t live; /* spares, too */
    uint32_t spare;
};

void object_memory_init(const struct store_owner *owner, uint64_t chunks_at);

/* PROC_ERR_NOMEM: no memory for it, or no slot. */
[[nodiscard]] err_t object_make(uint64_t type, struct object *object_out);
/* What a body of one thread needs, of the spares. False: one is missing, and nothing was taken. */
[[nodiscard]] bool object_take_spares(struct object *table, struct object *thread,
                                      struct object *park);
/* All that such a body had is renewed, in one call, and kept; none of it is the body's afterwards.
 * False: it is to be unmade one by one. */
[[nodiscard]] bool object_leave_spares(struct object *table, struct object *thread,
                                       struct object *park);
/* Destroy it, or keep it as a spare; none is ignored. */
void object_unmake(struct object *object);
/* It stands in the first chunk: keeping it for later keeps no other chunk from going (O3). */
bool object_may_be_kept(const struct object *object);
/* Keep spares, or none, and drop those there are: tests. */
void object_keep_spares(bool keep);
void object_tell(struct object_book *book); /* of the spares */

struct object_statistics object_memory_statistics(void);
uint64_t object_fail_after(uint64_t takes); /* tests */

#endif
