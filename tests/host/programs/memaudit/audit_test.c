/* memaudit's walker on a small hand-made machine: silent when the books agree, and naming the very
 * frame, table, page or object when one thing is wrong.
 * sources: programs/memaudit/view.c programs/memaudit/tables.c programs/memaudit/counts.c
 * sources: programs/memaudit/spaces.c programs/memaudit/objects.c libsys/core/format.c
 * sources: tests/host/programs/memaudit/machine.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <byre/gen/kernel.h>

#include "machine.h"

static uint64_t pages_said = 2;
static unsigned book_moves; /* times that a server changes its book under the count */
static bool settled;

static bool query(uint64_t page, struct object_page *out)
{
    bool spaces = page == SPACE_PAGE;
    bool smalls = page == SMALL_PAGE;
    *out = (struct object_page){
        .class_bytes = spaces   ? OBJECT_BYTES_SPACE
                       : smalls ? OBJECT_BYTES_NOTIFICATION
                                : 0,
        .live_slots = spaces   ? object_live
                      : smalls ? small_live
                               : 0,
        .chunk_live_pages = pages_said,
    };
    if (spaces && book_moves > 0) {
        book_moves--;
        object_book_touch(book());
        object_book_touch(book());
    }
    return true;
}

static void recount(void)
{
    audit_owners(audit);
    audit_tables(audit);
    audit_slots(audit);
    audit_counts(audit);
    audit_spaces(audit);
    settled = audit_objects(audit, query);
}

/* Some finding has both words. */
static void expect(const char *where, const char *what)
{
    recount();
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        if (strstr(audit->finding[i], where) != NULL && strstr(audit->finding[i], what) != NULL) {
            return;
        }
    }
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        print_message("found: %s\n", audit->finding[i]);
    }
    fail_msg("nothing found about %s: %s", where, what);
}

static char *hex(uint64_t value)
{
    static char text[32];
    snprintf(text, sizeof(text), "0x%lx", value);
    return text;
}

static void agreeing_books_are_silent(void **state)
{
    (void)state;
    recount();
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        print_message("found: %s\n", audit->finding[i]);
    }
    assert_int_equal(audit->findings, 0);
    assert_int_equal(audit->totals.spaces, 2);
    assert_int_equal(audit->totals.system_roots, 2);
    assert_int_equal(audit->totals.entries_leaf, 5);
    assert_int_equal(audit->totals.slots, 1);
    assert_int_equal(audit->totals.objects, 3);
    assert_true(settled);
    assert_int_equal(audit->totals.tables[TABLE_LEVEL_LEAF], 3);
    assert_int_equal(audit->totals.entries_lazy, 3);
}

static void a_wrong_frame_count_names_the_frame(void **state)
{
    (void)state;
    counted(PRIVATE)->count++;
    expect(hex(PRIVATE), "the pager counts 2, there are 1");
}

static void a_free_frame_that_is_mapped_is_named(void **state)
{
    (void)state;
    counted(PRIVATE)->count = 0;
    chunk(0)->used--;
    expect(hex(PRIVATE), "the pager counts 0, there are 1");
}

static void an_entry_behind_the_books_back_is_named(void **state)
{
    (void)state;
    *entry(LEAF, 3) = 0;
    expect(hex(ZERO), "the pager counts 2, there are 1");
}

static void a_wrong_table_count_names_the_table(void **state)
{
    (void)state;
    record(LEAF)->count = 2;
    expect(hex(LEAF), "the kernel counts 2, there are 1");
}

static void a_shared_middle_table_named_valid_is_found(void **state)
{
    (void)state;
    *entry(ROOT_1, 0) = *entry(ROOT_1, 0) ^ PTE_LAZY ^ PTE_V;
    expect(hex(MIDDLE), "valid entries name it");
}

static void presets_of_a_and_d_are_checked(void **state)
{
    (void)state;
    *entry(LEAF, 0) &= ~(uint64_t)PTE_A;
    *entry(LEAF_1, 1) &= ~(uint64_t)PTE_D;
    expect(hex(LEAF), "A is not preset");
    expect(hex(LEAF_1), "D does not go with W");
}

static void writable_text_is_found(void **state)
{
    (void)state;
    *entry(LEAF, 0) |= PTE_W | PTE_D;
    expect("address 0x200000", "writable, the region is not");
    expect(hex(LEAF), "writable and executable");
}

static void a_user_bit_above_a_table_is_found(void **state)
{
    (void)state;
    *entry(MIDDLE_1, 0) |= PTE_A;
    expect(hex(MIDDLE_1), "in an entry that names a table");
}

static void a_pointer_to_a_wrong_level_is_found(void **state)
{
    (void)state;
    set(ROOT_2, 5, LEAF_2, PTE_V);
    expect(hex(ROOT_2), "wrong level");
}

static void a_mapped_kernel_object_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, OBJECT_CHUNK + 2, LEAF_RW);
    expect(hex(LEAF_1), "neither USER nor TABLE");
}

static void a_writable_page_table_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, ROOT_1, LEAF_RW);
    expect(hex(LEAF_1), "a page table with more than R");
}

static void a_page_without_region_is_found(void **state)
{
    (void)state;
    block()->regions[3].pages = 1;
    expect("address 0x80001000", "no region");
}

static void a_private_page_that_two_can_write_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, PRIVATE, LEAF_R);
    counted(PRIVATE)->count = 2;
    expect("address 0x80001000", "others refer to the private page");
}

static void an_unrecorded_group_is_found(void **state)
{
    (void)state;
    record(LEAF_1)->groups = 0;
    expect(hex(LEAF_1), "recorded as empty");
}

static void a_dirty_free_table_is_found(void **state)
{
    (void)state;
    *entry(TABLE_END, 77) = 1;
    expect(hex(TABLE_END), "word 77");
}

static void an_object_that_no_space_owns_is_found(void **state)
{
    (void)state;
    object_live |= 1 << 5;
    expect(hex(SPACE_PAGE), "slot 5: a live object that no record of the pager names");
}

static void an_object_that_no_record_names_is_found(void **state)
{
    (void)state;
    small_live |= 1ul << 63 | 1 << 2;
    expect(hex(SMALL_PAGE), "slot 2: a live object that no record of pager names");
    expect(hex(SMALL_PAGE), "slot 63: a live object that no record of pager names");
}

static void an_object_in_nobodys_page_is_found(void **state)
{
    (void)state;
    place(0)->page = 0;
    expect(hex(SMALL_PAGE), "slot 3: a live object in nobody's page");
}

static void a_space_without_object_is_found(void **state)
{
    (void)state;
    object_live = 1 << 1;
    expect(hex(SPACE_PAGE), "slot 2: no object, but space 2 of the pager needs it");
}

static void a_record_without_object_is_found(void **state)
{
    (void)state;
    *place(1) = (struct object_place){.page = SMALL_PAGE, .slot = 4};
    expect(hex(SMALL_PAGE), "slot 4: no object, but own object 1 of pager needs it");
}

static void an_object_that_two_records_name_is_found(void **state)
{
    (void)state;
    *place(1) = *place(0);
    expect(hex(SMALL_PAGE), "slot 3: own object 1 of pager names it, as another does");
}

static void a_record_of_no_object_page_is_found(void **state)
{
    (void)state;
    *place(1) = (struct object_place){.page = PRIVATE, .slot = 4};
    expect(hex(PRIVATE), "no OBJECT page");
}

static void a_book_out_of_reach_is_found(void **state)
{
    (void)state;
    struct pager_records *records = frame(DIRECTORIES);
    records->books[1] = (struct pager_book){5, 4096};
    expect("book 1", "out of reach");
}

static void books_that_move_are_nothing_found(void **state)
{
    (void)state;
    small_live |= 1 << 5;
    book_moves = 1;
    assert_false(audit_objects(audit, query));
    assert_int_equal(audit->findings, 0);
    object_book_touch(book()); /* amid a request */
    assert_false(audit_objects(audit, query));
    object_book_touch(book());
    assert_true(audit_objects(audit, query));
    assert_int_equal(audit->findings, 1);
}

static void a_wrong_count_of_object_pages_is_found(void **state)
{
    (void)state;
    pages_said = 3;
    expect(hex(OBJECT_CHUNK), "the kernel counts 3 pages in use, there are 2");
    pages_said = 2;
}

static void a_root_without_space_is_found(void **state)
{
    (void)state;
    space_directory()[2] = 0;
    object_live = 1 << 1;
    expect("3 bound roots", "init and the pager");
}

static void a_changed_kernel_half_is_found(void **state)
{
    (void)state;
    *entry(ROOT_2, 400) = 1;
    expect(hex(ROOT_2), "kernel's half");
}

static void a_kind_that_the_pager_has_wrong_is_found(void **state)
{
    (void)state;
    chunk(0)->kind = KIND_TABLE;
    expect(hex(USER_CHUNK), "USER to the kernel");
}

static void a_lost_slot_of_shared_memory_is_found(void **state)
{
    (void)state;
    *(uint32_t *)frame(OBJECT_INDEX) = 0;
    expect(hex(CACHED), "the pager counts 2, there are 1");
}

static void records_out_of_reach_do_no_harm(void **state)
{
    (void)state;
    space(1)->map = 0x123456789000;
    expect("space 0x700000001", "out of reach");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, machine_build, machine_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(agreeing_books_are_silent),
        CASE(a_wrong_frame_count_names_the_frame),
        CASE(a_free_frame_that_is_mapped_is_named),
        CASE(an_entry_behind_the_books_back_is_named),
        CASE(a_wrong_table_count_names_the_table),
        CASE(a_shared_middle_table_named_valid_is_found),
        CASE(presets_of_a_and_d_are_checked),
        CASE(writable_text_is_found),
        CASE(a_user_bit_above_a_table_is_found),
        CASE(a_pointer_to_a_wrong_level_is_found),
        CASE(a_mapped_kernel_object_is_found),
        CASE(a_writable_page_table_is_found),
        CASE(a_page_without_region_is_found),
        CASE(a_private_page_that_two_can_write_is_found),
        CASE(an_unrecorded_group_is_found),
        CASE(a_dirty_free_table_is_found),
        CASE(an_object_that_no_space_owns_is_found),
        CASE(an_object_that_no_record_names_is_found),
        CASE(an_object_in_nobodys_page_is_found),
        CASE(a_space_without_object_is_found),
        CASE(a_record_without_object_is_found),
        CASE(an_object_that_two_records_name_is_found),
        CASE(a_record_of_no_object_page_is_found),
        CASE(a_book_out_of_reach_is_found),
        CASE(books_that_move_are_nothing_found),
        CASE(a_wrong_count_of_object_pages_is_found),
        CASE(a_root_without_space_is_found),
        CASE(a_changed_kernel_half_is_found),
        CASE(a_kind_that_the_pager_has_wrong_is_found),
        CASE(a_lost_slot_of_shared_memory_is_found),
        CASE(records_out_of_reach_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
