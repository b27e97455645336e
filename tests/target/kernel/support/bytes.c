/* What the compiler may call of its own accord. */
#include <stddef.h>

void *memset(void *target, int value, size_t bytes);
void *memcpy(void *restrict target, const void *restrict source, size_t bytes);

void *memset(void *target, int value, size_t bytes)
{
    volatile unsigned char *to = target;
    while (bytes-- > 0) {
        *to++ = (unsigned char)value;
    }
    return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t bytes)
{
    volatile unsigned char *to = target;
    const unsigned char *from = source;
    while (bytes-- > 0) {
        *to++ = *from++;
    }
    return target;
}
