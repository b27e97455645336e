/* Text for servers: a small formatter, and a log over machine_log. No allocation, no state but the
 * capability that print_to was given, no locale, no floating point.
 *
 *   P1  Conversions: % d i u x X p c s, with flags - 0, width, precision (of s; * allowed for
 *       both) and lengths hh h l ll z. Anything else is copied as it stands.
 *   P2  format_text never writes more than `bytes` and always ends with NUL when bytes > 0; it
 *       returns the length that the whole text would have had, as snprintf does.
 *   P3  print cuts its text at PRINT_BYTES. Without a print_to it does nothing.
 */
#ifndef LIBSYS_PRINT_H
#define LIBSYS_PRINT_H

#include <stdarg.h>
#include <stddef.h>

#include <libsys/ipc.h>

enum { PRINT_BYTES = 256 };

__attribute__((format(printf, 3, 4))) size_t format_text(char *buffer, size_t bytes,
                                                         const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t format_text_list(char *buffer, size_t bytes,
                                                              const char *format, va_list list);

void print_to(cap_t machine); /* a MACHINE capability with CALL; 0 = silence */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
void print_bytes(const char *text, size_t bytes);

#endif
