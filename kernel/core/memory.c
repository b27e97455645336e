#include "core/memory.h"

#include "core/captable.h"
#include "core/syscall.h"

struct chunks chunks;

err_t memory_find(struct thread *caller, uint64_t index, unsigned rights, frame_t first,
                  uint64_t frames, struct capability **memory_out)
{
    err_t error = captable_find(caller->captable, index, OBJECT_MEMORY, rights, memory_out);

    if (error == ERR_OK && !memory_covers(*memory_out, first, frames)) {
        return ERR_RANGE;
    }
    return error;
}

err_t memory_find_chunk(struct thread *caller, uint64_t index, unsigned rights, uint64_t frame,
                        struct chunk **chunk_out)
{
    struct capability *memory;
    err_t error = memory_find(caller, index, rights, (frame_t){frame}, CHUNK_PAGES, &memory);

    if (error != ERR_OK) {
        return error;
    }
    if ((frame & CHUNK_FRAME_MASK) != 0) {
        return ERR_ALIGN;
    }
    *chunk_out = chunk_of((frame_t){frame});
    return *chunk_out == NULL ? ERR_RANGE : ERR_OK;
}

err_t sys_memory_derive(struct thread *caller)
{
    uint64_t first = argument(caller, 1);
    uint64_t frames = argument(caller, 2);
    uint64_t rights = argument(caller, 3);
    struct capability *range = captable_slot(caller->captable, argument(caller, 0));
    struct capability *target;
    enum object_type type;
    err_t error;

    if (range == NULL) {
        return ERR_CAP_RANGE;
    }
    type = capability_type(range) == OBJECT_DEVICE ? OBJECT_DEVICE : OBJECT_MEMORY;
    error = capability_check(range, type, RIGHT_GRANT);
    if (error != ERR_OK) {
        return error;
    }
    if (frames == 0) {
        return ERR_ARGUMENT;
    }
    if (!memory_covers(range, (frame_t){first}, frames)) {
        return ERR_RANGE;
    }
    if ((rights & ~range->rights) != 0) {
        return ERR_RIGHTS;
    }
    error = captable_target(caller, argument(caller, 4), argument(caller, 5), &target);
    if (error == ERR_OK) {
        capability_make_range(target, type, (unsigned)rights, first, frames);
    }
    return error;
}

err_t sys_memory_info(struct thread *caller)
{
    struct chunk *chunk;
    err_t error =
        memory_find_chunk(caller, argument(caller, 0), RIGHT_OBJECTS, argument(caller, 1), &chunk);

    if (error == ERR_RIGHTS) {
        error =
            memory_find_chunk(caller, argument(caller, 0), RIGHT_BIND, argument(caller, 1), &chunk);
    }
    if (error != ERR_OK) {
        return error;
    }
    result(caller, 0, chunk->kind);
    result(caller, 1, chunk->used);
    return ERR_OK;
}
