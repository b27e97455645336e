/* From the first C instruction to main, and from exit to the end. Thread-local storage is set up
 * first: everything else may touch errno. */
#include <picolibc.h>
#include <picotls.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <libsys/time.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "posix.h"

extern char **environ;
extern int main(int argc, char **argv, char **envp);
void __libc_init_array(void);
void __libc_fini_array(void);
void __call_exitprocs(int status, void *object) __attribute__((weak));
void _init(void);
void _fini(void);

struct posix_facts posix_facts;

/* picolibc's array walkers call these; constructors are in the arrays. */
void _init(void)
{
}

void _fini(void)
{
}

/* The parent may be anyone: what it says must lie in the block. */
static bool block_is_sound(const struct argument_block *block)
{
    uint64_t words = (uint64_t)block->argument_count + block->environment_count + 2;
    return block->version == ARGUMENTS_VERSION && block->bytes <= ARGUMENTS_BYTES_MAX &&
           block->timebase_hz != 0 && sizeof(*block) + words * sizeof(uint64_t) <= block->bytes;
}

/* B2 of <libsys/arguments.h>: offsets become pointers, in place. One that leads outside becomes the
 * empty string at the block's end. */
static char **strings_relocate(struct argument_block *block, uint64_t *words, uint32_t count)
{
    uint64_t last = block->bytes - 1ul;
    for (uint32_t i = 0; i < count; i++) {
        words[i] = (uintptr_t)block + (words[i] < last ? words[i] : last);
    }
    words[count] = 0;
    return (char **)(uintptr_t)words;
}

void posix_start(struct argument_block *block)
{
    void *local;
    __asm__("mv %0, tp" : "=r"(local));
    _init_tls(local);
    if (!block_is_sound(block)) {
        posix_exit_status(SIGABRT);
    }
    ((char *)block)[block->bytes - 1] = 0;

    posix_facts.timebase_hz = block->timebase_hz;
    posix_facts.start_ticks = time_ticks();
    posix_threads_start();
    posix_files_start(block->files);
    char **argv = strings_relocate(block, block->words, block->argument_count);
    environ =
        strings_relocate(block, block->words + block->argument_count + 1, block->environment_count);
    __libc_init_array();
    exit(main((int)block->argument_count, argv, environ));
}

void exit(int status)
{
    if (__call_exitprocs != NULL) {
        __call_exitprocs(status, NULL);
    }
    __libc_fini_array();
    posix_stdio_flush_all();
    _exit(status);
}

void _exit(int status)
{
    posix_exit_status((status & 0xff) << 8);
}

void posix_exit_status(int wait_status)
{
    for (;;) {
        (void)!proc_exit(PROGRAM_SLOT_PROC, (uint64_t)wait_status);
    }
}
