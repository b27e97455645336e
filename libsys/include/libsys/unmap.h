/* Unmapping: the pager does as much at a time as lets it look at its queue, from the end down. */
#ifndef LIBSYS_UNMAP_H
#define LIBSYS_UNMAP_H

#include <byre/gen/pager_client.h>

/* All of the range. What is answered with an error leaves the lower pages, whose number is left. */
[[nodiscard]] static inline err_t unmap_some(cap_t pager, uint64_t address, uint64_t *pages_left)
{
    while (*pages_left > 0) {
        uint64_t done;
        err_t error = pager_unmap(pager, address, *pages_left, &done);
        if (error != ERR_OK) {
            return error;
        }
        *pages_left -= done;
    }
    return ERR_OK;
}

[[nodiscard]] static inline err_t unmap_all(cap_t pager, uint64_t address, uint64_t pages)
{
    return unmap_some(pager, address, &pages);
}

#endif
