/* The loader turns segments into regions that the pager can take as they are, and refuses the rest.
 * sources: libsys/load/load.c libsys/load/elf.c */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <byre/gen/pager.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/load.h>

enum { IMAGE_BYTES = 4 * PAGE_BYTES, SEGMENTS = 3 };

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment[SEGMENTS];
    uint8_t rest[IMAGE_BYTES - sizeof(Elf64_Ehdr) - SEGMENTS * sizeof(Elf64_Phdr)];
} image;

static struct message calls[8];
static unsigned call_count;
static err_t answer;

/* The kernel and the pager, as far as load_plan_apply can see them. */
err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor,
                         cap_t accept_slot, uint64_t deadline_ticks)
{
    (void)accept_slot;
    (void)deadline_ticks;
    assert_int_equal(number, SYS_CALL);
    assert_int_equal(capability, 7);
    assert_int_equal(descriptor, IPC_LONG);
    calls[call_count++] = *m;
    m->label = answer;
    return ERR_OK;
}

err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor)
{
    return ipc_registers_long(number, capability, m, descriptor, 0, 0);
}

static int image_make(void **state)
{
    (void)state;
    memset(&image, 0, sizeof(image));
    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_ident[EI_DATA] = ELFDATA2LSB;
    image.header.e_ident[EI_VERSION] = EV_CURRENT;
    image.header.e_type = ET_EXEC;
    image.header.e_machine = EM_RISCV;
    image.header.e_version = EV_CURRENT;
    image.header.e_entry = PROGRAM_BASE + 0x10;
    image.header.e_phoff = sizeof(Elf64_Ehdr);
    image.header.e_ehsize = sizeof(Elf64_Ehdr);
    image.header.e_phentsize = sizeof(Elf64_Phdr);
    image.header.e_phnum = SEGMENTS;
    image.segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_offset = PAGE_BYTES,
                                    .p_vaddr = PROGRAM_BASE,
                                    .p_filesz = PAGE_BYTES,
                                    .p_memsz = PAGE_BYTES,
                                    .p_align = PAGE_BYTES};
    image.segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R,
                                    .p_offset = 2 * PAGE_BYTES,
                                    .p_vaddr = PROGRAM_BASE + 0x1000,
                                    .p_filesz = 100,
                                    .p_memsz = 100,
                                    .p_align = PAGE_BYTES};
    image.segment[2] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_offset = 3 * PAGE_BYTES + 0x10,
                                    .p_vaddr = PROGRAM_BASE + 0x2010,
                                    .p_filesz = 0x20,
                                    .p_memsz = 0x3000,
                                    .p_align = PAGE_BYTES};
    call_count = 0;
    answer = ERR_OK;
    return 0;
}

static err_t plan_make(struct load_plan *plan)
{
    return load_plan_make(&image, IMAGE_BYTES, 50, plan);
}

static void segments_become_regions(void **state)
{
    (void)state;
    struct load_plan plan;
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(plan.region_count, 3);
    assert_int_equal(plan.entry, PROGRAM_BASE + 0x10);
    assert_int_equal(plan.regions[0].rights, MAP_R | MAP_X);
    assert_int_equal(plan.regions[0].backing, LOAD_ARCHIVE);
    assert_int_equal(plan.regions[0].offset_pages, 51);
    assert_int_equal(plan.regions[1].rights, MAP_R);
    assert_int_equal(plan.regions[1].file_bytes, PAGE_BYTES); /* read-only: the archive's page */
    assert_int_equal(plan.regions[2].rights, MAP_R | MAP_W);
    assert_int_equal(plan.regions[2].start, PROGRAM_BASE + 0x2000);
    assert_int_equal(plan.regions[2].pages, 4);         /* 0x2010 .. 0x5010 */
    assert_int_equal(plan.regions[2].file_bytes, 0x30); /* from the page's start */
    assert_int_equal(plan.regions[2].offset_pages, 53);
    assert_int_equal(plan.image_end, PROGRAM_BASE + 0x6000);
}

static void small_programs_share_a_group_with_their_stack(void **state)
{
    (void)state;
    struct load_plan plan;
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(plan.stack_top, PROGRAM_STACK_TOP);
    image.segment[2].p_memsz = 2 << 20;
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(plan.stack_top, PROGRAM_BIG_STACK_TOP);
}

static void read_only_zeroes_are_zeroes(void **state)
{
    (void)state;
    struct load_plan plan;
    image.segment[1].p_memsz = 200; /* more than the file has */
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(plan.regions[1].file_bytes, 100);
}

static void bss_alone_needs_no_file(void **state)
{
    (void)state;
    struct load_plan plan;
    image.segment[2].p_filesz = 0;
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(plan.regions[2].backing, LOAD_ZEROES);
    assert_int_equal(plan.regions[2].file_bytes, 0);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    struct load_plan plan;
    image.segment[2].p_flags = PF_R | PF_W | PF_X;
    assert_int_equal(plan_make(&plan), ERR_ARGUMENT);
    image_make(NULL);
    image.segment[2].p_vaddr = PROGRAM_BASE + 0x10; /* on text's page */
    assert_int_equal(plan_make(&plan), ERR_ARGUMENT);
    image_make(NULL);
    image.segment[2].p_memsz = PROGRAM_MMAP_BASE; /* over where mappings go */
    assert_int_equal(plan_make(&plan), ERR_ARGUMENT);
    image_make(NULL);
    image.segment[2].p_filesz = IMAGE_BYTES; /* beyond the file */
    image.segment[2].p_memsz = IMAGE_BYTES;
    assert_int_equal(plan_make(&plan), ERR_ARGUMENT);
    image_make(NULL);
    image.header.e_entry = PROGRAM_BASE + 0x2010; /* in data */
    assert_int_equal(plan_make(&plan), ERR_ARGUMENT);
    assert_int_equal(load_plan_make(&image, 10, 0, &plan), ERR_ARGUMENT);
}

static void the_pager_is_told_each_region(void **state)
{
    (void)state;
    struct load_plan plan;
    assert_int_equal(plan_make(&plan), ERR_OK);
    assert_int_equal(load_plan_apply(7, 42, &plan, REGION_WIRED), ERR_OK);
    assert_int_equal(call_count, 3);
    assert_int_equal(calls[2].label, PAGER_REGION_ADD);
    assert_int_equal(calls[2].w[0], 42);
    assert_int_equal(calls[2].w[1], PROGRAM_BASE + 0x2000);
    assert_int_equal(calls[2].w[2], 4);
    assert_int_equal(calls[2].w[3], MAP_R | MAP_W | REGION_WIRED);
    assert_int_equal(calls[2].w[6], 0x30);
}

static void the_pagers_refusal_ends_it(void **state)
{
    (void)state;
    struct load_plan plan;
    assert_int_equal(plan_make(&plan), ERR_OK);
    answer = PAGER_ERR_NOMEM;
    assert_int_equal(load_plan_apply(7, 42, &plan, 0), PAGER_ERR_NOMEM);
    assert_int_equal(call_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(segments_become_regions, image_make),
        cmocka_unit_test_setup(small_programs_share_a_group_with_their_stack, image_make),
        cmocka_unit_test_setup(read_only_zeroes_are_zeroes, image_make),
        cmocka_unit_test_setup(bss_alone_needs_no_file, image_make),
        cmocka_unit_test_setup(hostile_files_are_refused, image_make),
        cmocka_unit_test_setup(the_pager_is_told_each_region, image_make),
        cmocka_unit_test_setup(the_pagers_refusal_ends_it, image_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
