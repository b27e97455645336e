/* Chunks change kind; the contract is in chunk.h. */
#include "chunk.h"

#include "frame.h"
#include "janitor.h"
#include "kernel.h"
#include "table.h"

static frame_t root;

/* The chunk that changes in the janitor's time; none: 0. [J] the janitor writes it, once. */
static struct {
    frame_t chunk;
    unsigned from;
    unsigned to;
    err_t error; /* [J] what the kernel said */
    bool done;   /* [J] after error */
} changing;

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

/* N2 on both sides of the kernel's scrub; on an error the chunk is what it was. */
static void retype_begin(frame_t chunk)
{
    frames_remove_chunk(chunk);
    window_close(chunk);
}

static err_t retype_end(frame_t chunk, unsigned from, unsigned to, err_t error)
{
    unsigned kind = error == ERR_OK ? to : from;
    window_open(chunk, kind);
    frames_add_chunk(chunk, kind);
    return error;
}

static err_t retype(frame_t chunk, unsigned from, unsigned to)
{
    retype_begin(chunk);
    return retype_end(chunk, from, to, kernel_retype(chunk, to));
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

bool chunk_is_changing(void)
{
    return changing.chunk.number != 0;
}

bool chunk_change_is_done(void)
{
    return chunk_is_changing() && __atomic_load_n(&changing.done, __ATOMIC_ACQUIRE);
}

bool chunk_change_begin(unsigned kind)
{
    unsigned from = kind == KIND_TABLE ? KIND_USER : KIND_TABLE;
    frame_t chunk = chunk_is_changing() ? FRAME_NONE : frames_find_idle_chunk(from);
    if (chunk.number == 0) {
        return false;
    }
    retype_begin(chunk);
    changing.from = from;
    changing.to = kind;
    __atomic_store_n(&changing.done, false, __ATOMIC_RELAXED);
    __atomic_store_n(&changing.chunk.number, chunk.number, __ATOMIC_RELEASE);
    janitor_wake();
    return true;
}

/* `done` is read first: while it is false the other threads end no change but by halting the
 * janitor, so the chunk read after it is the one that is to be changed. */
void chunk_change_work(void)
{
    if (__atomic_load_n(&changing.done, __ATOMIC_ACQUIRE)) {
        return;
    }
    frame_t chunk = {__atomic_load_n(&changing.chunk.number, __ATOMIC_ACQUIRE)};
    if (chunk.number != 0) {
        changing.error = kernel_retype(chunk, changing.to);
        __atomic_store_n(&changing.done, true, __ATOMIC_RELEASE);
    }
}

/* What the janitor began the kernel goes on with, whoever asks. */
bool chunk_change_finish(void)
{
    if (!chunk_is_changing()) {
        return false;
    }
    if (!chunk_change_is_done()) {
        janitor_halt();
        chunk_change_work();
        janitor_restart();
    }
    frame_t chunk = changing.chunk;
    changing.chunk = FRAME_NONE;
    return retype_end(chunk, changing.from, changing.to, changing.error) == ERR_OK;
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
