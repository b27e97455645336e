/* The kernel objects that init makes and keeps: endpoints, and threads, tables and notifications
 * of the servers. Made once, in pages of boot's OBJECT chunk, never destroyed by init. They stand
 * in a book with the three that the kernel made for init (<byre/object_book.h>). */
#ifndef INIT_OBJECT_H
#define INIT_OBJECT_H

#include <byre/boot_info.h>
#include <libsys/ipc.h>

/* Begin the book. */
void object_init(const struct boot_info *info);
/* Its address, for the pager. */
uint64_t object_book_address(void);
/* A capability with all rights in a fresh slot of init's. */
cap_t object_new(uint64_t type);
cap_t object_new_captable(uint64_t slots);
/* A reply object straight into a server's table: it cannot be copied there. */
void object_new_reply(cap_t table, cap_t slot);

#endif
