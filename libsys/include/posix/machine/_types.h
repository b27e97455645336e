/* Widths that picolibc leaves at 16 bits for a bare machine. Everything that shares a struct stat
 * with libsys must be compiled with these. */
#ifndef LIBSYS_POSIX_MACHINE_TYPES_H
#define LIBSYS_POSIX_MACHINE_TYPES_H

#include_next <machine/_types.h>

#define __machine_ino_t_defined
typedef unsigned long __ino_t;
#define __machine_dev_t_defined
typedef unsigned long __dev_t;
#define __machine_uid_t_defined
typedef unsigned int __uid_t;
#define __machine_gid_t_defined
typedef unsigned int __gid_t;

#endif
