/* The fake world of proc's tests; contract in world.h. */
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <byre/gen/pager.h>
#include <byre/server.h>
#include <byre/table.h>

#include "account.h"
#include "body.h"
#include "end.h"
#include "object.h"
#include "process.h"
#include "reply.h"
#include "slots.h"
#include "thread.h"
#include "wait.h"

enum {
    CHUNK_FIRST = 0x1000, /* a frame number */
    CHUNKS = 64,
    PLACES = 64,
    ACCOUNTS = 4096,
    STORE_BYTES = 64 << 20,
    STORES = 8,
    HARTS = 4,
    BLOCK_PIECE_BYTES = 64, /* two pieces for the family's block */
};

const struct store_owner world_owner = {.pager = SERVER_SLOT_PAGER, .space_id = 1};

static struct {
    bool slot[PROC_CAPTABLE_SLOTS];
    uint8_t place[CHUNKS * CHUNK_PAGES][PLACES]; /* type of the object there */
    bool started[PROC_CAPTABLE_SLOTS];           /* by the slot of a thread */
    uint64_t table[PROC_CAPTABLE_SLOTS];         /* full slots of the table in that slot */
    uint32_t own_slot[CHUNKS * CHUNK_PAGES][PLACES];
    bool account[ACCOUNTS];
    unsigned chunks;
    unsigned spaces;
    uint64_t next_space;
    uint64_t image; /* the last that was made, the only one there is */
    unsigned images_made;
    uint64_t block_left; /* of the argument block of the space that was begun last */
    unsigned fail_after;
    bool failed;
    char *stores;
    struct message last_reply;
    unsigned replies;
    bool callers_gone;
} world;

void world_begin(void)
{
    char *stores = world.stores;

    memset(&world, 0, sizeof(world));
    world.next_space = 100;
    if (stores == NULL) {
        stores = mmap(NULL, (size_t)STORE_BYTES * STORES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert(stores != MAP_FAILED);
    }
    world.stores = stores;
}

uint64_t world_store(unsigned index)
{
    return (uint64_t)(uintptr_t)(world.stores + (size_t)index * STORE_BYTES);
}

struct world_count world_count(void)
{
    unsigned spares = object_memory_statistics().spare + reply_spares(); /* each has a slot */
    struct world_count count = {.objects = -spares, .slots = -spares, .spaces = world.spaces};

    for (unsigned i = 0; i < PROC_CAPTABLE_SLOTS; i++) {
        count.slots += world.slot[i];
    }
    for (unsigned i = 0; i < CHUNKS * CHUNK_PAGES; i++) {
        for (unsigned p = 0; p < PLACES; p++) {
            count.objects += world.place[i][p] != OBJECT_NONE;
        }
    }
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        count.accounts += world.account[i];
    }
    return count;
}

void world_fail_after(unsigned calls)
{
    world.fail_after = calls;
    world.failed = false;
}

bool world_failed(void)
{
    return world.failed;
}

static bool world_fails(void)
{
    if (world.fail_after != 0 && --world.fail_after == 0) {
        world.failed = true;
        return true;
    }
    return false;
}

unsigned world_running(void)
{
    unsigned running = 0;

    for (unsigned i = 0; i < PROC_CAPTABLE_SLOTS; i++) {
        running += world.started[i];
    }
    return running;
}

struct message world_last_reply(void)
{
    return world.last_reply;
}

unsigned world_replies(void)
{
    return world.replies;
}

void world_forget_replies(void)
{
    world.replies = 0;
}

void world_set_callers_gone(bool gone)
{
    world.callers_gone = gone;
}

/* ------------------------------------------------------------------------------- kernel */

err_t byre_object_create(uint64_t memory, uint64_t page_frame, uint64_t slot, uint64_t type,
                         uint64_t capacity, uint64_t target_table, uint64_t target_slot)
{
    uint64_t page = page_frame - CHUNK_FIRST;

    assert(world.slot[memory] && page < CHUNKS * CHUNK_PAGES && slot < PLACES);
    assert(page % CHUNK_PAGES >= 2);
    assert((type == OBJECT_CAPTABLE) == (capacity != 0));
    assert(world.place[page][slot] == OBJECT_NONE);
    if (world_fails()) {
        return ERR_SLOT_FULL;
    }
    world.place[page][slot] = (uint8_t)type;
    world.own_slot[page][slot] = 0;
    assert(target_table == 0 && !world.slot[target_slot]);
    world.slot[target_slot] = true;
    world.table[target_slot] = 0;
    world.own_slot[page][slot] = (uint32_t)target_slot;
    return ERR_OK;
}

/* Where the object stands that the slot names; NULL: it names none. */
static uint8_t *world_object(uint64_t slot)
{
    assert(world.slot[slot]);
    for (unsigned page = 0; page < CHUNKS * CHUNK_PAGES; page++) {
        for (unsigned p = 0; p < PLACES; p++) {
            if (world.place[page][p] != OBJECT_NONE && world.own_slot[page][p] == slot) {
                return &world.place[page][p];
            }
        }
    }
    return NULL;
}

err_t byre_cap_destroy(uint64_t table, uint64_t slot)
{
    uint8_t *place = world_object(slot);

    assert(table == 0 && place != NULL);
    *place = OBJECT_NONE;
    world.slot[slot] = false;
    world.started[slot] = false;
    return ERR_OK;
}

err_t byre_cap_renew(uint64_t table, uint64_t slot, uint64_t second, uint64_t third)
{
    const uint64_t slots[] = {slot, second, third};

    assert(table == 0);
    for (unsigned i = 0; i < 3 && (i == 0 || slots[i] != 0); i++) {
        assert(world_object(slots[i]) != NULL);
        world.started[slots[i]] = false;
        world.table[slots[i]] = 0;
    }
    return ERR_OK;
}

static void world_copy(uint64_t table, uint64_t word)
{
    uint64_t target = word >> 16 & UINT16_MAX;

    if (word != 0) {
        assert(target < 64 && (world.table[table] >> target & 1) == 0);
        world.table[table] |= 1ul << target;
    }
}

err_t byre_cap_copies(uint64_t table, uint64_t c0, uint64_t b0, uint64_t c1, uint64_t b1,
                      uint64_t c2, uint64_t b2, uint64_t c3, uint64_t b3, uint64_t c4, uint64_t b4,
                      uint64_t c5, uint64_t b5, uint64_t *done_out)
{
    assert(world.slot[table]);
    (void)b0, (void)b1, (void)b2, (void)b3, (void)b4, (void)b5;
    if (world_fails()) {
        return ERR_SLOT_FULL;
    }
    world_copy(table, c0);
    world_copy(table, c1);
    world_copy(table, c2);
    world_copy(table, c3);
    world_copy(table, c4);
    world_copy(table, c5);
    *done_out = 0;
    return ERR_OK;
}

err_t byre_cap_delete(uint64_t table, uint64_t slot)
{
    if (table == 0) {
        world.slot[slot] = false;
    } else {
        world.table[table] &= ~(1ul << slot);
    }
    return ERR_OK;
}

err_t byre_thread_begin(uint64_t thread, uint64_t space, uint64_t captable, uint64_t fault_endpoint,
                        uint64_t fault_badge, uint64_t priority, uint64_t flags, uint64_t pc,
                        uint64_t sp, uint64_t tp, uint64_t argument0, uint64_t argument1)
{
    (void)fault_endpoint, (void)priority, (void)flags;
    (void)pc, (void)sp, (void)tp, (void)argument0, (void)argument1;
    assert(world.slot[thread] && world.slot[space] && world.slot[captable] && fault_badge != 0);
    assert(!world.started[thread]);
    if (world_fails()) {
        return ERR_STATE;
    }
    world.started[thread] = true;
    world.slot[space] = false;
    return ERR_OK;
}

err_t byre_thread_info(uint64_t thread, uint64_t *state_out, uint64_t *priority_out,
                       uint64_t *run_ticks_out, uint64_t *faults_out, uint64_t *hart_out)
{
    assert(world.slot[thread]);
    *state_out = *priority_out = *run_ticks_out = *faults_out = 0;
    *hart_out = thread % HARTS;
    return ERR_OK;
}

err_t byre_signal(uint64_t notification)
{
    (void)notification;
    return ERR_OK;
}

err_t byre_machine_log(uint64_t machine, uint64_t bytes, uint64_t b0, uint64_t b1, uint64_t b2,
                       uint64_t b3)
{
    (void)machine;
    (void)bytes;
    (void)b0;
    (void)b1;
    (void)b2;
    (void)b3;
    return ERR_OK;
}

/* -------------------------------------------------------------------------------- pager */

static void world_check_chunk_empty(uint64_t first_page)
{
    for (uint64_t page = first_page; page < first_page + CHUNK_PAGES; page++) {
        for (unsigned p = 0; p < PLACES; p++) {
            assert(world.place[page][p] == OBJECT_NONE);
        }
    }
}

static void world_put_space(uint64_t slot)
{
    assert(slot < PROC_CAPTABLE_SLOTS && !world.slot[slot]);
    world.slot[slot] = true;
}

static err_t world_make_space(struct message *m, cap_t slot)
{
    if (world_fails()) {
        return PAGER_ERR_NOMEM;
    }
    if (slot != 0) {
        world_put_space(slot);
    }
    world.spaces++;
    m->w[0] = world.next_space++;
    return ERR_OK;
}

/* Of an argument block, a piece at a time. */
static uint64_t world_copy_some(void)
{
    uint64_t piece = world.block_left < BLOCK_PIECE_BYTES ? world.block_left : BLOCK_PIECE_BYTES;

    world.block_left -= piece;
    return piece;
}

static err_t world_begin_space(struct message *m, cap_t slot)
{
    world.block_left = m->w[4];
    err_t error = world_make_space(m, slot);
    m->w[2] = world_copy_some();
    return error;
}

void world_forget_image(void)
{
    world.image++; /* a number of which nobody was told */
}

unsigned world_images_made(void)
{
    return world.images_made;
}

static err_t world_pager(struct message *m, cap_t accept_slot)
{
    switch (m->label) {
    case PAGER_SPACE_BEGIN:
        if (m->w[0] == 0 || m->w[0] != world.image) {
            return PAGER_ERR_NOENT;
        }
        return world_begin_space(m, accept_slot);
    case PAGER_SPACE_COPY:
        if (world_fails()) {
            return PAGER_ERR_NOMEM;
        }
        assert(m->w[0] == world.next_space - 1 && m->w[4] == world.block_left);
        m->w[0] = world_copy_some();
        return ERR_OK;
    case PAGER_SPACE_CREATE: /* that an image is made of: nobody wants its capability */
        return world_make_space(m, 0);
    case PAGER_SPACE_FORK:
        return world_make_space(m, accept_slot);
    case PAGER_IMAGE_MAKE:
        if (world_fails()) {
            return PAGER_ERR_NOMEM;
        }
        m->w[0] = ++world.image;
        world.images_made++;
        return ERR_OK;
    case PAGER_SPACE_BIND:
        if (world_fails()) {
            return PAGER_ERR_NOMEM;
        }
        world_put_space(accept_slot);
        return ERR_OK;
    case PAGER_SPACE_DESTROY:
        world.spaces--;
        return ERR_OK;
    case PAGER_UNMAP:
        m->w[0] = m->w[1]; /* all of it is done */
        return ERR_OK;
    case PAGER_OBJECT_MEMORY:
        if (world_fails() || world.chunks == CHUNKS) {
            return PAGER_ERR_NOMEM;
        }
        world.slot[accept_slot] = true;
        m->w[0] = CHUNK_FIRST + world.chunks++ * CHUNK_PAGES;
        return ERR_OK;
    case PAGER_OBJECT_RETURN:
        world_check_chunk_empty(m->w[0] - CHUNK_FIRST);
        return ERR_OK;
    case PAGER_ACCOUNT_SET:
        if (m->w[1] != 0 && world_fails()) {
            return PAGER_ERR_NOMEM;
        }
        world.account[m->w[0]] = m->w[1] != 0;
        return ERR_OK;
    case PAGER_STATISTICS: /* so that counts can be compared */
        world_forget_image();
        return ERR_OK;
    case PAGER_PROMISES:
        memset(m->w, 0, sizeof(m->w));
        m->w[1] = m->w[3] = m->w[4] = 10000;
        m->w[5] = 1;
        return ERR_OK;
    default: /* region_add */
        return world_fails() ? PAGER_ERR_NOMEM : ERR_OK;
    }
}

err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor)
{
    return ipc_registers_long(number, capability, m, descriptor, 0, 0);
}

err_t ipc_registers_accept(uint64_t number, cap_t capability, struct message *m,
                           uint64_t descriptor, cap_t accept_slot)
{
    return ipc_registers_long(number, capability, m, descriptor, accept_slot, 0);
}

err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor,
                         cap_t accept_slot, uint64_t deadline_ticks)
{
    (void)descriptor;
    (void)deadline_ticks;
    if (number == SYS_REPLY) {
        if (world.callers_gone) {
            return ERR_CALLER_GONE;
        }
        world.last_reply = *m;
        world.replies++;
        return ERR_OK;
    }
    assert(number == SYS_CALL);
    if (capability != SERVER_SLOT_PAGER) {
        return ERR_CAP_EMPTY;
    }
    m->label = world_pager(m, accept_slot);
    return ERR_OK;
}

err_t ipc_registers_receive(uint64_t number, cap_t capability, struct message *m,
                            uint64_t descriptor)
{
    return ipc_registers_long(number, capability, m, descriptor, 0, 0);
}

/* ------------------------------------------------------------------------------------ proc */

void world_start_proc(uint32_t limit)
{
    world_begin();
    slots_init();
    bodies_init();
    end_init();
    object_memory_init(&world_owner, world_store(0));
    thread_table_init(&world_owner, world_store(2), 4 * limit);
    wait_table_init(&world_owner, world_store(3), 4 * limit);
    assert(reply_table_init(&world_owner, world_store(4), 4 * limit));
    assert(process_table_init(&world_owner, world_store(5), world_store(6), limit));
    assert(account_open_unbounded(process_init()->tree->account) == ERR_OK);
}
