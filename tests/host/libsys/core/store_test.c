/* Stores: records keep their places, memory comes and goes with them, shortage changes nothing.
 * sources: libsys/core/store.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <byre/gen/pager.h>
#include <byre/table.h>
#include <libsys/store.h>

enum { AREA_PAGES = 4096, RECORD_BYTES = 200, LIMIT = 20000 };

/* A pager that knows which pages the store has: those it has not cannot be touched. */
static const struct store_owner owner = {.pager = 1, .space_id = 1};
static char *area;
static uint64_t pages_given;
static bool pager_is_poor;

err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor,
                         cap_t accept_slot, uint64_t deadline_ticks)
{
    (void)number;
    (void)capability;
    (void)descriptor;
    (void)accept_slot;
    (void)deadline_ticks;
    bool adds = m->label == PAGER_REGION_ADD;
    uint64_t address = m->w[adds ? 1 : 0];
    uint64_t pages = m->w[adds ? 2 : 1];

    assert_true(adds || m->label == PAGER_UNMAP);
    if (adds && pager_is_poor) {
        m->label = PAGER_ERR_NOMEM;
        return ERR_OK;
    }
    if (!adds) { /* piece by piece, from the end down */
        m->w[0] = (pages + 1) / 2;
        address += (pages - m->w[0]) * PAGE_BYTES;
        pages = m->w[0];
    }
    assert_int_equal(adds ? address : address + pages * PAGE_BYTES,
                     (uint64_t)(uintptr_t)area + pages_given * PAGE_BYTES);
    assert_int_equal(mprotect((void *)(uintptr_t)address, pages * PAGE_BYTES,
                              adds ? PROT_READ | PROT_WRITE : PROT_NONE),
                     0);
    pages_given = adds ? pages_given + pages : pages_given - pages;
    m->label = ERR_OK;
    return ERR_OK;
}

err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor)
{
    return ipc_registers_long(number, capability, m, descriptor, 0, 0);
}

static struct store store;

static int begin(void **state)
{
    (void)state;
    area =
        mmap(NULL, (size_t)AREA_PAGES * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pages_given = 0;
    pager_is_poor = false;
    store_init(&store, &owner, (uint64_t)(uintptr_t)area, RECORD_BYTES, LIMIT);
    return area == MAP_FAILED;
}

static int end(void **state)
{
    (void)state;
    return munmap(area, (size_t)AREA_PAGES * PAGE_BYTES);
}

static void what_was_taken_comes_back_and_so_does_its_memory(void **state)
{
    static char *records[LIMIT];

    (void)state;
    for (unsigned i = 0; i < LIMIT; i++) {
        records[i] = store_take(&store);
        assert_non_null(records[i]);
        assert_int_equal(store_index(&store, records[i]), i);
        memset(records[i], 0xff, RECORD_BYTES);
    }
    assert_null(store_take(&store)); /* the limit */
    assert_true(pages_given * PAGE_BYTES >= (uint64_t)LIMIT * RECORD_BYTES);
    for (unsigned i = LIMIT; i-- > 0;) {
        store_give(&store, records[i]);
    }
    assert_int_equal(store.live, 0);
    assert_int_equal(pages_given, 4);
}

static void the_lowest_free_place_is_taken_and_is_zero(void **state)
{
    static const char zeroes[RECORD_BYTES];
    void *records[10];

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        records[i] = store_take(&store);
        memset(records[i], 0xff, RECORD_BYTES);
    }
    store_give(&store, records[7]);
    store_give(&store, records[2]);
    void *again = store_take(&store);
    assert_ptr_equal(again, records[2]);
    assert_memory_equal(again, zeroes, RECORD_BYTES);
}

static void a_pager_without_memory_is_no_harm(void **state)
{
    (void)state;
    void *first = store_take(&store);
    memset(first, 0x55, RECORD_BYTES);
    pager_is_poor = true;
    unsigned taken = 1;
    while (store_take(&store) != NULL) {
        taken++;
    }
    assert_int_equal(taken, 4 * PAGE_BYTES / RECORD_BYTES);
    assert_int_equal(*(char *)first, 0x55);
    pager_is_poor = false;
    assert_non_null(store_take(&store));
}

static void a_border_does_not_make_memory_come_and_go(void **state)
{
    (void)state;
    unsigned changes = 0;
    for (unsigned i = 0; i < 4 * PAGE_BYTES / RECORD_BYTES; i++) {
        (void)store_take(&store);
    }
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = pages_given;
        store_give(&store, store_take(&store));
        changes += pages_given != before;
    }
    assert_true(changes <= 1);
}

static void a_planned_failure_strikes_once(void **state)
{
    (void)state;
    assert_int_equal(store_fail_after(&store, 2), 0);
    assert_non_null(store_take(&store));
    assert_null(store_take(&store));
    assert_non_null(store_take(&store));
    assert_int_equal(store_fail_after(&store, 5), 0);
    assert_int_equal(store_fail_after(&store, 0), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_taken_comes_back_and_so_does_its_memory, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_lowest_free_place_is_taken_and_is_zero, begin, end),
        cmocka_unit_test_setup_teardown(a_pager_without_memory_is_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(a_border_does_not_make_memory_come_and_go, begin, end),
        cmocka_unit_test_setup_teardown(a_planned_failure_strikes_once, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
