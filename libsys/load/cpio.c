/* Reader of cpio newc archives: see cpio.h. The header is "070701" and 13 numbers of 8 hex digits;
 * name and data are each padded so that what follows begins at a multiple of four. */
#include <libsys/cpio.h>

#include <format/bytes.h>

enum {
    MAGIC_BYTES = 6,
    FIELD_BYTES = 8,
    FIELD_MODE = 1,
    FIELD_FILE_BYTES = 6,
    FIELD_NAME_BYTES = 11,
    HEADER_BYTES = 110,
    NAME_BYTES_MAX = 8192, /* a path, and padding up to a page */
};

static bool field_read(const uint8_t *header, unsigned index, uint32_t *value_out)
{
    const uint8_t *at = header + MAGIC_BYTES + index * FIELD_BYTES;
    uint32_t value = 0;
    for (unsigned i = 0; i < FIELD_BYTES; i++) {
        uint8_t c = at[i];
        uint8_t digit;
        if (c >= '0' && c <= '9') {
            digit = (uint8_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint8_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        value = value << 4 | digit;
    }
    *value_out = value;
    return true;
}

enum cpio_step cpio_next(const void *archive, uint64_t bytes, uint64_t *position,
                         struct cpio_member *member_out)
{
    uint64_t start = *position;
    if (start > bytes || bytes - start < HEADER_BYTES) {
        return CPIO_MALFORMED;
    }
    const uint8_t *header = (const uint8_t *)archive + start;
    uint32_t mode;
    uint32_t file_bytes;
    uint32_t name_bytes;
    uint32_t length;
    if (text_after((const char *)header, "070701") == NULL ||
        !field_read(header, FIELD_MODE, &mode) ||
        !field_read(header, FIELD_FILE_BYTES, &file_bytes) ||
        !field_read(header, FIELD_NAME_BYTES, &name_bytes)) {
        return CPIO_MALFORMED;
    }
    uint64_t name = start + HEADER_BYTES;
    uint64_t data = (name + name_bytes + 3) & ~3ull;
    if (name_bytes > NAME_BYTES_MAX || name_bytes > bytes - name || data > bytes ||
        file_bytes > bytes - data ||
        !text_length((const char *)archive + name, name_bytes, &length)) {
        return CPIO_MALFORMED;
    }
    if (text_equals((const char *)archive + name, "TRAILER!!!")) {
        return CPIO_END;
    }
    *member_out = (struct cpio_member){
        .name = (const char *)archive + name,
        .data = (const uint8_t *)archive + data,
        .bytes = file_bytes,
        .mode = mode,
    };
    *position = (data + file_bytes + 3) & ~3ull;
    return CPIO_MEMBER;
}

enum cpio_step cpio_find(const void *archive, uint64_t bytes, const char *name,
                         struct cpio_member *member_out)
{
    uint64_t position = 0;
    enum cpio_step step;
    do {
        step = cpio_next(archive, bytes, &position, member_out);
    } while (step == CPIO_MEMBER && !text_equals(member_out->name, name));
    return step;
}
