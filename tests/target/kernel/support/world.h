/* The world of a kernel test: memory, tables, objects, spaces, threads.
 *
 * init owns everything at its first instruction; world_setup maps what tests look at and keeps
 * pools. What a test makes is written down, and world_undo takes it apart again:
 *
 *   W1  After world_undo every object, table and user frame made since world_mark is gone, and
 *       object_info and memory_info say the same numbers as at world_mark.
 *   W2  Frames named f that the pools give are readable and writable at frame_pointer(f) (USER) or
 *       readable at table_pointer(f) (TABLE).
 */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "support/call.h"

#include <byre/boot_info.h>
#include <byre/table.h>
#include <stdbool.h>
#include <stdint.h>

/* Short names of init's slots. */
enum {
    SELF = 0, /* as a table: the caller's own */
    MEMORY = INIT_SLOT_MEMORY,
    MACHINE = INIT_SLOT_MACHINE,
    CONTROL = INIT_SLOT_INTERRUPT_CONTROL,
    FOREVER = -1,
};
#define NEVER (~0ul)

/* Addresses in every space of a test. */
#define WINDOW 0x2000000000ul /* + physical address: USER pool rw, TABLE chunks r */
#define AREA   0x1000000000ul /* root index 64: each space its own, empty at first */
enum { AREA_ROOT_INDEX = AREA >> 30 };

void world_setup(void);
void world_mark(void);
void world_undo(void); /* W1; failures are the running test's */
const struct boot_info *boot_info(void);
bool argument_given(const char *name); /* does a boot argument begin with this? */
uint64_t argument_value(const char *name, uint64_t otherwise); /* the number behind it */

/* Slots of init's own capability table. */
uint64_t slot_new(void);   /* empty; given back by world_undo */
uint64_t slot_dead(void);  /* holds a capability to a destroyed object */
uint64_t slot_empty(void); /* stays empty */
uint64_t slot_copy(uint64_t slot, uint64_t rights, uint64_t badge);

/* Objects, in the test's own OBJECT chunk. */
struct place {
    uint64_t page;
    uint64_t slot;
};
struct place object_place(uint64_t bytes);             /* a free slot, noted as used */
void object_forget(struct place place);                /* the test destroyed it itself */
uint64_t object_new(unsigned type, uint64_t capacity); /* capability slot */
void object_destroy(uint64_t slot);                    /* made by object_new */
struct place object_where(uint64_t slot);

/* Frames and tables. */
uint64_t frame_new(void);
void *frame_pointer(uint64_t frame);
uint64_t table_frame_new(void); /* free frame of a TABLE chunk, not yet a table */
uint64_t table_new(unsigned level);
const uint64_t *table_pointer(uint64_t frame);
const struct table_record *table_record(uint64_t frame);
uint64_t chunk_new(void); /* first frame of an unmapped USER chunk, all of it free */
uint64_t chunk_count_left(void);
uint64_t own_root(void);
uint64_t own_table_chunk(void); /* first frame of the tests' TABLE chunk */
uint64_t own_object_chunk(void);
uint64_t chunk_of_kind(unsigned kind); /* first frame of one, 0 if there is none */
static inline uint32_t map_word(uint64_t frame, unsigned rights)
{
    return (uint32_t)(frame << MAP_FRAME_SHIFT | rights);
}
static inline uint64_t entry_frame(uint64_t entry)
{
    return entry >> PTE_FRAME_SHIFT;
}

/* Spaces: twins of init's (same code, data, window), with an area of their own. */
struct space {
    uint64_t slot;
    uint64_t root;
    uint64_t middle; /* level 1 table of the area */
    uint64_t leaf;   /* leaf table of the area's first 2 MiB */
};
struct space space_new(void);
void area_map(const struct space *space, unsigned page, uint64_t frame, unsigned rights);
void window_open(
    uint64_t chunk); /* a TABLE chunk, read-only; to be closed before it changes kind */
void window_close(uint64_t chunk);
struct space own_area(void); /* the same in init's own space, made at first use */

/* Threads. */
struct worker {
    uint64_t found[32]; /* registers at its first instruction; known to start.S */
    uint64_t thread;    /* slot */
    uint64_t done;      /* notification slot */
    void (*run)(struct worker *);
    uint64_t argument[4];
    volatile uint64_t result[8];
    struct message message;
    volatile bool finished;
    uint64_t endpoint; /* for its faults; 0: none */
};
enum { WORKER_PRIORITY = 10, RUNNER_PRIORITY = 20 };
struct worker *worker_new(void (*run)(struct worker *));
/* space_slot 0: init's own. Configure and start. */
void worker_go(struct worker *worker, uint64_t space_slot, unsigned priority);
void worker_configure(struct worker *worker, uint64_t space_slot, unsigned priority,
                      unsigned flags);
void worker_start_at(struct worker *worker);
/* Both in one call, which takes that capability of init's space. */
void worker_begin(struct worker *worker, uint64_t space_slot, unsigned priority);
bool worker_join(struct worker *worker); /* false: not within two seconds */
uint64_t worker_state(struct worker *worker);
void worker_settle(struct worker *worker, uint64_t state); /* wait until it is in a state */
void worker_main(struct worker *worker);

/* A fault that run(worker) must take: receives it and leaves the thread FAULTED.
 * false (and a failure): none came. */
struct fault {
    uint64_t kind, address, pc, sp, badge;
};
bool fault_catch(struct worker *worker, uint64_t space_slot, struct fault *fault_out);

enum test_thread_state { /* as thread_info reports them */
                         STATE_UNCONFIGURED,
                         STATE_STOPPED,
                         STATE_READY,
                         STATE_RUNNING,
                         STATE_CALLING,
                         STATE_RECEIVING,
                         STATE_REPLYING,
                         STATE_WAITING,
                         STATE_FAULTED,
};
extern uint64_t pause_notification; /* never signalled */
void pause_ticks(uint64_t ticks);
uint64_t ticks_of_ms(uint64_t ms);

#endif
