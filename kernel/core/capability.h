/* Capabilities: what a slot of a capability table holds, and how it is used.
 *
 *   P1  Empty: header is 0. A range type (MEMORY and those after it) has its type as header
 *       (generation 0) and no object; any other has the header its object had when it was made.
 *   P2  It is alive while its object still has that header (O2); a dead one never moves or copies,
 *       it can only be deleted.
 *   P3  Its first word says what it is good for: rights, and the type again. It is less than any
 *       object's header, so that it never looks like one where a stale pointer finds it (O3).
 *   P4  At most one capability names a given REPLY.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/object.h"

enum { CAPABILITY_TYPE_SHIFT = 8 };

struct capability {
    union {
        uint64_t use; /* P3 */
        struct {
            uint8_t rights;
            uint8_t type;
        };
    };
    uint64_t header; /* P1 */
    union {
        struct object *object;
        uint64_t first_frame; /* MEMORY, DEVICE */
    };
    union {
        uint64_t badge;
        uint64_t frames; /* MEMORY, DEVICE */
    };
};

static_assert(sizeof(struct capability) == 32, "a slot is 32 bytes");
static_assert(RIGHTS_ALL == (1 << CAPABILITY_TYPE_SHIFT) - 1, "rights fill the lowest byte");

static inline enum object_type capability_type(const struct capability *capability)
{
    return (enum object_type)(capability->header & OBJECT_TYPE_MASK);
}

static inline bool capability_is_empty(const struct capability *capability)
{
    return capability->header == 0;
}

/* Not empty, and not of an object that was destroyed (P2). */
ALWAYS_INLINE bool capability_is_alive(const struct capability *capability)
{
    if (capability->header < (1 << OBJECT_GENERATION_SHIFT)) {
        return capability->header != 0;
    }
    return capability->object->header == capability->header;
}

/* Is it alive, of that type, with those rights? CAP_EMPTY, CAP_DEAD, CAP_TYPE, RIGHTS. */
[[nodiscard]] static inline err_t capability_check(const struct capability *capability,
                                                   enum object_type type, unsigned rights)
{
    REFUSE_IF(capability_is_empty(capability), ERR_CAP_EMPTY);
    REFUSE_IF(!capability_is_alive(capability), ERR_CAP_DEAD);
    REFUSE_IF(capability_type(capability) != type, ERR_CAP_TYPE);
    REFUSE_IF((capability->rights & rights) != rights, ERR_RIGHTS);
    return ERR_OK;
}

/* The same, in short: is the error OK? */
ALWAYS_INLINE bool capability_is_good(const struct capability *capability, enum object_type type,
                                      unsigned rights)
{
    uint64_t wanted = (uint64_t)type << CAPABILITY_TYPE_SHIFT | rights;

    return (capability->use & (~(uint64_t)RIGHTS_ALL | rights)) == wanted &&
           (type >= OBJECT_MEMORY || capability->object->header == capability->header);
}

static inline void capability_make(struct capability *slot, struct object *object, unsigned rights,
                                   uint64_t badge)
{
    slot->use = (uint64_t)object_type(object) << CAPABILITY_TYPE_SHIFT | (rights & RIGHTS_ALL);
    slot->header = object->header;
    slot->object = object;
    slot->badge = badge;
}

void capability_make_range(struct capability *slot, enum object_type type, unsigned rights,
                           uint64_t first_frame, uint64_t frames);
void capability_move(struct capability *source, struct capability *target);
/* Empty the slot; a REPLY's caller is answered PEER_GONE. */
void capability_delete(struct capability *slot);
