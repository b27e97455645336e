/* The builder of argument blocks; proc uses it for the first program, libsys/posix for exec and
 * spawn. Contract: <libsys/arguments.h>. */
#include <libsys/arguments.h>

#include <string.h>

struct tally {
    size_t count;
    size_t bytes;
};

static struct tally tally_strings(const char *const strings[])
{
    struct tally tally = {0};
    for (; strings != NULL && strings[tally.count] != NULL; tally.count++) {
        tally.bytes += strlen(strings[tally.count]) + 1;
    }
    return tally;
}

size_t arguments_bytes(const char *const argv[], const char *const envp[])
{
    struct tally arguments = tally_strings(argv);
    struct tally environment = tally_strings(envp);
    size_t words = arguments.count + 1 + environment.count + 1;
    size_t bytes = sizeof(struct argument_block) + words * sizeof(uint64_t) + arguments.bytes +
                   environment.bytes;
    return bytes <= ARGUMENTS_BYTES_MAX ? bytes : 0;
}

/* Append strings at *end, their offsets in words; returns the word after the closing zero. They are
 * short: byte by byte is as fast as anything. */
static uint64_t *put_strings(char *block, uint64_t *words, const char *const strings[],
                             size_t count, size_t *end)
{
    char *to = block + *end;
    for (size_t i = 0; i < count; i++) {
        const char *from = strings[i];
        *words++ = (uint64_t)(to - block);
        while ((*to++ = *from++) != '\0') {
        }
    }
    *words++ = 0;
    *end = (size_t)(to - block);
    return words;
}

static size_t count_strings(const char *const strings[])
{
    size_t count = 0;
    while (strings != NULL && strings[count] != NULL) {
        count++;
    }
    return count;
}

void arguments_build(void *buffer, const char *const argv[], const char *const envp[],
                     uint64_t timebase_hz)
{
    size_t argument_count = count_strings(argv);
    size_t environment_count = count_strings(envp);
    size_t end = sizeof(struct argument_block) +
                 (argument_count + 1 + environment_count + 1) * sizeof(uint64_t);
    struct argument_block *block = buffer;
    uint64_t *words = block->words;
    words = put_strings(buffer, words, argv, argument_count, &end);
    (void)put_strings(buffer, words, envp, environment_count, &end);
    block->version = ARGUMENTS_VERSION;
    block->files[0] = FILE_INPUT;
    block->files[1] = FILE_OUTPUT;
    block->files[2] = FILE_ERROR;
    block->bytes = (uint32_t)end;
    block->timebase_hz = timebase_hz;
    block->argument_count = (uint32_t)argument_count;
    block->environment_count = (uint32_t)environment_count;
}
