/* Chunks change kind; the contract is in chunk.h. */
#include "chunk.h"

#include "frame.h"
#include "kernel.h"
#include "table.h"

static frame_t root;

void chunks_start(frame_t own_root)
{
    root = own_root;
}

/* The middle table of the window that holds the chunk's entry, and the index there. */
static frame_t window_middle(frame_t chunk, unsigned *index_out)
{
    uint32_t page = (uint32_t)((uintptr_t)pager_pointer(chunk) >> PAGE_SHIFT);
    *index_out = page_middle_index(page);
    return entry_frame(table_entries(root)[page_root_index(page)]);
}

static void window_close(frame_t chunk)
{
    if (root.number == 0) {
        return;
    }
    unsigned index;
    frame_t middle = window_middle(chunk, &index);
    err_t error = kernel_table_drop(middle, index, 1);
    PAGER_ASSERT(error == ERR_OK);
    error = kernel_flush(PAGER_SLOT_SPACE, 0, 0);
    PAGER_ASSERT(error == ERR_OK);
}

static void window_open(frame_t chunk, unsigned kind)
{
    if (root.number == 0 || (kind != KIND_USER && kind != KIND_TABLE)) {
        return;
    }
    unsigned index;
    frame_t middle = window_middle(chunk, &index);
    unsigned rights = kind == KIND_USER ? MAP_R | MAP_W : MAP_R;
    err_t error = kernel_table_map_chunk(middle, index, map_word(chunk, rights));
    PAGER_ASSERT(error == ERR_OK);
}

/* N2 around the kernel's scrub; on an error the chunk is what it was. */
static err_t retype(frame_t chunk, unsigned from, unsigned to)
{
    frames_remove_chunk(chunk);
    window_close(chunk);
    err_t error = kernel_retype(chunk, to);
    unsigned kind = error == ERR_OK ? to : from;
    window_open(chunk, kind);
    frames_add_chunk(chunk, kind);
    return error;
}

err_t chunk_convert(unsigned kind, frame_t *chunk_out)
{
    frame_t chunk = frames_find_idle_chunk(KIND_USER);
    if (chunk.number == 0) {
        return PAGER_ERR_NOMEM;
    }
    *chunk_out = chunk;
    return retype(chunk, KIND_USER, kind) == ERR_OK ? ERR_OK : PAGER_ERR_NOMEM;
}

bool chunk_return(void)
{
    frame_t chunk = frames_find_idle_chunk(KIND_TABLE);
    return chunk.number != 0 && retype(chunk, KIND_TABLE, KIND_USER) == ERR_OK;
}

err_t chunk_return_objects(frame_t chunk)
{
    uint32_t index = chunk.number - frames.first_frame;
    if (index % CHUNK_PAGES != 0 || index / CHUNK_PAGES >= frames.chunk_count ||
        frame_chunk(chunk)->kind != KIND_OBJECT) {
        return PAGER_ERR_INVAL;
    }
    return retype(chunk, KIND_OBJECT, KIND_USER) == ERR_OK ? ERR_OK : PAGER_ERR_EXIST;
}
