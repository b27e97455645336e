/* Reader of static RV64 ELF programs: see elf.h. Offsets are those of the ELF-64 file format. */
#include <libsys/elf.h>

#include <format/bytes.h>

enum {
    HEADER_BYTES = 64,
    HEADER_TYPE = 16,
    HEADER_MACHINE = 18,
    HEADER_ENTRY = 24,
    HEADER_PROGRAM_OFFSET = 32,
    HEADER_PROGRAM_BYTES = 54,
    HEADER_PROGRAM_COUNT = 56,
    TYPE_EXECUTABLE = 2,
    MACHINE_RISCV = 243,
    PROGRAM_BYTES = 56,
    PROGRAM_TYPE = 0,
    PROGRAM_FLAGS = 4,
    PROGRAM_OFFSET = 8,
    PROGRAM_ADDRESS = 16,
    PROGRAM_FILE_BYTES = 32,
    PROGRAM_MEMORY_BYTES = 40,
    PROGRAM_LOAD = 1,
    PROGRAM_COUNT_MAX = 32,
    PAGE = 4096,
};

#define USER_END (1ull << 38)

/* A little-endian number of that many bytes. */
static uint64_t bytes_little(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static bool header_is_right(const uint8_t *header)
{
    return text_after((const char *)header, "\177ELF\2\1\1") != NULL && /* 64 bits, little-endian */
           bytes_little(header + HEADER_TYPE, 2) == TYPE_EXECUTABLE &&
           bytes_little(header + HEADER_MACHINE, 2) == MACHINE_RISCV &&
           bytes_little(header + HEADER_PROGRAM_BYTES, 2) == PROGRAM_BYTES;
}

/* L2 for one segment; free_from: the first address that the segments before it leave free. */
static bool segment_is_right(const struct elf_segment *segment, uint64_t file_bytes,
                             uint64_t free_from)
{
    return segment->file_offset <= file_bytes &&
           segment->file_bytes <= file_bytes - segment->file_offset &&
           segment->file_bytes <= segment->memory_bytes && segment->address < USER_END &&
           segment->memory_bytes <= USER_END - segment->address &&
           segment->address % PAGE == segment->file_offset % PAGE &&
           segment->address - segment->address % PAGE >= free_from &&
           (segment->rights & (ELF_W | ELF_X)) != (ELF_W | ELF_X) && (segment->rights & ELF_R) != 0;
}

static bool entry_is_right(const struct elf *elf)
{
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if ((segment->rights & ELF_X) != 0 && elf->entry >= segment->address &&
            elf->entry - segment->address < segment->file_bytes) {
            return elf->entry % 2 == 0;
        }
    }
    return false;
}

bool elf_open(struct elf *elf, const void *image, uint64_t bytes)
{
    const uint8_t *header = image;
    if (bytes < HEADER_BYTES || !header_is_right(header)) {
        return false;
    }
    uint64_t offset = bytes_little(header + HEADER_PROGRAM_OFFSET, 8);
    uint64_t count = bytes_little(header + HEADER_PROGRAM_COUNT, 2);
    if (count > PROGRAM_COUNT_MAX || offset > bytes || count * PROGRAM_BYTES > bytes - offset) {
        return false;
    }
    *elf = (struct elf){.entry = bytes_little(header + HEADER_ENTRY, 8)};
    uint64_t free_from = PAGE;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *program = header + offset + i * PROGRAM_BYTES;
        struct elf_segment segment = {
            .address = bytes_little(program + PROGRAM_ADDRESS, 8),
            .memory_bytes = bytes_little(program + PROGRAM_MEMORY_BYTES, 8),
            .file_offset = bytes_little(program + PROGRAM_OFFSET, 8),
            .file_bytes = bytes_little(program + PROGRAM_FILE_BYTES, 8),
            .rights = (uint32_t)bytes_little(program + PROGRAM_FLAGS, 4) & (ELF_R | ELF_W | ELF_X),
        };
        if (bytes_little(program + PROGRAM_TYPE, 4) != PROGRAM_LOAD || segment.memory_bytes == 0) {
            continue;
        }
        if (elf->segment_count == ELF_SEGMENTS_MAX ||
            !segment_is_right(&segment, bytes, free_from)) {
            return false;
        }
        elf->segments[elf->segment_count++] = segment;
        free_from = (segment.address + segment.memory_bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    }
    return entry_is_right(elf);
}
