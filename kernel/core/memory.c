/* Memory: chunks, ranges and what tells about them. */
#include "core/memory.h"

#include "core/captable.h"
#include "core/syscall.h"

struct chunks chunks;

err_t memory_find_chunk(const struct thread *caller, const struct capability *memory,
                        struct chunk **chunk_out)
{
    frame_t first = {argument(caller, 1)};

    REFUSE_IF(!memory_covers(memory, first, CHUNK_PAGES), ERR_RANGE);
    REFUSE_IF((first.number & CHUNK_FRAME_MASK) != 0, ERR_ALIGN);
    *chunk_out = chunk_of(first);
    return *chunk_out == NULL ? ERR_RANGE : ERR_OK;
}

err_t sys_memory_derive(struct thread *caller, struct captable *target_table)
{
    frame_t first = {argument(caller, 1)};
    uint64_t frames = argument(caller, 2);
    uint64_t rights = argument(caller, 3);
    const struct capability *range = captable_slot(caller->captable, argument(caller, 0));
    struct capability *target;
    enum object_type type;

    REFUSE_IF(range == NULL, ERR_CAP_RANGE);
    type = capability_type(range) == OBJECT_DEVICE ? OBJECT_DEVICE : OBJECT_MEMORY;
    TRY(capability_check(range, type, RIGHT_GRANT));
    REFUSE_IF(frames == 0, ERR_ARGUMENT);
    REFUSE_IF(!memory_covers(range, first, frames), ERR_RANGE);
    REFUSE_IF((rights & ~range->rights) != 0, ERR_RIGHTS);
    TRY(captable_find_empty(target_table, argument(caller, 5), &target));
    capability_make_range(target, type, (unsigned)rights, first.number, frames);
    return ERR_OK;
}

err_t sys_memory_info(struct thread *caller, struct capability *memory)
{
    struct chunk *chunk;

    REFUSE_IF((memory->rights & (RIGHT_OBJECTS | RIGHT_BIND)) == 0, ERR_RIGHTS);
    TRY(memory_find_chunk(caller, memory, &chunk));
    result(caller, 0, chunk->kind);
    result(caller, 1, chunk->used);
    return ERR_OK;
}
