/* Capabilities: making, checking, deleting. */
#include "core/capability.h"

#include "core/reply.h"

void capability_make_range(struct capability *slot, enum object_type type, unsigned rights,
                           uint64_t first_frame, uint64_t frames)
{
    slot->use = (uint64_t)type << CAPABILITY_TYPE_SHIFT | (rights & RIGHTS_ALL);
    slot->header = type;
    slot->first_frame = first_frame;
    slot->frames = frames;
}

void capability_move(struct capability *source, struct capability *target)
{
    if (capability_type(source) == OBJECT_REPLY) {
        reply_leave_slot((struct reply *)source->object);
    }
    *target = *source;
    *source = (struct capability){0};
}

void capability_delete(struct capability *slot)
{
    if (capability_type(slot) == OBJECT_REPLY && capability_is_alive(slot)) {
        reply_abandon((struct reply *)slot->object);
    }
    *slot = (struct capability){0};
}
