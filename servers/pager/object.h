/* Shared memory objects: anonymous pages that several spaces map, with the cache of their frames.
 *
 *   O1  Each cached frame counts one for the cache slot that names it.
 *   O2  refs == regions (by block, G6) that name the object; the last one lets its frames go, in
 *       slices (teardown.h).
 *   O3  Its pages are promised when it is made, to the account of the maker, until it is gone.
 *   O4  A key opens an object once, and only to a server (a trusted badge): keys can be guessed.
 *   O5  One index of OBJECTS_SMALL_SHARE is for accounts that have few objects or no limit, so that
 *       one tree cannot keep all others from sharing memory.
 *
 * Frames are found by two levels of index pages, made when a page is first touched. */
#ifndef PAGER_OBJECT_H
#define PAGER_OBJECT_H

#include "types.h"

enum { OBJECTS_SMALL_SHARE = 4, ACCOUNT_SMALL_OBJECTS = 64 };

void objects_start(uint64_t seed);
/* An object with one reference; its pages are promised already. NOMEM. */
[[nodiscard]] err_t object_create(uint32_t pages, struct account *account KEEPS,
                                  struct object **object_out GIVES);
struct object *object_at(uint32_t index); /* NULL: none */
void object_ref(struct object *object LENT);
void object_unref(struct object *object TAKES);
/* A fresh key for share_map. */
uint64_t object_open(struct object *object);
/* The frame of a page, made and zeroed when there is none yet; the cache keeps its own count. */
[[nodiscard]] err_t object_page(struct object *object, uint32_t page, frame_t *frame_out LENT);
/* Cached frame or FRAME_NONE. */
frame_t object_peek(const struct object *object, uint32_t page);
/* One slice of taking dead objects apart; false when there was none. */
bool object_sweep(void);

#endif
