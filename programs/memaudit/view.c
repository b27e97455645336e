/* Reading through the windows, and writing findings down. Contract: audit.h. */
#include "audit.h"

#include <stdarg.h>
#include <stddef.h>

#include <byre/gen/kernel.h>
#include <byre/pager_boot.h>
#include <libsys/print.h>

enum { INDEX_BITS = 9, LEVELS = 3 };

void audit_find(struct audit *audit, const char *format, ...)
{
    if (audit->findings < FINDINGS_MAX) {
        va_list list;
        va_start(list, format);
        format_text_list(audit->finding[audit->findings], FINDING_BYTES, format, list);
        va_end(list);
    }
    audit->findings++;
}

unsigned audit_kind(const struct audit *audit, uint64_t frame)
{
    return audit_has_frame(audit, frame) ? audit_chunk(audit, frame)->kind : KIND_FIRMWARE;
}

const struct table_record *audit_table_record(const struct audit *audit, uint64_t frame)
{
    const struct table_record *records = audit_frame(audit, frame & ~(uint64_t)(CHUNK_PAGES - 1));
    return &records[frame % CHUNK_PAGES];
}

static bool is_readable(const struct audit *audit, uint64_t frame)
{
    unsigned kind = audit_kind(audit, frame);
    return kind == KIND_USER || kind == KIND_TABLE;
}

/* A space's tables, root to leaf, never trusting what they say. */
static bool translate(const struct audit *audit, uint64_t root, uint64_t address,
                      uint64_t *physical_out)
{
    uint64_t table = root;
    for (int level = LEVELS - 1; level >= 0; level--) {
        if (audit_kind(audit, table) != KIND_TABLE) {
            return false;
        }
        const uint64_t *entries = audit_frame(audit, table);
        uint64_t index = address >> (PAGE_SHIFT + INDEX_BITS * level) & (TABLE_ENTRIES - 1);
        uint64_t entry = entries[index];
        if ((entry & PTE_V) == 0) {
            return false;
        }
        uint64_t frame = audit_entry_frame(entry);
        if ((entry & (PTE_R | PTE_W | PTE_X)) != 0) {
            uint64_t offset_bits = PAGE_SHIFT + (uint64_t)(INDEX_BITS * level);
            *physical_out = (frame << PAGE_SHIFT) + (address & ((1ul << offset_bits) - 1));
            return true;
        }
        table = frame;
    }
    return false;
}

const void *audit_memory(const struct audit *audit, uint64_t root, uint64_t address, uint64_t bytes)
{
    uint64_t physical;
    if (address == 0 || address % PAGE_BYTES + bytes > PAGE_BYTES) {
        return NULL;
    }
    if (!translate(audit, root, address, &physical) ||
        !is_readable(audit, physical >> PAGE_SHIFT)) {
        return NULL;
    }
    return audit->window + physical;
}

const void *audit_pager_memory(const struct audit *audit, uint64_t address, uint64_t bytes)
{
    return audit_memory(audit, audit->records->root_frame, address, bytes);
}

const void *audit_pager_element(const struct audit *audit, uint64_t array, uint64_t index,
                                uint64_t bytes)
{
    return array != 0 ? audit_pager_memory(audit, array + index * bytes, bytes) : NULL;
}

const struct pager_frame_record *audit_frame_record(const struct audit *audit, uint64_t frame)
{
    uint64_t index = frame - audit->first_frame;
    const struct pager_chunk_record *chunk =
        audit_pager_element(audit, audit->records->chunk_records, index / CHUNK_PAGES,
                            sizeof(struct pager_chunk_record));
    if (chunk == NULL || index % CHUNK_PAGES >= chunk->bump) {
        return NULL;
    }
    return audit_pager_element(audit, audit->records->frame_records, index,
                               sizeof(struct pager_frame_record));
}

uint64_t audit_child(const struct audit *audit, uint64_t entry, unsigned level)
{
    uint64_t frame = audit_entry_frame(entry);
    bool valid = (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
    bool lazy = (entry & (PTE_V | PTE_LAZY)) == PTE_LAZY;
    if ((!valid && !lazy) || audit_kind(audit, frame) != KIND_TABLE) {
        return 0;
    }
    return audit_table_record(audit, frame)->state == level + 1 ? frame : 0;
}

const struct pager_space *audit_space(const struct audit *audit, uint32_t index)
{
    const uint64_t *address =
        audit_pager_element(audit, audit->records->spaces, index, sizeof(uint64_t));
    if (address == NULL || *address == 0) {
        return NULL;
    }
    return audit_pager_memory(audit, *address, sizeof(struct pager_space));
}
