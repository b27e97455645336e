/* A shadow of what each hart's TLB may hold, for a kernel built to be watched (build.mk): the
 * kernel's own sources, whose stores to page tables, fences and writes of satp tell this file, by
 * what the compiler and the assembler insert.
 *
 * QEMU forgets all translations at each write of satp. Here the worst hart that the architecture
 * allows is assumed, and the kernel panics as soon as one could go on with a translation that was
 * taken back:
 *
 *   W1  A hart that has loaded a space may hold every translation that its tables give, and gave
 *       since, until a fence of its number (or of everything) on that hart. A holder is a (number,
 *       root) with the harts.
 *   W2  An entry that loses rights, or is replaced, is stale where the table is reached, on each
 *       holder's harts, until fenced there: a leaf by its address or its number, what named a table
 *       by the number alone.
 *   W3  When the thread that took it back sends or answers its next message, what is stale is
 *       overdue.
 *   W4  No hart has a number loaded of which something overdue is stale there.
 *   W5  No hart loads a number of which it may hold another root's translations; where there are no
 *       numbers, the fence comes after the load, before user mode.
 *   W6  When a chunk leaves the kernel's window, every hart has fenced everything.
 *
 * Under the kernel's lock, as all that tells it. Adding rights needs no fence and is not looked at.
 */
#include "arch.h"
#include "core/hart.h"
#include "core/panic.h"
#include "core/table.h"
#include "riscv/csr.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/sbi.h"

enum { HOLDERS_MAX = 1024, STALE_MAX = 4096, STALE_OF_ONE_MAX = 64, REACHED_MAX = 64 };
enum { FENCE_EVERYTHING, FENCE_NUMBER, FENCE_ADDRESS_EVERYWHERE, FENCE_ADDRESS }; /* hooks.inc */
enum { PAGES_EVERYTHING = 1 << 27 };

struct holder {
    uint64_t asid;
    uint64_t root;
    uint64_t harts; /* 0: unused */
};

struct stale {
    uint64_t asid;
    uint64_t first, pages; /* virtual, in pages */
    uint64_t harts;        /* 0: unused */
    const struct thread *maker;
    bool by_number; /* only a fence of the whole number takes it away */
    bool is_overdue;
};

/* Where in which holder's space a table is. */
struct reached {
    const struct holder *holder;
    uint64_t first; /* page */
};

static struct holder holders[HOLDERS_MAX];
static unsigned holders_end;
static struct stale stale[STALE_MAX];
static unsigned stale_end;
static struct reached reached[REACHED_MAX]; /* of reached_table; FRAME 0: of none */
static unsigned reached_count;
static uint64_t reached_table;
static struct hart_state {
    uint64_t root; /* loaded; 0: the kernel's own */
    uint64_t asid;
    bool must_fence;     /* W5 */
    uint64_t fences_all; /* W6 */
} at[HARTS_MAX];
static bool in_message;
static struct { /* what the compiler told of last: it is looked at when the next thing happens */
    uint64_t *slot;
    uint64_t was;
    const struct thread *maker;
    bool in_message;
} stored;

static unsigned my_index(void)
{
    return this_hart() == NULL ? 0 : this_hart()->hart.index;
}

static uint64_t bit(unsigned index)
{
    return UINT64_C(1) << index;
}

/* ---------------------------------------------------------------------------------- W4 */
static void check(const struct stale *s)
{
    for (unsigned h = 0; s->is_overdue && h < hart_count; h++) {
        if ((s->harts >> h & 1) != 0 && at[h].root != 0 && at[h].asid == s->asid) {
            kernel_panic(
                "shadow: hart %u may use a stale translation of number %u: page %x, %u pages, "
                "taken back by the thread at %x",
                (uint64_t)h, s->asid, s->first, s->pages, (uint64_t)(uintptr_t)s->maker);
        }
    }
}

static void check_all(void)
{
    for (unsigned i = 0; i < stale_end; i++) {
        check(&stale[i]);
    }
}

/* ---------------------------------------------------------------------------------- W2 */
static void remember(const struct stale *new)
{
    struct stale *place = NULL;
    unsigned of_this = 0;

    for (unsigned i = 0; i < stale_end; i++) {
        if (stale[i].harts == 0) {
            place = place == NULL ? &stale[i] : place;
        } else if (stale[i].asid == new->asid && stale[i].maker == new->maker) {
            of_this++;
            if (of_this >= STALE_OF_ONE_MAX ||
                (stale[i].first == new->first &&stale[i].pages ==
                 new->pages &&stale[i].is_overdue == new->is_overdue)) {
                stale[i].by_number |= new->by_number || of_this >= STALE_OF_ONE_MAX;
                stale[i].harts |= new->harts;
                stale[i].is_overdue |= new->is_overdue;
                return;
            }
        }
    }
    if (place == NULL) {
        if (stale_end == STALE_MAX) {
            kernel_panic("shadow: too much is stale");
        }
        place = &stale[stale_end++];
    }
    *place = *new;
}

static void add_reached(const struct holder *holder, uint64_t first)
{
    if (reached_count == REACHED_MAX) {
        kernel_panic("shadow: too many places of one table");
    }
    reached[reached_count++] = (struct reached){holder, first};
}

/* The table that a valid entry names, or 0. */
static uint64_t named(uint64_t entry)
{
    return (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V ? entry_frame(entry).number : 0;
}

static bool uses_group(frame_t table, unsigned index)
{
    return (table_record_of(table)->groups >> (index / TABLE_GROUP_ENTRIES) & 1) != 0;
}

/* Where `table` is in the tree below `at_table`, of that level, which shows pages from `first`
 * on. */
static void reach(const struct holder *holder, uint64_t table, uint64_t at_table, unsigned level,
                  unsigned level_wanted, uint64_t first)
{
    const uint64_t *entries = table_entries_of((frame_t){at_table});
    unsigned end = level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;

    if (at_table == table) {
        add_reached(holder, first);
        return;
    }
    for (unsigned i = 0; level > level_wanted && i < end; i++) {
        if (!uses_group((frame_t){at_table}, i)) {
            i += TABLE_GROUP_ENTRIES - 1;
        } else if (level - 1 > level_wanted && named(entries[i]) != 0) {
            reach(holder, table, named(entries[i]), level - 1, level_wanted,
                  first + ((uint64_t)i << 9 * level));
        } else if (named(entries[i]) == table) {
            add_reached(holder, first + ((uint64_t)i << 9 * level));
        }
    }
}

static void find_reached(uint64_t table, unsigned level)
{
    if (table == reached_table) {
        return;
    }
    reached_count = 0;
    reached_table = table;
    for (unsigned i = 0; i < holders_end; i++) {
        if (holders[i].harts != 0) {
            reach(&holders[i], table, holders[i].root, TABLE_LEVEL_ROOT, level, 0);
        }
    }
}

static bool takes_back(uint64_t was, uint64_t is)
{
    uint64_t rights = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;

    if ((was & PTE_V) == 0) {
        return false;
    }
    return entry_frame(was).number != entry_frame(is).number || (was & ~is & rights) != 0 ||
           named(was) != named(is);
}

/* The store that the compiler told of before it was done is done now. */
static void look_at_slot(void)
{
    uint64_t address = (uint64_t)(uintptr_t)stored.slot;
    uint64_t was = stored.was, is;
    struct stale new;
    unsigned level, index;
    uint64_t table;

    if (stored.slot == NULL) {
        return;
    }
    is = *stored.slot;
    stored.slot = NULL;
    if (was == is) {
        return;
    }
    table = (address - KERNEL_WINDOW) >> PAGE_SHIFT;
    level = table_record_of((frame_t){table})->state - 1u;
    index = address / sizeof(uint64_t) % TABLE_ENTRIES;
    if (takes_back(was, is)) {
        find_reached(table, level);
        for (unsigned i = 0; i < reached_count; i++) {
            new = (struct stale){.asid = reached[i].holder->asid,
                                 .harts = reached[i].holder->harts,
                                 .first = reached[i].first + ((uint64_t)index << 9 * level),
                                 .pages = UINT64_C(1) << 9 * level,
                                 .maker = stored.maker,
                                 .by_number = named(was) != 0,
                                 .is_overdue = stored.in_message};
            remember(&new);
        }
    }
    if (named(was) != named(is)) {
        reached_table = 0;
    }
}

void shadow_store(uint64_t *address);
void shadow_store(uint64_t *address)
{
    look_at_slot();
    if ((uint64_t)(uintptr_t)address >= KERNEL_WINDOW &&
        chunk_kind((frame_t){((uint64_t)(uintptr_t)address - KERNEL_WINDOW) >> PAGE_SHIFT}) ==
            KIND_TABLE) {
        stored.slot = address;
        stored.was = *address;
        stored.maker = this_hart()->hart.current;
        stored.in_message = in_message;
    }
}

/* ------------------------------------------------------------------------------ fences */
static void fenced(uint64_t harts_mask, bool of_all_numbers, uint64_t asid)
{
    look_at_slot();
    for (unsigned i = 0; i < stale_end; i++) {
        if (of_all_numbers || stale[i].asid == asid) {
            stale[i].harts &= ~harts_mask;
        }
    }
    for (unsigned i = 0; i < holders_end; i++) {
        struct holder *holder = &holders[i];

        for (unsigned h = 0; (of_all_numbers || holder->asid == asid) && h < hart_count; h++) {
            bool is_loaded = at[h].root == holder->root && at[h].asid == holder->asid;

            if ((harts_mask >> h & 1) != 0 &&
                !is_loaded) { /* what is loaded is looked up again at once */
                holder->harts &= ~bit(h);
            }
        }
    }
    for (unsigned h = 0; h < HARTS_MAX; h++) {
        if ((harts_mask >> h & 1) != 0) {
            at[h].must_fence &= !of_all_numbers && asid != at[h].asid;
            at[h].fences_all += of_all_numbers;
        }
    }
    reached_table = 0;
    while (stale_end > 0 && stale[stale_end - 1].harts == 0) {
        stale_end--;
    }
}

static void fenced_pages(uint64_t harts_mask, uint64_t asid, uint64_t first, uint64_t pages)
{
    look_at_slot();
    for (unsigned i = 0; i < stale_end; i++) {
        struct stale *s = &stale[i];

        if (s->asid == asid && !s->by_number && first < s->first + s->pages &&
            s->first < first + pages) {
            s->harts &= ~harts_mask;
        }
    }
}

void shadow_fence(uint64_t address, uint64_t asid, uint64_t which);
void shadow_fence(uint64_t address, uint64_t asid, uint64_t which)
{
    uint64_t me = bit(my_index());

    if (which == FENCE_ADDRESS) {
        fenced_pages(me, asid, address >> PAGE_SHIFT, 1);
    } else if (which != FENCE_ADDRESS_EVERYWHERE) { /* that is the kernel's window */
        fenced(me, which == FENCE_EVERYTHING, asid);
    }
}

void __real_sbi_fence(uint64_t harts_mask, enum sbi_fence which, uint64_t start, uint64_t bytes,
                      uint64_t asid);
void __wrap_sbi_fence(uint64_t harts_mask, enum sbi_fence which, uint64_t start, uint64_t bytes,
                      uint64_t asid);
void __wrap_sbi_fence(uint64_t harts_mask, enum sbi_fence which, uint64_t start, uint64_t bytes,
                      uint64_t asid)
{
    look_at_slot();
    __real_sbi_fence(harts_mask, which, start, bytes, asid);
    if (which == SBI_FENCE_CODE) {
        return;
    }
    if (bytes == UINT64_MAX) {
        fenced(harts_mask, which == SBI_FENCE_TRANSLATIONS, asid);
    } else if (which == SBI_FENCE_ASID) {
        fenced_pages(harts_mask, asid, start >> PAGE_SHIFT, bytes >> PAGE_SHIFT);
    }
}

void __real_arch_window_close(frame_t chunk_first);
void __wrap_arch_window_close(frame_t chunk_first);
void __wrap_arch_window_close(frame_t chunk_first)
{
    uint64_t before[HARTS_MAX];

    for (unsigned h = 0; h < hart_count; h++) {
        before[h] = at[h].fences_all;
    }
    __real_arch_window_close(chunk_first);
    for (unsigned h = 0; h < hart_count; h++) {
        if (at[h].fences_all == before[h]) {
            kernel_panic("shadow: hart %u may use the window of a chunk that is closed",
                         (uint64_t)h);
        }
    }
}

/* --------------------------------------------------------------------------- W1 and W5 */
static struct holder *holder_of(uint64_t asid, uint64_t root)
{
    struct holder *unused = NULL;

    for (unsigned i = 0; i < holders_end; i++) {
        if (holders[i].harts == 0) {
            unused = &holders[i];
        } else if (holders[i].asid == asid && holders[i].root == root) {
            return &holders[i];
        }
    }
    if (unused == NULL) {
        if (holders_end == HOLDERS_MAX) {
            kernel_panic("shadow: too many spaces");
        }
        unused = &holders[holders_end++];
    }
    *unused = (struct holder){.asid = asid, .root = root};
    reached_table = 0;
    return unused;
}

void shadow_load(uint64_t satp);
void shadow_load(uint64_t satp)
{
    unsigned me = my_index();
    uint64_t root = satp << 20 >> 20;
    uint64_t asid = satp >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    struct holder *holder;

    look_at_slot();
    at[me].asid = asid;
    at[me].root = 0;
    if (root == riscv_facts.satp << 20 >> 20) {
        return;
    }
    for (unsigned i = 0; i < holders_end; i++) {
        if (holders[i].asid == asid && holders[i].root != root &&
            (holders[i].harts >> me & 1) != 0) {
            if (asid != 0) {
                kernel_panic("shadow: hart %u loads number %u and may hold another space's",
                             (uint64_t)me, asid);
            }
            at[me].must_fence = true;
        }
    }
    at[me].root = root;
    holder = holder_of(asid, root);
    if ((holder->harts >> me & 1) == 0) {
        reached_table = 0; /* a holder that had no harts is not among those reached */
    }
    holder->harts |= bit(me);
    if (asid != 0) {
        check_all();
    }
}

/* ----------------------------------------------------------------- the kernel's entries */
/* User mode ran until now on this hart, or it idled. Of system calls those on tables begin so. */
void shadow_entry(void);
void shadow_entry(void)
{
    look_at_slot();
    in_message = false;
    if (at[my_index()].must_fence && at[my_index()].root != 0) {
        kernel_panic("shadow: hart %u ran a space and did not fence another's translations",
                     (uint64_t)my_index());
    }
    check_all();
}

/* On the way out of the general path: what tables lost in this entry is seen while its maker is
 * current. */
void shadow_settle(void);
void shadow_settle(void)
{
    look_at_slot();
}

/* W3 */
void shadow_message(void);
void shadow_message(void)
{
    const struct thread *maker = this_hart()->hart.current;

    shadow_entry();
    for (unsigned i = 0; i < stale_end; i++) {
        stale[i].is_overdue |= stale[i].harts != 0 && stale[i].maker == maker;
    }
    check_all();
    in_message = true;
}

/* ------------------------------------------------------ what -fsanitize=thread inserts */
void __tsan_volatile_write8(uint64_t *address);
void __tsan_volatile_write8(uint64_t *address)
{
    shadow_store(address);
}

#define IGNORED(name) \
    void name(void);  \
    void name(void)   \
    {                 \
    }
#define IGNORED_OF_SIZES(name) \
    IGNORED(name##1) IGNORED(name##2) IGNORED(name##4) IGNORED(name##8) IGNORED(name##16)
IGNORED_OF_SIZES(__tsan_read)
IGNORED_OF_SIZES(__tsan_write)
IGNORED_OF_SIZES(__tsan_volatile_read)
IGNORED_OF_SIZES(__tsan_unaligned_read)
IGNORED_OF_SIZES(__tsan_unaligned_write)
IGNORED(__tsan_volatile_write1)
IGNORED(__tsan_volatile_write2)
IGNORED(__tsan_volatile_write4)
IGNORED(__tsan_volatile_write16)
IGNORED(__tsan_read_range)
IGNORED(__tsan_write_range)
IGNORED(__tsan_init)
