/* Region maps against a flat table of pages, shared and copied at random; and shared objects.
 * sources: tests/host/servers/pager/support.c servers/pager/frame.c servers/pager/promise.c servers/pager/pool.c servers/pager/hook.c servers/pager/directory.c servers/pager/region.c servers/pager/region_change.c servers/pager/object.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "hook.h"
#include "object.h"
#include "promise.h"
#include "region.h"
#include "support.h"

enum { MAPS = 4, PAGES = 4096, STEPS = 30000, ORIGIN = 1000, UNMAPPED = 0xff };

static int start(void **state)
{
    (void)state;
    support_start();
    regions_start();
    objects_start(1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    support_stop();
    return 0;
}

static uint64_t dice = 1;

static unsigned roll(unsigned below)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice >> 33) % below;
}

/* A map and what it should say: the rights of each page. */
struct twin {
    struct region_map *map;
    uint8_t rights[PAGES];
};

static bool range_is_unmapped(const struct twin *t, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        if (t->rights[i] != UNMAPPED) {
            return false;
        }
    }
    return true;
}

static void twin_add(struct twin *t, unsigned first, unsigned end)
{
    if (!range_is_unmapped(t, first, end)) {
        return;
    }
    static const uint8_t choices[] = {0, MAP_R, MAP_R | MAP_W, MAP_R | MAP_X};
    struct region region = {.first_page = ORIGIN + first,
                            .pages = end - first,
                            .rights = choices[roll(4)],
                            .max_rights = MAP_R | MAP_W | MAP_X};
    region.flags = (region.rights & MAP_W) != 0 ? REGION_PROMISED : 0;
    if (roll(2) == 0) { /* a file, so that cutting has to keep the offset */
        region.backing = BACKING_ARCHIVE;
        region.offset_pages = first;
        region.file_pages = region.pages - roll(2);
        region.file_tail = region.file_pages > 0 ? roll(2) * 100 : 0;
    }
    if (region_map_add(&t->map, &region) == ERR_OK) {
        memset(&t->rights[first], region.rights, end - first);
    }
}

static void twin_remove(struct twin *t, unsigned first, unsigned end)
{
    if (region_map_isolate(&t->map, ORIGIN + first, ORIGIN + end) == ERR_OK) {
        region_map_remove(t->map, ORIGIN + first, ORIGIN + end);
        memset(&t->rights[first], UNMAPPED, end - first);
    }
}

static void twin_change(struct twin *t, unsigned first, unsigned end)
{
    if (region_map_isolate(&t->map, ORIGIN + first, ORIGIN + end) != ERR_OK) {
        return;
    }
    region_map_change(t->map, ORIGIN + first, ORIGIN + end, MAP_R | MAP_W, REGION_PROMISED);
    for (unsigned i = first; i < end; i++) {
        t->rights[i] = t->rights[i] == UNMAPPED ? UNMAPPED : MAP_R | MAP_W;
    }
}

static void twin_fork(struct twin *from, struct twin *to)
{
    struct region_map *map = region_map_share(from->map); /* first: both may be the same */
    region_map_release(to->map);
    to->map = map;
    memmove(to->rights, from->rights, sizeof(to->rights));
}

static void twin_check(const struct twin *t)
{
    assert_true(region_map_check(t->map));
    for (unsigned i = 0; i < PAGES; i++) {
        const struct region *r = region_find(t->map, ORIGIN + i);
        assert_int_equal(r == NULL ? UNMAPPED : r->rights, t->rights[i]);
        if (r != NULL && r->backing == BACKING_ARCHIVE) {
            assert_int_equal(r->offset_pages + ORIGIN + i - r->first_page, i);
        }
    }
}

static void maps_agree_with_a_flat_table(void **state)
{
    (void)state;
    static struct twin twins[MAPS];
    uint64_t free = frames.totals.user_free;
    for (unsigned i = 0; i < MAPS; i++) {
        assert_int_equal(region_map_create(&twins[i].map), ERR_OK);
        memset(twins[i].rights, UNMAPPED, PAGES);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        struct twin *t = &twins[roll(MAPS)];
        unsigned first = roll(PAGES - 1);
        unsigned length = roll(10) == 0 ? 1 + roll(600) : 1 + roll(8);
        unsigned end = first + length < PAGES ? first + length : PAGES;
        if (roll(20) == 0) {
            hooks.fail[PAGER_HOOK_FAIL_RECORD] = 1 + roll(4);
        }
        switch (roll(8)) {
        case 0:
            twin_fork(t, &twins[roll(MAPS)]);
            break;
        case 1:
            twin_remove(t, first, end);
            break;
        case 2:
            twin_change(t, first, end);
            break;
        default:
            twin_add(t, first, end);
            break;
        }
        if (step % 500 == 0) {
            for (unsigned i = 0; i < MAPS; i++) {
                twin_check(&twins[i]);
            }
        }
    }
    hooks.fail[PAGER_HOOK_FAIL_RECORD] = 0;
    for (unsigned i = 0; i < MAPS; i++) {
        region_map_release(twins[i].map);
    }
    assert_int_equal(frames.totals.user_free, free);
}

static void tables_are_counted_once_for_neighbours(void **state)
{
    (void)state;
    struct region_map *map;
    assert_int_equal(region_map_create(&map), ERR_OK);
    struct region r = {.first_page = 100, .pages = 50, .rights = MAP_R, .max_rights = MAP_R};
    assert_int_equal(region_map_add(&map, &r), ERR_OK);
    assert_int_equal(map->tables, 2); /* a leaf and a middle table */
    r.first_page = 300;
    assert_int_equal(region_map_add(&map, &r), ERR_OK);
    assert_int_equal(map->tables, 2); /* in the same ones */
    r.first_page = 500;
    assert_int_equal(region_map_add(&map, &r), ERR_OK);
    assert_int_equal(map->tables, 3); /* reaches into the next leaf table */
    r.first_page = GIANT_PAGES - 10;
    assert_int_equal(region_map_add(&map, &r), ERR_OK);
    assert_int_equal(map->tables, 6);
    assert_true(region_map_check(map));
    region_map_release(map);
}

static void a_thousand_regions_fit(void **state)
{
    (void)state;
    struct region_map *map;
    uint64_t free = frames.totals.user_free;
    assert_int_equal(region_map_create(&map), ERR_OK);
    for (uint32_t i = 0; i < 1500; i++) { /* downwards: the worst order for blocks */
        struct region r = {
            .first_page = 100000 - 2 * i, .pages = 1, .rights = MAP_R, .max_rights = MAP_R};
        assert_int_equal(region_map_add(&map, &r), ERR_OK);
    }
    assert_int_equal(map->regions, 1500);
    assert_true(region_map_check(map));
    region_map_release(map);
    assert_int_equal(frames.totals.user_free, free);
}

/* --------------------------------------------------------------------------------- objects */
static void objects_keep_their_pages_until_the_last_map_goes(void **state)
{
    (void)state;
    uint64_t free = frames.totals.user_free;
    struct account *account;
    assert_int_equal(account_get(1, &account), ERR_OK);
    struct object *object;
    assert_int_equal(object_create(2000, account, &object), ERR_OK);
    account_release(account);
    struct region_map *map;
    assert_int_equal(region_map_create(&map), ERR_OK);
    struct region r = {.first_page = ORIGIN,
                       .pages = 2000,
                       .rights = MAP_R | MAP_W,
                       .max_rights = MAP_R | MAP_W,
                       .flags = REGION_SHARED,
                       .backing = BACKING_OBJECT + object->index};
    assert_int_equal(region_map_add(&map, &r), ERR_OK); /* takes our reference */
    frame_t a;
    frame_t b;
    assert_int_equal(object_page(object, 3, &a), ERR_OK);
    assert_int_equal(object_page(object, 1999, &b), ERR_OK);
    assert_int_equal(object_page(object, 2000, &b), PAGER_ERR_FAULT);
    assert_int_equal(object_peek(object, 3).number, a.number);
    assert_int_equal(object_peek(object, 4).number, 0);
    struct region_map *child = region_map_share(map);
    assert_int_equal(region_map_isolate(&child, ORIGIN + 10, ORIGIN + 20), ERR_OK);
    region_map_remove(child, ORIGIN + 10, ORIGIN + 20);
    region_map_release(map);
    assert_false(object_sweep());
    region_map_release(child);
    while (object_sweep()) {
    }
    assert_int_equal(frames.totals.user_free, free);
    assert_int_equal(promises.user, 0);
}

static void a_key_is_never_0_and_keys_differ(void **state)
{
    (void)state;
    struct account *account;
    struct object *object;
    assert_int_equal(account_get(1, &account), ERR_OK);
    assert_int_equal(object_create(1, account, &object), ERR_OK);
    uint64_t key = object_open(object);
    assert_int_not_equal(key, 0);
    assert_int_not_equal(object_open(object), key);
    object_unref(object);
    account_release(account);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static void one_account_cannot_take_all_objects(void **state)
{
    (void)state;
    static struct object *taken[SUPPORT_CHUNKS * CHUNK_PAGES];
    uint32_t length = pager_state.object_indices.length;
    unsigned count = 0;
    struct account *greedy;
    struct account *small;
    assert_int_equal(account_get(1, &greedy), ERR_OK);
    assert_int_equal(account_get(2, &small), ERR_OK);
    greedy->user_limit = small->user_limit = 1 << 20;
    promises.overcommit = true; /* the frames of this test are few */
    while (count < length && object_create(1, greedy, &taken[count]) == ERR_OK) {
        count++;
    }
    assert_int_equal(count, length / OBJECTS_SMALL_SHARE * (OBJECTS_SMALL_SHARE - 1));
    for (unsigned i = 0; i < ACCOUNT_SMALL_OBJECTS; i++) {
        assert_int_equal(object_create(1, small, &taken[count++]), ERR_OK);
    }
    struct object *refused;
    assert_int_equal(object_create(1, small, &refused), PAGER_ERR_NOMEM);
    while (count > 0) {
        object_unref(taken[--count]);
    }
    while (object_sweep()) {
    }
    account_release(greedy);
    account_release(small);
    assert_int_equal(promises.user, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(maps_agree_with_a_flat_table),
        TEST(tables_are_counted_once_for_neighbours),
        TEST(a_thousand_regions_fit),
        TEST(objects_keep_their_pages_until_the_last_map_goes),
        TEST(a_key_is_never_0_and_keys_differ),
        TEST(one_account_cannot_take_all_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
