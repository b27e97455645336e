/* Threads that touch memory. See sim.h. */
#include <inttypes.h>
#include <string.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

#include "fake_kernel.h"
#include "model.h"
#include "port.h"
#include "sim.h"

enum { RETRIES_MAX = 200 };

bool sim_is_filling;
uint64_t sim_hot_address;

struct sim_process *sim_random_process(void)
{
    unsigned start = (unsigned)dice_below(SIM_PROCESSES);
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        struct sim_process *process = &sim_processes[(start + i) % SIM_PROCESSES];
        if (process->live) {
            return process;
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------- addresses */
/* Pages near the edges of a region and of 2 MiB groups are where mistakes live; and few enough
 * pages that processes meet on them. */
static uint64_t page_in(const struct oracle_region *region)
{
    uint64_t pages = region->end - region->start;
    if (pages == 0) {
        return region->start;
    }
    switch (dice_below(6)) {
    case 0:
        return region->start;
    case 1:
        return region->end - 1;
    case 2: {
        uint64_t edge = (region->start + TABLE_ENTRIES) & ~(uint64_t)(TABLE_ENTRIES - 1);
        edge -= dice_below(2);
        return edge >= region->start && edge < region->end ? edge : region->start;
    }
    case 3:
        return region->start + dice_below(pages);
    default:
        return region->start + dice_below(pages < 12 ? pages : 12);
    }
}

uint64_t sim_random_address(const struct sim_process *process)
{
    const struct oracle *oracle = &process->oracle;
    uint64_t offset = oracle_word_offset((unsigned)dice_below(ORACLE_WORDS));
    if (oracle->region_count == 0 || dice_chance(400)) {
        return (dice_below(1ull << 27) << PAGE_SHIFT) + offset;
    }
    const struct oracle_region *region = &oracle->regions[dice_below(oracle->region_count)];
    uint64_t page = page_in(region);
    if (dice_chance(600)) {
        page = dice_chance(2) ? region->end : region->start - 1;
    }
    return (page << PAGE_SHIFT) + offset;
}

/* -------------------------------------------------------------------- access */
static unsigned word_of(uint64_t address)
{
    for (unsigned word = 0; word < ORACLE_WORDS; word++) {
        if (oracle_word_offset(word) == address % PAGE_BYTES) {
            return word;
        }
    }
    return 0;
}

unsigned sim_rights_needed(enum machine_access access)
{
    switch (access) {
    case ACCESS_LOAD:
        return MAP_R;
    case ACCESS_STORE:
        return MAP_W;
    case ACCESS_AMO:
        return MAP_R | MAP_W;
    case ACCESS_FETCH:
        return MAP_X;
    }
    return 0;
}

unsigned sim_rights_at(const struct sim_process *process, uint64_t page)
{
    const struct oracle_region *region = oracle_find(&process->oracle, page);
    return region == NULL ? 0 : region->rights;
}

/* S2: what the page's rights may be taken to be, at most, while a request is under way. */
static unsigned rights_granted(const struct sim_process *process, uint64_t page)
{
    unsigned rights = sim_rights_at(process, page);
    if (sim_transition.process == process && page - sim_transition.start < sim_transition.pages &&
        !sim_transition.removes) {
        rights |= sim_transition.rights;
    }
    return rights;
}

static void check_granted(const struct sim_process *process, const struct sim_thread *thread)
{
    unsigned needed = sim_rights_needed(thread->access);
    if ((rights_granted(process, thread->address >> PAGE_SHIFT) & needed) != needed) {
        model_fail("process %" PRIx64 ": access %d to 0x%" PRIx64 " went through, rights are %u",
                   process->id, thread->access, thread->address,
                   sim_rights_at(process, thread->address >> PAGE_SHIFT));
    }
}

static void check_value(const struct sim_process *process, uint64_t address, uint64_t seen)
{
    uint64_t page = address >> PAGE_SHIFT;
    if (oracle_find(&process->oracle, page) == NULL) {
        return; /* S2: went through while its region went; check_granted has judged it */
    }
    uint64_t expected = oracle_read(&process->oracle, page, address % PAGE_BYTES);
    if (seen != expected) {
        model_fail("process %" PRIx64 ": 0x%" PRIx64 " reads 0x%" PRIx64 ", should be 0x%" PRIx64,
                   process->id, address, seen, expected);
    }
}

static void check_device(const struct sim_process *process, const struct sim_thread *thread,
                         uint64_t frame)
{
    uint64_t page = thread->address >> PAGE_SHIFT;
    const struct oracle_region *region = oracle_find(&process->oracle, page);
    check_granted(process, thread);
    if (region == NULL || !region->is_device ||
        frame - PORT_DEVICE_FRAME != region->file_page + (page - region->start)) {
        model_fail("process %" PRIx64 ": 0x%" PRIx64 " reaches device frame 0x%" PRIx64,
                   process->id, thread->address, frame);
    }
}

static void complete(struct sim_process *process, const struct sim_thread *thread, uint64_t frame)
{
    if (frame - PORT_DEVICE_FRAME < PORT_DEVICE_FRAMES) {
        check_device(process, thread, frame);
        return;
    }
    uint64_t *memory = fake_memory_at(frame);
    uint64_t *word = &memory[thread->address % PAGE_BYTES / sizeof(uint64_t)];
    check_granted(process, thread);
    sim_counts.accesses++;
    switch (thread->access) {
    case ACCESS_LOAD:
    case ACCESS_FETCH:
        check_value(process, thread->address, *word);
        break;
    case ACCESS_AMO:
        check_value(process, thread->address, *word);
        *word += thread->value;
        oracle_write(&process->oracle, thread->address >> PAGE_SHIFT, word_of(thread->address),
                     *word);
        break;
    case ACCESS_STORE:
        *word = thread->value;
        oracle_write(&process->oracle, thread->address >> PAGE_SHIFT, word_of(thread->address),
                     *word);
        break;
    }
}

/* Programs walk through memory: the next page, the same kind of access. */
static bool go_on_walking(const struct sim_process *process, struct sim_thread *thread)
{
    uint64_t next = thread->address + PAGE_BYTES;
    if (thread->burst == 0 || oracle_find(&process->oracle, next >> PAGE_SHIFT) == NULL ||
        sim_rights_at(process, next >> PAGE_SHIFT) !=
            sim_rights_at(process, thread->address >> PAGE_SHIFT) ||
        next % PAGE_BYTES != oracle_word_offset(word_of(next))) {
        thread->burst = 0;
        return false;
    }
    thread->burst--;
    thread->address = next;
    thread->value = dice_roll();
    return true;
}

/* Siblings and relatives by fork store around a page that is being filled: there they can meet. */
static bool go_where_it_fills(const struct sim_process *process, struct sim_thread *thread)
{
    if (sim_filled_page < 4 || !dice_chance(3)) {
        return false;
    }
    uint64_t page = sim_filled_page - 3 + dice_below(5);
    if ((sim_rights_at(process, page) & MAP_W) == 0) {
        return false;
    }
    *thread = (struct sim_thread){.exists = true,
                                  .hart = thread->hart,
                                  .address = page << PAGE_SHIFT,
                                  .access = ACCESS_STORE,
                                  .value = dice_roll()};
    return true;
}

static void choose_access(struct sim_process *process, struct sim_thread *thread)
{
    if (process == sim_snapshot.process && sim_hot_address != 0 && !dice_chance(6)) {
        *thread = (struct sim_thread){.exists = true,
                                      .hart = thread->hart,
                                      .address = sim_hot_address,
                                      .access = ACCESS_STORE,
                                      .value = dice_roll()}; /* what a fork may get wrong */
        return;
    }
    if (go_on_walking(process, thread) || go_where_it_fills(process, thread)) {
        return;
    }
    thread->burst = dice_chance(10) ? (unsigned)dice_below(60) : 0;
    thread->address = sim_random_address(process);
    thread->value = dice_roll();
    switch (dice_below(8)) {
    case 0:
    case 1:
    case 2:
        thread->access = ACCESS_STORE;
        break;
    case 3:
        thread->access = ACCESS_AMO;
        break;
    case 4:
        thread->access = ACCESS_FETCH;
        break;
    default:
        thread->access = ACCESS_LOAD;
        break;
    }
    /* Most programs do what they may. */
    unsigned needed = sim_rights_needed(thread->access);
    unsigned rights = sim_rights_at(process, thread->address >> PAGE_SHIFT);
    if ((rights & needed) != needed && !dice_chance(100)) {
        thread->access = rights & MAP_R ? ACCESS_LOAD : rights & MAP_X ? ACCESS_FETCH : ACCESS_LOAD;
    }
    if (thread->access == ACCESS_LOAD && dice_chance(16)) {
        thread->address = (thread->address & ~(uint64_t)(PAGE_BYTES - 1)) + 8 * dice_below(512);
    }
}

/* A program that may not touch what it rolled would only die: let few do so. */
static bool would_die(const struct sim_process *process, const struct sim_thread *thread)
{
    unsigned needed = sim_rights_needed(thread->access);
    return (sim_rights_at(process, thread->address >> PAGE_SHIFT) & needed) != needed;
}

void sim_run_thread(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t frame = 0;
    if (thread->waits) {
        return;
    }
    if (thread->retries == 0) {
        choose_access(process, thread);
        if (would_die(process, thread) && !dice_chance(8)) {
            return;
        }
    }
    if (dice_chance(64)) {
        thread->hart = (unsigned)dice_below(MACHINE_HARTS);
    }
    unsigned fault =
        machine_translate(thread->hart, process->space, thread->address, thread->access, &frame);
    if (fault == 0) {
        complete(process, thread, frame);
        thread->retries = 0;
        return;
    }
    if (++thread->retries > RETRIES_MAX) {
        model_fail("process %" PRIx64 ": access %d to 0x%" PRIx64 " faults for ever", process->id,
                   thread->access, thread->address);
    }
    sim_queue_fault(thread);
}

/* ------------------------------------------------------------------- filling */
static void fill(struct sim_process *process, struct sim_thread *thread, uint64_t start,
                 uint64_t pages)
{
    uint64_t id = process->id;
    for (uint64_t page = start; page < start + pages; page++) {
        thread->address = page << PAGE_SHIFT;
        thread->access = ACCESS_STORE;
        thread->value = dice_roll();
        thread->retries = 1; /* the access is chosen */
        while (thread->retries != 0) {
            sim_run_thread(process, thread);
            while (thread->waits) {
                sim_serve_fault();
            }
            if (!process->live || process->id != id || !thread->exists) {
                return;
            }
        }
    }
}

void sim_fill(struct sim_process *process, struct sim_thread *thread, uint64_t start,
              uint64_t pages)
{
    sim_is_filling = true;
    fill(process, thread, start, pages);
    sim_is_filling = false;
}
