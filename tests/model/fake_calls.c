/* System calls over the second kernel. See fake_calls.h. */
#include "fake_calls.h"

#include <string.h>

#include <byre/gen/calls.h>

#include "model.h"

enum { OBJECTS_MAX = 1 << 14 };

struct object {
    bool live;
    unsigned type;
    unsigned generation;
    uint64_t page;
    uint64_t slot;
    unsigned space; /* of a SPACE */
};

struct capability {
    unsigned type;
    uint64_t rights;
    struct fake_authority memory;
    unsigned object; /* index; 0: outside, always alive */
    unsigned generation;
};

static struct {
    struct capability slots[FAKE_SLOTS];
    struct object objects[OBJECTS_MAX]; /* [0] stands for all that live outside */
    unsigned object_end;
} calls;

static const unsigned class_bytes[] = {
    [OBJECT_THREAD] = OBJECT_BYTES_THREAD,
    [OBJECT_SPACE] = OBJECT_BYTES_SPACE,
    [OBJECT_ENDPOINT] = OBJECT_BYTES_ENDPOINT,
    [OBJECT_REPLY] = OBJECT_BYTES_REPLY,
    [OBJECT_NOTIFICATION] = OBJECT_BYTES_NOTIFICATION,
    [OBJECT_INTERRUPT] = OBJECT_BYTES_INTERRUPT,
    [OBJECT_TIMER] = OBJECT_BYTES_TIMER,
};

void fake_calls_start(void)
{
    memset(&calls, 0, sizeof(calls));
    calls.object_end = 1;
    calls.objects[0].live = true;
}

void fake_cap_set_memory(unsigned slot, struct fake_authority authority)
{
    calls.slots[slot] =
        (struct capability){.type = OBJECT_MEMORY, .rights = authority.rights, .memory = authority};
}

void fake_cap_set_device(unsigned slot, struct fake_authority authority)
{
    fake_cap_set_memory(slot, authority);
    calls.slots[slot].type = OBJECT_DEVICE;
}

void fake_cap_set_object(unsigned slot, unsigned type)
{
    calls.slots[slot] = (struct capability){.type = type, .rights = RIGHTS_ALL};
}

void fake_cap_set_space(unsigned slot, unsigned space)
{
    fake_cap_set_object(slot, OBJECT_SPACE);
    calls.objects[0].space = space;
}

bool fake_cap_is_empty(unsigned slot)
{
    return calls.slots[slot].type == OBJECT_NONE;
}

unsigned fake_caps_used(void)
{
    unsigned used = 0;
    for (unsigned i = 0; i < FAKE_SLOTS; i++) {
        used += calls.slots[i].type != OBJECT_NONE;
    }
    return used;
}

unsigned fake_objects_live(void)
{
    unsigned live = 0;
    for (unsigned i = 1; i < calls.object_end; i++) {
        live += calls.objects[i].live;
    }
    return live;
}

/* -------------------------------------------------------------------- lookup */
static err_t find(uint64_t slot, unsigned type, struct capability **cap_out)
{
    if (slot >= FAKE_SLOTS) {
        return ERR_CAP_RANGE;
    }
    struct capability *cap = &calls.slots[slot];
    if (cap->type == OBJECT_NONE) {
        return ERR_CAP_EMPTY;
    }
    const struct object *object = &calls.objects[cap->object];
    if (cap->object != 0 && (!object->live || object->generation != cap->generation)) {
        return ERR_CAP_DEAD;
    }
    if (type != OBJECT_NONE && cap->type != type) {
        return ERR_CAP_TYPE;
    }
    *cap_out = cap;
    return ERR_OK;
}

static err_t find_range(uint64_t slot, unsigned type, const struct fake_authority **authority_out)
{
    struct capability *cap = NULL;
    err_t err = find(slot, type, &cap);
    if (err == ERR_OK) {
        *authority_out = &cap->memory;
    }
    return err;
}

err_t fake_cap_memory(uint64_t slot, const struct fake_authority **authority_out)
{
    return find_range(slot, OBJECT_MEMORY, authority_out);
}

err_t fake_cap_device(uint64_t slot, const struct fake_authority **authority_out)
{
    return find_range(slot, OBJECT_DEVICE, authority_out);
}

err_t fake_cap_space_with(uint64_t slot, uint64_t rights, unsigned *space_out)
{
    struct capability *cap = NULL;
    err_t err = find(slot, OBJECT_SPACE, &cap);
    if (err == ERR_OK && (cap->rights & rights) != rights) {
        err = ERR_RIGHTS;
    }
    if (err == ERR_OK) {
        *space_out = calls.objects[cap->object].space;
    }
    return err;
}

unsigned fake_cap_space(unsigned slot)
{
    unsigned space = 0;
    return fake_cap_space_with(slot, 0, &space) == ERR_OK ? space : 0;
}

/* The pager names only its own capability table. */
static void check_own_table(uint64_t table)
{
    if (table > 1) {
        model_fail("the pager names capability table %llu", (unsigned long long)table);
    }
}

/* ------------------------------------------------------------------- objects */
static struct object *object_at(uint64_t page, uint64_t slot)
{
    for (unsigned i = 1; i < calls.object_end; i++) {
        struct object *object = &calls.objects[i];
        if (object->live && object->page == page && object->slot == slot) {
            return object;
        }
    }
    return NULL;
}

static unsigned class_of(const struct object *object)
{
    return class_bytes[object->type];
}

static err_t check_place(uint64_t page, uint64_t slot, unsigned type)
{
    if (fake_kind(page) != KIND_OBJECT) {
        return ERR_KIND;
    }
    if (page % CHUNK_PAGES < 2 || slot >= PAGE_BYTES / class_bytes[type]) {
        return ERR_RANGE;
    }
    for (unsigned i = 1; i < calls.object_end; i++) {
        const struct object *object = &calls.objects[i];
        if (object->page == page && class_of(object) != class_bytes[type]) {
            return ERR_OCCUPIED; /* a page keeps its class */
        }
    }
    return object_at(page, slot) != NULL ? ERR_OCCUPIED : ERR_OK;
}

static struct object *object_new(uint64_t page, uint64_t slot)
{
    for (unsigned i = 1; i < calls.object_end; i++) {
        if (!calls.objects[i].live && calls.objects[i].page == page &&
            calls.objects[i].slot == slot) {
            return &calls.objects[i];
        }
    }
    if (calls.object_end == OBJECTS_MAX) {
        model_fail("more object places than the model has room for");
    }
    return &calls.objects[calls.object_end++];
}

err_t byre_object_create(uint64_t memory, uint64_t page_frame, uint64_t slot, uint64_t type,
                         uint64_t capacity, uint64_t target_table, uint64_t target_slot)
{
    const struct fake_authority *authority = NULL;
    check_own_table(target_table);
    err_t err = fake_cap_memory(memory, &authority);
    if (err != ERR_OK) {
        return err;
    }
    if (!(authority->rights & RIGHT_OBJECTS)) {
        return ERR_RIGHTS;
    }
    if (type >= sizeof(class_bytes) / sizeof(class_bytes[0]) || class_bytes[type] == 0 ||
        capacity != 0) {
        return ERR_ARGUMENT;
    }
    if (target_slot >= FAKE_SLOTS) {
        return ERR_CAP_RANGE;
    }
    if (!fake_cap_is_empty((unsigned)target_slot)) {
        return ERR_SLOT_FULL;
    }
    err = check_place(page_frame, slot, (unsigned)type);
    if (err != ERR_OK) {
        return err;
    }
    struct object *object = object_new(page_frame, slot);
    object->generation++;
    object->page = page_frame;
    object->slot = slot;
    object->type = (unsigned)type;
    object->live = true;
    if (type == OBJECT_SPACE && fake_space_create(&object->space) != ERR_OK) {
        model_fail("more spaces than the model has room for");
    }
    calls.slots[target_slot] = (struct capability){
        .type = (unsigned)type,
        .rights = RIGHTS_ALL,
        .object = (unsigned)(object - calls.objects),
        .generation = object->generation,
    };
    return ERR_OK;
}

static err_t destroy(struct object *object)
{
    object->live = false;
    return object->type == OBJECT_SPACE ? fake_space_destroy(object->space) : ERR_OK;
}

err_t byre_object_destroy(uint64_t memory, uint64_t page_frame, uint64_t slot)
{
    const struct fake_authority *authority = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    if (err != ERR_OK) {
        return err;
    }
    if (fake_kind(page_frame) != KIND_OBJECT) {
        return ERR_KIND;
    }
    struct object *object = object_at(page_frame, slot);
    return object == NULL ? ERR_EMPTY : destroy(object);
}

err_t byre_cap_destroy(uint64_t table, uint64_t slot)
{
    struct capability *cap = NULL;
    check_own_table(table);
    err_t err = find(slot, OBJECT_NONE, &cap);
    if (err != ERR_OK) {
        return err;
    }
    if (!(cap->rights & RIGHT_DESTROY)) {
        return ERR_RIGHTS;
    }
    if (cap->object == 0) {
        model_fail("the pager destroys an object that is not its own");
    }
    err = destroy(&calls.objects[cap->object]);
    memset(cap, 0, sizeof(*cap));
    return err;
}

err_t byre_cap_renew(uint64_t table, uint64_t slot, uint64_t second, uint64_t third)
{
    struct capability *cap = NULL;
    check_own_table(table);
    if (second != 0 || third != 0) {
        model_fail("the pager renews one at a time");
    }
    err_t err = find(slot, OBJECT_NONE, &cap);
    if (err != ERR_OK) {
        return err;
    }
    if (cap->rights != RIGHTS_ALL) {
        return ERR_RIGHTS;
    }
    if (cap->object == 0 || cap->type != OBJECT_SPACE) {
        model_fail("the pager renews what is no space of its own");
    }
    struct object *object = &calls.objects[cap->object];
    err = fake_space_renew(&object->space);
    cap->generation = ++object->generation;
    return err;
}

/* -------------------------------------------------------------- capabilities */
err_t byre_cap_copy(uint64_t source_table, uint64_t source_slot, uint64_t target_table,
                    uint64_t target_slot, uint64_t rights, uint64_t badge)
{
    struct capability *cap = NULL;
    check_own_table(source_table);
    check_own_table(target_table);
    (void)badge;
    err_t err = find(source_slot, OBJECT_NONE, &cap);
    if (err != ERR_OK) {
        return err;
    }
    if (target_slot >= FAKE_SLOTS) {
        return ERR_CAP_RANGE;
    }
    if (cap->type == OBJECT_REPLY) {
        return ERR_CAP_TYPE;
    }
    if (!(cap->rights & RIGHT_GRANT)) {
        return ERR_RIGHTS;
    }
    if (!fake_cap_is_empty((unsigned)target_slot)) {
        return ERR_SLOT_FULL;
    }
    calls.slots[target_slot] = *cap;
    calls.slots[target_slot].rights &= rights;
    calls.slots[target_slot].memory.rights &= rights;
    return ERR_OK;
}

err_t byre_cap_move(uint64_t source_table, uint64_t source_slot, uint64_t target_table,
                    uint64_t target_slot)
{
    struct capability *cap = NULL;
    check_own_table(source_table);
    check_own_table(target_table);
    err_t err = find(source_slot, OBJECT_NONE, &cap);
    if (err != ERR_OK) {
        return err;
    }
    if (target_slot >= FAKE_SLOTS) {
        return ERR_CAP_RANGE;
    }
    if (!fake_cap_is_empty((unsigned)target_slot)) {
        return ERR_SLOT_FULL;
    }
    calls.slots[target_slot] = *cap;
    memset(cap, 0, sizeof(*cap));
    return ERR_OK;
}

err_t byre_cap_delete(uint64_t table, uint64_t slot)
{
    check_own_table(table);
    if (slot >= FAKE_SLOTS) {
        return ERR_CAP_RANGE;
    }
    if (fake_cap_is_empty((unsigned)slot)) {
        return ERR_CAP_EMPTY;
    }
    memset(&calls.slots[slot], 0, sizeof(calls.slots[slot]));
    return ERR_OK;
}

err_t byre_memory_derive(uint64_t memory, uint64_t first_frame, uint64_t frames, uint64_t rights,
                         uint64_t target_table, uint64_t target_slot)
{
    const struct fake_authority *authority = NULL;
    check_own_table(target_table);
    err_t err = fake_cap_memory(memory, &authority);
    if (err != ERR_OK) {
        return err;
    }
    if (!(authority->rights & RIGHT_GRANT)) {
        return ERR_RIGHTS;
    }
    if (frames == 0 || first_frame < authority->first_frame ||
        first_frame - authority->first_frame > authority->frames ||
        frames > authority->frames - (first_frame - authority->first_frame)) {
        return ERR_RANGE;
    }
    if (target_slot >= FAKE_SLOTS || !fake_cap_is_empty((unsigned)target_slot)) {
        return target_slot >= FAKE_SLOTS ? ERR_CAP_RANGE : ERR_SLOT_FULL;
    }
    fake_cap_set_memory((unsigned)target_slot,
                        (struct fake_authority){first_frame, frames, authority->rights & rights});
    return ERR_OK;
}

err_t byre_signal(uint64_t notification)
{
    struct capability *cap = NULL;
    return find(notification, OBJECT_NOTIFICATION, &cap);
}

/* The model's machine counts nothing. */
err_t byre_machine_counter(uint64_t machine, uint64_t which, uint64_t *value_out)
{
    (void)machine;
    *value_out = 0;
    return which < COUNTERS ? ERR_OK : ERR_ARGUMENT;
}
