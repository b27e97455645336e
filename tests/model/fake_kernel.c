/* The second kernel: fake physical memory, kinds of chunks, spaces. See fake_kernel.h. */
#include "fake_kernel.h"
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct {
    uint8_t *memory;
    uint64_t first_frame;
    uint64_t frames;
    uint8_t kinds[FAKE_CHUNKS_MAX];
    struct {
        bool live;
        uint64_t root;
    } spaces[FAKE_SPACES_MAX];
    struct fake_hooks hooks;
    uint64_t calls;
    unsigned refuse_count;
} fake;

/* -------------------------------------------------------------------- memory */
void fake_start(uint64_t first_frame, unsigned chunks, void *place, const struct fake_hooks *hooks)
{
    memset(&fake, 0, sizeof(fake));
    fake.first_frame = first_frame;
    fake.frames = (uint64_t)chunks * CHUNK_PAGES;
    fake.hooks = *hooks;
    fake.memory = mmap(place, fake.frames << PAGE_SHIFT, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunks > FAKE_CHUNKS_MAX || fake.memory == MAP_FAILED) {
        perror("fake memory");
        exit(2);
    }
    memset(fake.memory, 0xa5, fake.frames << PAGE_SHIFT); /* K4 */
    memset(fake.kinds, KIND_USER, chunks);
}

void fake_stop(void)
{
    munmap(fake.memory, fake.frames << PAGE_SHIFT);
    fake.memory = NULL;
}

bool fake_is_ram(uint64_t frame)
{
    return frame >= fake.first_frame && frame - fake.first_frame < fake.frames;
}

void *fake_memory_at(uint64_t frame)
{
    if (!fake_is_ram(frame)) {
        fprintf(stderr, "frame 0x%llx is not memory\n", (unsigned long long)frame);
        abort();
    }
    return fake.memory + ((frame - fake.first_frame) << PAGE_SHIFT);
}

static uint8_t *chunk_kind(uint64_t frame)
{
    return &fake.kinds[(frame - fake.first_frame) / CHUNK_PAGES];
}

unsigned fake_kind(uint64_t frame)
{
    return fake_is_ram(frame) ? *chunk_kind(frame) : KIND_FIRMWARE;
}

uint64_t *fake_entries(uint64_t frame)
{
    return fake_memory_at(frame);
}

struct table_record *fake_record(uint64_t frame)
{
    struct table_record *records = fake_memory_at(frame & ~(uint64_t)(CHUNK_PAGES - 1));
    return &records[frame % CHUNK_PAGES];
}

uint64_t fake_entry_frame(uint64_t entry)
{
    return (entry << 10) >> (10 + PTE_FRAME_SHIFT);
}

bool fake_entry_names_table(uint64_t entry, unsigned level)
{
    if (level == TABLE_LEVEL_LEAF) {
        return false;
    }
    if (entry & PTE_V) {
        return !(entry & (PTE_R | PTE_W | PTE_X));
    }
    return (entry & PTE_LAZY) != 0;
}

uint64_t fake_calls(void)
{
    return fake.calls;
}

void fake_call_begins(void)
{
    fake.calls++;
    fake.hooks.interleave(); /* K2 */
}

void fake_slice_ends(uint64_t step)
{
    if (step % FAKE_SLICE_ENTRIES == FAKE_SLICE_ENTRIES - 1) {
        fake.hooks.interleave(); /* K2 */
    }
}

void fake_refuse_count(unsigned k)
{
    fake.refuse_count = k;
}

unsigned fake_refusal_due(void)
{
    return fake.refuse_count;
}

bool fake_count_is_full(const struct table_record *record)
{
    bool refused = fake.refuse_count != 0 && --fake.refuse_count == 0;
    return refused || record->count == UINT32_MAX;
}

void fake_table_goes(uint64_t frame)
{
    fake.hooks.table_freed(frame);
}

/* -------------------------------------------------------------------- checks */
bool fake_covers(const struct fake_authority *memory, uint64_t frame)
{
    return frame >= memory->first_frame && frame - memory->first_frame < memory->frames;
}

/* A live table under the authority: RANGE, KIND, LEVEL in this order. */
err_t fake_check_table(const struct fake_authority *memory, uint64_t frame, unsigned *level_out)
{
    if (!(memory->rights & RIGHT_BIND)) {
        return ERR_RIGHTS;
    }
    if (!fake_covers(memory, frame)) {
        return ERR_RANGE;
    }
    if (fake_kind(frame) != KIND_TABLE) {
        return ERR_KIND;
    }
    if (fake_record(frame)->state == 0) {
        return ERR_LEVEL;
    }
    *level_out = fake_record(frame)->state - 1u;
    return ERR_OK;
}

uint64_t fake_entries_at(unsigned level)
{
    return level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
}

/* --------------------------------------------------------------------- kinds */
static bool entry_refers(uint64_t entry, uint64_t chunk)
{
    if (!(entry & (PTE_V | PTE_LAZY))) {
        return false;
    }
    uint64_t frame = fake_entry_frame(entry);
    return frame >= chunk && frame - chunk < CHUNK_PAGES;
}

static uint64_t find_reference(uint64_t chunk)
{
    for (uint64_t frame = fake.first_frame; frame < fake.first_frame + fake.frames; frame++) {
        if (fake_kind(frame) != KIND_TABLE || frame % CHUNK_PAGES == 0) {
            continue;
        }
        const struct table_record *record = fake_record(frame);
        for (unsigned i = 0; record->state != 0 && i < fake_entries_at(record->state - 1u); i++) {
            if (entry_refers(fake_entries(frame)[i], chunk)) {
                return (frame << PAGE_SHIFT) + i * sizeof(uint64_t);
            }
        }
    }
    return 0;
}

err_t fake_memory_retype(const struct fake_authority *memory, uint64_t chunk_frame, uint64_t kind,
                         uint64_t *offender_out)
{
    fake_call_begins();
    *offender_out = 0;
    if (!(memory->rights & RIGHT_MANAGE)) {
        return ERR_RIGHTS;
    }
    if (!fake_covers(memory, chunk_frame) || !fake_covers(memory, chunk_frame + CHUNK_PAGES - 1)) {
        return ERR_RANGE;
    }
    if (chunk_frame % CHUNK_PAGES != 0) {
        return ERR_ALIGN;
    }
    if (kind != KIND_USER && kind != KIND_TABLE && kind != KIND_OBJECT) {
        return ERR_ARGUMENT;
    }
    unsigned old = fake_kind(chunk_frame);
    if (old != KIND_USER && old != KIND_TABLE && old != KIND_OBJECT) {
        return ERR_KIND;
    }
    if (old == kind) {
        return ERR_OK;
    }
    for (uint64_t frame = chunk_frame + 1; old == KIND_TABLE && frame < chunk_frame + CHUNK_PAGES;
         frame++) {
        if (fake_record(frame)->state != 0) {
            *offender_out = frame << PAGE_SHIFT;
            return ERR_BUSY;
        }
    }
    *chunk_kind(chunk_frame) = KIND_CLOSING;
    fake.hooks.interleave();
    *chunk_kind(chunk_frame) = (uint8_t)old;
    uint64_t offender = find_reference(chunk_frame);
    if (offender != 0) {
        *offender_out = offender;
        return ERR_BUSY;
    }
    for (unsigned i = 0; i < FAKE_SPACES_MAX; i++) {
        if (fake.spaces[i].live) {
            fake.hooks.flush(i, 0, 0);
        }
    }
    memset(fake_memory_at(chunk_frame), 0, CHUNK_BYTES);
    *chunk_kind(chunk_frame) = (uint8_t)kind;
    return ERR_OK;
}

/* -------------------------------------------------------------------- spaces */
err_t fake_space_create(unsigned *space_out)
{
    for (unsigned i = 1; i < FAKE_SPACES_MAX; i++) {
        if (!fake.spaces[i].live) {
            fake.spaces[i].live = true;
            fake.spaces[i].root = 0;
            *space_out = i;
            return ERR_OK;
        }
    }
    return ERR_OCCUPIED;
}

err_t fake_space_destroy(unsigned space)
{
    fake_call_begins();
    if (!fake_space_live(space)) {
        return ERR_CAP_DEAD;
    }
    if (fake.spaces[space].root != 0) {
        fake_record(fake.spaces[space].root)->count--;
        fake_record(fake.spaces[space].root)->space = 0;
    }
    fake.hooks.flush(space, 0, 0);
    fake.spaces[space].live = false;
    fake.spaces[space].root = 0;
    return ERR_OK;
}

err_t fake_space_renew(unsigned *space_io)
{
    uint64_t root = fake.spaces[*space_io].root;
    err_t err = fake_space_destroy(*space_io);
    if (err == ERR_OK) {
        err = fake_space_create(space_io);
    }
    if (err == ERR_OK && root != 0) {
        fake.spaces[*space_io].root = root;
        fake_record(root)->count = 1;
        fake_record(root)->space = 1;
    }
    return err;
}

err_t fake_space_set_root(unsigned space, const struct fake_authority *memory, uint64_t root)
{
    unsigned level = 0;
    fake_call_begins();
    if (!fake_space_live(space)) {
        return ERR_CAP_DEAD;
    }
    err_t err = fake_check_table(memory, root, &level);
    if (err == ERR_OK && level != TABLE_LEVEL_ROOT) {
        err = ERR_LEVEL;
    }
    if (err == ERR_OK && (fake.spaces[space].root != 0 || fake_record(root)->count != 0)) {
        err = ERR_BUSY;
    }
    if (err == ERR_OK) {
        fake_table_goes(root);
        fake.spaces[space].root = root;
        fake_record(root)->count = 1;
        fake_record(root)->space = 1;
    }
    return err;
}

err_t fake_space_flush(unsigned space, uint64_t address, uint64_t pages)
{
    fake_call_begins();
    if (!fake_space_live(space)) {
        return ERR_CAP_DEAD;
    }
    if (pages != 0 && address % PAGE_BYTES != 0) {
        return ERR_ARGUMENT;
    }
    fake.hooks.flush(space, address, pages > 16 ? 0 : pages); /* K3 */
    return ERR_OK;
}

bool fake_space_live(unsigned space)
{
    return space < FAKE_SPACES_MAX && fake.spaces[space].live;
}

uint64_t fake_space_root(unsigned space)
{
    return fake_space_live(space) ? fake.spaces[space].root : 0;
}
