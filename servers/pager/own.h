/* The pager's own kernel objects, beside those that init gave it: what they are, where they stand,
 * and the book that tells an auditor (<byre/object_book.h>).
 *
 *   W1  Each stands in a place of its own, in OBJECT pages that nothing else uses.               */
#ifndef PAGER_OWN_H
#define PAGER_OWN_H

#include "types.h"

enum own_object {
    OWN_THREAD, /* the janitor; alone in its page */
    OWN_WAKE,   /* its notification */
    OWN_REPLY,  /* for a second caller */
    OWN_AUDIT,  /* the endpoint of the audit that goes on */
    OWN_OBJECTS,
};

enum { OWN_OBJECT_PAGES = 2 };

void own_start(frame_t first_object_page);
/* Into the empty slot `target` of the pager's table, with all rights. */
void own_make(enum own_object object, cap_t target);
/* Destroy it; slot is empty then. Whoever waits on it is told PEER_GONE. */
void own_unmake(enum own_object object, cap_t slot);

struct object_book;
const struct object_book *own_book(void);

#endif
