/* The audit window and its requests; the contract is in audit.h. */
#include "audit.h"

#include <byre/object_book.h>
#include <byre/pager_boot.h>
#include <byre/pager_records.h>

#include "chunk.h"
#include "cow_path.h"
#include "frame.h"
#include "kernel.h"
#include "own.h"
#include "request.h"

uint64_t audit_held;
static uint64_t window_tables;
static struct pager_records *records;
static uint64_t records_size;

void audit_start(struct pager_records *header, uint64_t records_bytes)
{
    records = header;
    records_size = records_bytes;
    records->books[0] =
        (struct pager_book){.space_id = PAGER_BOOK_OF_PAGER, .address = (uintptr_t)own_book()};
}

void pager_on_publish(struct pager_request *request)
{
    uint64_t space_id = request->badge & ~PAGER_BADGE_TRUSTED;
    for (unsigned i = 0; i < PAGER_BOOKS_MAX; i++) {
        struct pager_book *book = &records->books[i];
        if (book->address == 0 || book->space_id == space_id) {
            *book = (struct pager_book){space_id, request->in.publish.address};
            return;
        }
    }
    request->error = PAGER_ERR_NOMEM;
}

bool audit_admits(const struct pager_request *request)
{
    if (request->label == PAGER_AUDIT_BEGIN) {
        return audit_held == 0 && (request->badge & PAGER_BADGE_AUDIT) != 0 &&
               space_find(request->badge & ~PAGER_BADGE_AUDIT) != NULL;
    }
    return audit_held != 0 && request->badge == 0; /* on the audit endpoint */
}

static uint32_t window_page(frame_t frame)
{
    return (uint32_t)(PAGER_AUDIT_WINDOW >> PAGE_SHIFT) + frame.number;
}

static uint32_t window_end(void)
{
    return window_page((frame_t){frames.first_frame + frames.chunk_count * CHUNK_PAGES});
}

/* Take the window out of a space; its tables are buried. */
static void window_unmap(struct space *s)
{
    uint32_t first = window_page((frame_t){frames.first_frame});
    for (unsigned i = page_root_index(first); i <= page_root_index(window_end() - 1); i++) {
        uint64_t e = table_entries(s->root)[i];
        if (e != 0) {
            err_t error = kernel_table_drop(s->root, i, 1);
            PAGER_ASSERT(error == ERR_OK);
            table_bury(entry_frame(e));
        }
    }
    err_t error = kernel_flush(s->cap, 0, 0);
    PAGER_ASSERT(error == ERR_OK);
    promise_give(NULL, 0, window_tables);
    window_tables = 0;
}

/* All USER and TABLE chunks, read-only. NOMEM: nothing was mapped. */
static err_t window_map(struct space *s)
{
    uint32_t first = window_page((frame_t){frames.first_frame});
    uint64_t tables = page_root_index(window_end() - 1) - page_root_index(first) + 1;
    err_t error = promise_take(NULL, 0, tables);
    if (error != ERR_OK) {
        return error;
    }
    window_tables = tables;
    for (uint32_t i = 0; i < frames.chunk_count; i++) {
        unsigned kind = frames.chunks[i].kind;
        if (kind != KIND_USER && kind != KIND_TABLE) {
            continue;
        }
        frame_t chunk = {frames.first_frame + i * CHUNK_PAGES};
        frame_t middle;
        error = path_middle(s, window_page(chunk), true, &middle);
        if (error != ERR_OK) {
            window_unmap(s);
            return error;
        }
        error = kernel_table_map_chunk(middle, page_middle_index(window_page(chunk)),
                                       map_word(chunk, MAP_R));
        PAGER_ASSERT(error == ERR_OK);
    }
    return ERR_OK;
}

void audit_release(void)
{
    struct space *s = space_find(audit_held);
    PAGER_ASSERT(s != NULL); /* D1: nobody could end it meanwhile */
    window_unmap(s);
    own_unmake(OWN_AUDIT, SLOT_AUDIT); /* D4 */
    audit_held = 0;
}

void pager_on_audit_begin(struct pager_request *request)
{
    struct space *s = request_space(request, request->badge & ~PAGER_BADGE_AUDIT);
    if (s == NULL) {
        return;
    }
    while (teardown_slice()) { /* D2; each slice gave something back, so this ends */
    }
    request->error = window_map(s);
    if (request->error != ERR_OK) {
        return;
    }
    audit_held = space_id(s);
    uint64_t shift = PAGER_AUDIT_WINDOW - PAGER_WINDOW;
    request->result.audit_begin.frames_first = frames.first_frame;
    request->result.audit_begin.frames_total = (uint64_t)frames.chunk_count * CHUNK_PAGES;
    request->result.audit_begin.records_address = (uintptr_t)records + shift;
    request->result.audit_begin.records_bytes = records_size;
    request->result.audit_begin.window_address = PAGER_AUDIT_WINDOW;
    own_make(OWN_AUDIT, SLOT_AUDIT);
    request_send(request, SLOT_AUDIT, RIGHT_CALL);
}

void pager_on_audit_memory(struct pager_request *request)
{
    frame_t first = {frames.first_frame};
    request_send_memory(request, first, (uint64_t)frames.chunk_count * CHUNK_PAGES, RIGHT_OBJECTS);
}

void pager_on_audit_end(struct pager_request *request)
{
    (void)request;
    audit_release();
}
