/* Memory of a space as its owner asks for it: regions added, removed, given other rights. Each
 * operation checks, promises and prepares what may fail, and then changes what cannot.
 *
 *   M1  What fails changes nothing that can be seen.
 *   M2  A region's promise is held before the region is there, and given back after it is gone.
 *   M3  A stack is neither unmapped nor protected; the page below it is nobody's. Device registers
 *       keep their rights: their frames have no records from which a fault could restore them.
 *   M4  Nothing stands at page 0, nor in the audit window.                                       */
#ifndef PAGER_MEMORY_H
#define PAGER_MEMORY_H

#include "space.h"
#include "types.h"

enum { MEMORY_REGIONS_AT_ONCE = 64 };
enum { MEMORY_SHARE_PAGES_MAX = 256 };
enum {
    MEMORY_COPY_BYTES_MAX = 64 * PAGE_BYTES,
    MEMORY_COPY_ALIGNMENT = 16,
    MEMORY_COPY_PAGES_AT_ONCE = 2,
};

/* Add a region. EXIST, INVAL, NOMEM, AGAIN. TAKES the reference to its object on success. */
[[nodiscard]] err_t memory_add(struct space *s, const struct region *region);
/* Remove all regions of [first, end). INVAL, NOMEM. */
[[nodiscard]] err_t memory_remove(struct space *s, uint32_t first, uint32_t end);
/* The same of as much at the end of the range as is cheap, at least one page: [*first_out, end). */
[[nodiscard]] err_t memory_remove_some(struct space *s, uint32_t first, uint32_t end,
                                       uint32_t *first_out);
/* Other rights for [first, end), of which at least one page and as many as are cheap are done:
 * [first, *end_out). What is checked is the range, as far as one answer could go at most. NOMEM:
 * not all of it is mapped, or no memory; ACCES, INVAL. */
[[nodiscard]] err_t memory_protect(struct space *s, uint32_t first, uint32_t end, unsigned rights,
                                   uint32_t *end_out);
/* Touch every page of [first, end), which regions hold, with the rights that they have. */
[[nodiscard]] err_t memory_populate(struct space *s, uint32_t first, uint32_t end);

/* Are these rights ones that an entry can have? none, R, RW, RX. */
bool memory_rights_valid(unsigned rights);
/* A page range from an address and a count; INVAL when it is not one of user mode's. */
[[nodiscard]] err_t memory_range(uint64_t address, uint64_t pages, uint32_t *first_out,
                                 uint32_t *end_out);
/* The lowest place for so many private or shared pages above those there are; NOMEM. */
[[nodiscard]] err_t memory_place(const struct space *s, uint32_t pages, bool shared,
                                 uint32_t *first_out);

/* Move the end of the heap; down by as much as memory_remove_some does. NOMEM, INVAL. */
[[nodiscard]] err_t memory_break(struct space *s, uint64_t address);
/* Map anonymous memory; first 0: anywhere. */
[[nodiscard]] err_t memory_map(struct space *s, uint32_t first, uint32_t pages, unsigned rights,
                               bool shared, uint32_t *first_out);
/* Map a whole shared object and populate it. The caller holds a reference and keeps it. */
[[nodiscard]] err_t memory_map_object(struct space *s, struct object *object LENT, unsigned rights,
                                      uint32_t *first_out);
/* Begin to copy bytes of a space to the end of the stack of another, where nothing stands yet but
 * what a shell may have left; they are to begin at *target_out. FAULT: they cannot be read (the
 * other is to be destroyed); INVAL, NOMEM. */
[[nodiscard]] err_t memory_copy(struct space *from, uint64_t address, uint64_t bytes,
                                struct space *to, const struct region *stack LENT,
                                uint64_t *target_out, uint64_t *copied_out);
/* Go on with it at `target`, with the same answers; as many bytes are copied as are cheap, at least
 * some. */
[[nodiscard]] err_t memory_copy_on(struct space *from, uint64_t address, uint64_t bytes,
                                   struct space *to, uint64_t target, uint64_t *copied_out);

#endif
