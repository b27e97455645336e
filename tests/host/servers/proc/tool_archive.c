/* A boot archive with one program, made by hand; see tool_archive.h. */
#include "tool_archive.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <byre/program.h>
#include <byre/table.h>

#include "image.h"

static _Alignas(PAGE_BYTES) uint8_t archive[4 * PAGE_BYTES];

static void put(uint64_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        archive[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void put_header(uint64_t at, const char *name, uint64_t name_bytes, uint64_t file_bytes)
{
    char text[111];

    (void)snprintf(text, sizeof(text), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                   1, 0100755, 0, 0, 1, 0, (unsigned)file_bytes, 0, 0, 0, 0, (unsigned)name_bytes,
                   0);
    memcpy(archive + at, text, 110);
    strcpy((char *)archive + at + 110, name);
}

void tool_archive_make(void)
{
    const uint64_t elf = PAGE_BYTES;

    memset(archive, 0, sizeof(archive));
    put_header(0, "bin/tool", PAGE_BYTES - 110, PAGE_BYTES);
    memcpy(archive + elf, "\177ELF\2\1\1", 7);
    put(elf + 16, 2, 2);   /* executable */
    put(elf + 18, 243, 2); /* RISC-V */
    put(elf + 20, 1, 4);   /* version */
    put(elf + 24, PROGRAM_BASE + 0x100, 8);
    put(elf + 32, 64, 8); /* program headers */
    put(elf + 52, 64, 2);
    put(elf + 54, 56, 2);
    put(elf + 56, 1, 2);
    put(elf + 64, 1, 4); /* PT_LOAD */
    put(elf + 68, 5, 4); /* R X */
    put(elf + 72, 0, 8);
    put(elf + 80, PROGRAM_BASE, 8);
    put(elf + 88, PROGRAM_BASE, 8);
    put(elf + 96, PAGE_BYTES, 8);
    put(elf + 104, PAGE_BYTES, 8);
    put(elf + 112, PAGE_BYTES, 8);
    put_header(2 * PAGE_BYTES, "TRAILER!!!", 11, 0);
    image_archive_set(archive, 2 * PAGE_BYTES + 110 + 12);
}
