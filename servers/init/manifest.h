/* etc/manifest of the boot archive: which servers there are, where, at which priority. A line each:
 * name, member, priority, separated by blanks; # begins a comment. */
#ifndef INIT_MANIFEST_H
#define INIT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

enum { MANIFEST_PATH_BYTES = 64 };

struct manifest_entry {
    char path[MANIFEST_PATH_BYTES];
    uint64_t priority;
};

/* False: no such server in the text. */
[[nodiscard]] bool manifest_find(const char *text, uint64_t bytes, const char *name,
                                 struct manifest_entry *entry_out);

#endif
