/* The readers of the boot archive and of programs: what is right is read, what is damaged does no
 * harm and never passes with a promise broken (elf.h, L2 and L3).
 * sources: libsys/load/cpio.c libsys/load/elf.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libsys/cpio.h>
#include <libsys/elf.h>

#include "boot/dice.h"

enum { MUTANTS = 100000, BYTES_MAX = 4096 };

static size_t archive_add(uint8_t *archive, size_t at, const char *name, const char *data)
{
    char header[128];
    size_t name_bytes = strlen(name) + 1;
    (void)snprintf(header, sizeof header,
                   "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1u, 0100755u, 0u,
                   0u, 1u, 0u, strlen(data), 0u, 0u, 0u, 0u, name_bytes, 0u);
    memcpy(archive + at, header, 110);
    memcpy(archive + at + 110, name, name_bytes);
    at = (at + 110 + name_bytes + 3) & ~(size_t)3;
    memcpy(archive + at, data, strlen(data));
    return (at + strlen(data) + 3) & ~(size_t)3;
}

static size_t archive_make(uint8_t *archive)
{
    memset(archive, 0, BYTES_MAX);
    size_t at = archive_add(archive, 0, "servers/init", "first");
    at = archive_add(archive, at, "bin/empty", "");
    at = archive_add(archive, at, "bin/echo", "something longer than a word");
    return archive_add(archive, at, "TRAILER!!!", "");
}

static void members_are_found(void **state)
{
    (void)state;
    uint8_t archive[BYTES_MAX];
    size_t bytes = archive_make(archive);
    struct cpio_member member;
    assert_int_equal(cpio_find(archive, bytes, "servers/init", &member), CPIO_MEMBER);
    assert_int_equal(member.bytes, 5);
    assert_memory_equal(member.data, "first", 5);
    assert_int_equal(cpio_find(archive, bytes, "bin/empty", &member), CPIO_MEMBER);
    assert_int_equal(member.bytes, 0);
    assert_int_equal(cpio_find(archive, bytes, "bin/echo", &member), CPIO_MEMBER);
    assert_int_equal(member.mode, 0100755);
    assert_int_equal(cpio_find(archive, bytes, "bin/ech", &member), CPIO_END);
    for (size_t cut = 0; cut < bytes; cut++) {
        uint8_t *copy = dice_copy(archive, cut);
        assert_int_not_equal(cpio_find(copy, cut, "nowhere", &member), CPIO_MEMBER);
        free(copy);
    }
}

static void damaged_archives_do_no_harm(void **state)
{
    (void)state;
    struct dice dice = dice_make("damaged archives");
    uint8_t archive[BYTES_MAX];
    size_t bytes = archive_make(archive);
    for (unsigned i = 0; i < MUTANTS; i++) {
        uint8_t *copy = dice_copy(archive, bytes);
        dice_mutate(&dice, copy, bytes);
        uint64_t position = 0;
        struct cpio_member member;
        unsigned members = 0;
        while (cpio_next(copy, bytes, &position, &member) == CPIO_MEMBER) {
            assert_true(member.data >= copy && member.bytes <= bytes);
            assert_true(member.data + member.bytes <= copy + bytes);
            assert_true(strlen(member.name) < bytes);
            assert_true(++members < bytes);
        }
        free(copy);
    }
}

/* Whoever lists an archive says where to go on. */
static void it_may_begin_anywhere(void **state)
{
    (void)state;
    uint8_t archive[BYTES_MAX];
    size_t bytes = archive_make(archive);
    uint8_t *copy = dice_copy(archive, bytes);
    unsigned members = 0;
    for (uint64_t start = 0; start <= bytes + 1; start++) {
        uint64_t position = start;
        struct cpio_member member;
        members += cpio_next(copy, bytes, &position, &member) == CPIO_MEMBER;
    }
    assert_int_equal(members, 3);
    uint64_t beyond = UINT64_MAX;
    struct cpio_member member;
    assert_int_equal(cpio_next(copy, bytes, &beyond, &member), CPIO_MALFORMED);
    free(copy);
}

static void a_name_is_no_longer_than_two_pages(void **state)
{
    (void)state;
    enum { LONGEST = 8192, ROOM = 3 * LONGEST };
    char *name = malloc(ROOM);
    uint8_t *archive = calloc(1, ROOM);
    struct cpio_member member;
    for (size_t length = LONGEST - 1; length <= LONGEST; length++) {
        memset(name, 'x', length);
        name[length] = 0;
        uint64_t position = 0;
        size_t bytes = archive_add(archive, 0, name, "data");
        assert_int_equal(cpio_next(archive, bytes, &position, &member),
                         length < LONGEST ? CPIO_MEMBER : CPIO_MALFORMED);
    }
    free(archive);
    free(name);
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void program_put(uint8_t *program, uint32_t rights, uint64_t offset, uint64_t address,
                        uint64_t file_bytes, uint64_t memory_bytes)
{
    put(program, 1, 4);
    put(program + 4, rights, 4);
    put(program + 8, offset, 8);
    put(program + 16, address, 8);
    put(program + 24, address, 8);
    put(program + 32, file_bytes, 8);
    put(program + 40, memory_bytes, 8);
    put(program + 48, 4096, 8);
}

static size_t elf_make(uint8_t *image)
{
    static const uint8_t identity[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memset(image, 0, BYTES_MAX);
    memcpy(image, identity, sizeof identity);
    put(image + 16, 2, 2);
    put(image + 18, 243, 2);
    put(image + 20, 1, 4);
    put(image + 24, 0x10000100, 8);
    put(image + 32, 64, 8);
    put(image + 52, 64, 2);
    put(image + 54, 56, 2);
    put(image + 56, 3, 2);
    program_put(image + 64, ELF_R | ELF_X, 0, 0x10000000, 0x400, 0x400);
    program_put(image + 120, ELF_R, 0x400, 0x10001400, 0x200, 0x200);
    program_put(image + 176, ELF_R | ELF_W, 0x600, 0x10002600, 0x100, 0x5000);
    return 0x800;
}

static void elf_keeps_promises(const struct elf *elf, size_t bytes)
{
    uint64_t above = 4096;
    bool entry = false;
    assert_in_range(elf->segment_count, 1, ELF_SEGMENTS_MAX);
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        assert_true(segment->file_offset + segment->file_bytes <= bytes);
        assert_true(segment->file_bytes <= segment->memory_bytes);
        assert_true(segment->address + segment->memory_bytes <= 1ull << 38);
        assert_true((segment->address & ~4095ull) >= above);
        assert_true((segment->rights & ELF_W) == 0 || (segment->rights & ELF_X) == 0);
        above = (segment->address + segment->memory_bytes + 4095) & ~4095ull;
        entry = entry || ((segment->rights & ELF_X) != 0 && elf->entry >= segment->address &&
                          elf->entry < segment->address + segment->file_bytes);
    }
    assert_true(entry);
}

static void programs_are_read(void **state)
{
    (void)state;
    uint8_t image[BYTES_MAX];
    size_t bytes = elf_make(image);
    struct elf elf;
    assert_true(elf_open(&elf, image, bytes));
    elf_keeps_promises(&elf, bytes);
    assert_int_equal(elf.segment_count, 3);
    assert_int_equal(elf.segments[2].memory_bytes, 0x5000);
    assert_false(elf_open(&elf, image, 0x6ff)); /* the last segment is cut */
    program_put(image + 120, ELF_R, 0x400, 0x10000400, 0x200, 0x200);
    assert_false(elf_open(&elf, image, bytes)); /* shares a page with text */
    (void)elf_make(image);
    program_put(image + 64, ELF_R | ELF_W | ELF_X, 0, 0x10000000, 0x400, 0x400);
    assert_false(elf_open(&elf, image, bytes));
    (void)elf_make(image);
    program_put(image + 176, ELF_R | ELF_W, 0x600, 0x3ffffff600, 0x100, 0xa01);
    assert_false(elf_open(&elf, image, bytes)); /* ends above the user half */
    (void)elf_make(image);
    put(image + 24, 0x10001400, 8);
    assert_false(elf_open(&elf, image, bytes)); /* the entry is not executable */
    (void)elf_make(image);
    put(image + 18, 62, 2);
    assert_false(elf_open(&elf, image, bytes)); /* another machine's */
}

static void damaged_programs_do_no_harm(void **state)
{
    (void)state;
    struct dice dice = dice_make("damaged programs");
    uint8_t image[BYTES_MAX];
    size_t bytes = elf_make(image);
    unsigned accepted = 0;
    for (unsigned i = 0; i < MUTANTS; i++) {
        size_t count = dice_roll(&dice, 16) == 0 ? dice_roll(&dice, bytes) : bytes;
        uint8_t *copy = dice_copy(image, count);
        struct elf elf;
        if (count > 0) {
            dice_mutate(&dice, copy, count < 240 ? count : 240);
        }
        if (elf_open(&elf, copy, count)) {
            accepted++;
            elf_keeps_promises(&elf, count);
        }
        free(copy);
    }
    printf("# %u of %u damaged programs still load\n", accepted, MUTANTS);
    assert_true(accepted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(damaged_archives_do_no_harm),
        cmocka_unit_test(it_may_begin_anywhere),
        cmocka_unit_test(a_name_is_no_longer_than_two_pages),
        cmocka_unit_test(programs_are_read),
        cmocka_unit_test(damaged_programs_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
