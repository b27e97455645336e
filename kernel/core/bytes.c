/* memset, for the compiler and for whoever clears pages and objects. The library's would not leave
 * the user's registers alone (kernel/riscv/entry.S). */
#include <stddef.h>
#include <stdint.h>

void *memset(void *target, int byte, size_t bytes);

enum { BLOCK_BYTES = 8 * sizeof(uint64_t) };

static inline char *put_block(char *at, uint64_t word)
{
    uint64_t *words = (uint64_t *)(void *)at;

    words[0] = words[1] = words[2] = words[3] = word;
    words[4] = words[5] = words[6] = words[7] = word;
    return at + BLOCK_BYTES;
}

void *memset(void *target, int byte, size_t bytes)
{
    uint64_t word = UINT64_C(0x0101010101010101) * (uint8_t)byte;
    char *at = target;
    const char *end = at + bytes;

    if ((uintptr_t)at % sizeof(word) == 0) {
        at = (bytes & BLOCK_BYTES) != 0 ? put_block(at, word) : at;
        while (end - at >= 2 * BLOCK_BYTES) {
            at = put_block(put_block(at, word), word);
        }
    }
    while (at != end) {
        *at++ = (char)byte;
    }
    return target;
}
