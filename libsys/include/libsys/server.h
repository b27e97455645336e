/* What a server defines: the function that libsys/core/start.S calls, with what its loader put in
 * a0 and a1 (meaning: <byre/server.h>, <byre/pager_boot.h>). It does not return. */
#ifndef LIBSYS_SERVER_H
#define LIBSYS_SERVER_H

#include <stdint.h>

void server_main(uint64_t argument0, uint64_t argument1);

#endif
