/* The stand-ins of support.h. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "directory.h"
#include "frame.h"
#include "hook.h"
#include "promise.h"
#include "table.h"

jmp_buf support_failed;
bool support_expects_failure;
uintptr_t pager_window;
struct pager_state pager_state;

static unsigned char *arena;
static struct frame_record *records;
static struct chunk_record *chunks;
static uint32_t converted;
static void *directories;

_Noreturn void pager_fail(const char *file, unsigned line, const char *what)
{
    if (support_expects_failure) {
        longjmp(support_failed, 1);
    }
    fprintf(stderr, "%s:%u: %s does not hold\n", file, line, what);
    abort();
}

frame_t support_frame(uint32_t index)
{
    return (frame_t){SUPPORT_FIRST_FRAME + index};
}

frame_t support_chunk(uint32_t index)
{
    return support_frame(index * CHUNK_PAGES);
}

void support_start(void)
{
    size_t bytes = (size_t)SUPPORT_CHUNKS * CHUNK_BYTES;
    arena = aligned_alloc(PAGE_BYTES, bytes);
    memset(arena, 0xa5, bytes); /* real memory is not zero either */
    pager_window = (uintptr_t)arena - ((uintptr_t)SUPPORT_FIRST_FRAME << PAGE_SHIFT);
    records = malloc(sizeof(*records) * SUPPORT_CHUNKS * CHUNK_PAGES);
    memset(records, 0xa5, sizeof(*records) * SUPPORT_CHUNKS * CHUNK_PAGES);
    chunks = malloc(sizeof(*chunks) * SUPPORT_CHUNKS);
    frames_start(records, chunks, support_frame(0), SUPPORT_CHUNKS);
    for (uint32_t i = 0; i < SUPPORT_CHUNKS; i++) {
        frames_add_chunk(support_chunk(i), i + 1 < SUPPORT_CHUNKS ? KIND_USER : KIND_TABLE);
    }
    hooks = (struct hooks){.enabled = true};
    struct directory_lengths lengths =
        directory_lengths_for((uint64_t)SUPPORT_CHUNKS * CHUNK_PAGES, SUPPORT_SPACES);
    directories = malloc(directory_bytes(&lengths));
    directory_start(directories, &lengths);
    converted = 0;
    promises_start(false);
}

void support_stop(void)
{
    free(arena);
    free(records);
    free(chunks);
    free(directories);
}

int support_set_up(void **state)
{
    (void)state;
    support_start();
    return 0;
}

int support_tear_down(void **state)
{
    (void)state;
    support_stop();
    return 0;
}

uint32_t support_converted(void)
{
    return converted;
}

/* ----------------------------------------------------- table.c and chunk.c, without a kernel */
bool teardown_slice(void)
{
    return false;
}

bool memory_release_kept(void)
{
    return false;
}

err_t memory_take_frame(frame_t *frame_out)
{
    return hook_fails(PAGER_HOOK_FAIL_FRAME) ? PAGER_ERR_NOMEM : frame_alloc(frame_out);
}

err_t chunk_convert(unsigned kind, frame_t *chunk_out)
{
    frame_t chunk = frames_find_idle_chunk(KIND_USER);
    if (chunk.number == 0) {
        return PAGER_ERR_NOMEM;
    }
    frames_remove_chunk(chunk);
    frames_add_chunk(chunk, kind);
    *chunk_out = chunk;
    converted++;
    return ERR_OK;
}

bool chunk_change_begin(unsigned kind)
{
    frame_t chunk;
    return kind == KIND_USER ? chunk_return() : chunk_convert(kind, &chunk) == ERR_OK;
}

bool chunk_change_finish(void)
{
    return false; /* a change is over as soon as it has begun */
}

bool chunk_return(void)
{
    frame_t chunk = frames_find_idle_chunk(KIND_TABLE);
    if (chunk.number == 0) {
        return false;
    }
    frames_remove_chunk(chunk);
    frames_add_chunk(chunk, KIND_USER);
    return true;
}
