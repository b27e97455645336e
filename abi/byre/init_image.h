/* The boot archive's first member, servers/init, as boot/ finds it: tools/archive.py has laid the
 * program's segments out in whole pages, so that nobody needs to read archives or programs before
 * there is a user mode.
 *
 *   U1  The archive's page 0 holds the member's cpio header and name, page 1 this header; then come
 *       text_pages, rodata_pages and data_pages.
 *   U2  They appear in this order from SERVER_IMAGE on, followed by bss_pages of zeroes; text is R
 *       X, rodata R, data and bss R W.
 *   U3  All of it takes at most INIT_IMAGE_PAGES_MAX pages.
 */
#ifndef BYRE_INIT_IMAGE_H
#define BYRE_INIT_IMAGE_H

#include <stdint.h>

#define INIT_IMAGE_MAGIC 0x306567616d69692eul /* ".iimage0", little endian */

enum { INIT_IMAGE_PAGES_MAX = 256 };

struct init_image {
    uint64_t magic;
    uint64_t entry;
    uint16_t text_pages;
    uint16_t rodata_pages;
    uint16_t data_pages;
    uint16_t bss_pages;
};

#endif
