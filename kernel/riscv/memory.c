/* The two functions that the compiler may call for structures: by words where it can. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if (((uintptr_t)to | (uintptr_t)from) % 8 == 0) {
        for (; bytes >= 8; bytes -= 8, target += 8, source += 8) {
            *(uint64_t *)target = *(const uint64_t *)source;
        }
    }
    while (bytes-- > 0) {
        *target++ = *source++;
    }
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    uint8_t *target = to;
    uint64_t word = (uint8_t)byte * 0x0101010101010101ul;
    if ((uintptr_t)to % 8 == 0) {
        for (; bytes >= 8; bytes -= 8, target += 8) {
            *(uint64_t *)target = word;
        }
    }
    while (bytes-- > 0) {
        *target++ = (uint8_t)byte;
    }
    return to;
}
