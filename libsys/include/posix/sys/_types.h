/* picolibc's nlink_t has 16 bits; see machine/_types.h. */
#ifndef LIBSYS_POSIX_SYS_TYPES_H
#define LIBSYS_POSIX_SYS_TYPES_H

#define __nlink_t __picolibc_nlink_t
#include_next <sys/_types.h>
#undef __nlink_t
typedef unsigned long __nlink_t;

#endif
