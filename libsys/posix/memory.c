/* Memory of a program: the heap's end, anonymous mappings. The pager does the work.
 *
 *   M1  heap_end is what sbrk(0) returns; [heap_end, heap_limit) is mapped and not yet given out.
 *   M2  The heap begins as the pager's brk region, right after the image. When that can grow no
 *       further (a small program's main stack is above it), it goes on in the arena: sbrk then
 *       returns memory that does not follow the old end. malloc does not mind.
 *   M3  Under picolibc's library lock.                                                         */
#include <errno.h>
#include <string.h>
#include <sys/lock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/unmap.h>

#include "posix.h"

#define ARENA_BASE 0x0000000800000000ul
#define ARENA_END  PROGRAM_MMAP_BASE

enum {
    GROW_BYTES_MIN = 16 * PAGE_BYTES, /* asked for at once, so that malloc rarely asks */
    GROW_BYTES_MAX = 16 << 20,
};

static uint64_t heap_start; /* 0: not asked yet */
static uint64_t heap_end;   /* M1 */
static uint64_t heap_limit;
static bool in_arena; /* M2 */

static uint64_t round_up(uint64_t value)
{
    return (value + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Map [heap_limit, limit). */
static err_t heap_extend(uint64_t limit)
{
    uint64_t reached;
    err_t error = in_arena ? pager_map(PROGRAM_SLOT_PAGER, heap_limit,
                                       (limit - heap_limit) / PAGE_BYTES, MAP_R | MAP_W, &reached)
                           : pager_brk(PROGRAM_SLOT_PAGER, limit, &reached);
    if (error == ERR_OK) {
        heap_limit = limit;
    }
    return error;
}

/* Room for `bytes` at heap_end: more than asked for if there is, else just that. */
static err_t heap_reserve(uint64_t bytes)
{
    if (bytes > ARENA_END - ARENA_BASE) {
        return PAGER_ERR_NOMEM;
    }
    uint64_t need = round_up(heap_end + bytes);
    uint64_t spare = (heap_limit - heap_start) / 8;
    spare = spare < GROW_BYTES_MIN ? GROW_BYTES_MIN : spare;
    spare = round_up(spare > GROW_BYTES_MAX ? GROW_BYTES_MAX : spare);
    uint64_t wish = heap_limit + spare;
    if (wish > need && heap_extend(wish) == ERR_OK) {
        return ERR_OK;
    }
    err_t error = in_arena && need > ARENA_END ? PAGER_ERR_NOMEM : heap_extend(need);
    if (error == ERR_OK || in_arena) {
        return error;
    }
    uint64_t start = heap_start;
    uint64_t end = heap_end;
    uint64_t limit = heap_limit;
    in_arena = true;
    heap_start = heap_end = heap_limit = ARENA_BASE;
    error = heap_extend(round_up(heap_end + bytes));
    if (error != ERR_OK) {
        in_arena = false;
        heap_start = start;
        heap_end = end;
        heap_limit = limit;
    }
    return error;
}

static void heap_shrink(void)
{
    uint64_t keep = round_up(heap_end);
    if (keep == heap_limit) {
        return;
    }
    if (in_arena) {
        uint64_t pages = (heap_limit - keep) / PAGE_BYTES;
        (void)!unmap_some(PROGRAM_SLOT_PAGER, keep, &pages);
        heap_limit = keep + pages * PAGE_BYTES;
        return;
    }
    uint64_t reached = heap_limit;
    while (reached > keep && pager_brk(PROGRAM_SLOT_PAGER, keep, &reached) == ERR_OK) {
        heap_limit = reached;
    }
}

static err_t heap_move(ptrdiff_t increment)
{
    if (heap_start == 0) {
        err_t error = pager_brk(PROGRAM_SLOT_PAGER, 0, &heap_start);
        if (error != ERR_OK) {
            heap_start = 0;
            return error;
        }
        heap_end = heap_limit = heap_start;
    }
    if (increment < 0) {
        if ((uint64_t)-increment > heap_end - heap_start) {
            return PAGER_ERR_INVAL;
        }
        heap_end -= (uint64_t)-increment;
        heap_shrink();
        return ERR_OK;
    }
    return (uint64_t)increment > heap_limit - heap_end ? heap_reserve((uint64_t)increment) : ERR_OK;
}

void *sbrk(ptrdiff_t increment)
{
    __LIBC_LOCK();
    uint64_t before = heap_end;
    err_t error = heap_move(increment);
    void *result = (void *)-1;
    if (error == ERR_OK && increment >= 0) {
        result = (void *)heap_end; /* where it is now: M2 */
        heap_end += (uint64_t)increment;
    } else if (error == ERR_OK) {
        result = (void *)before;
    }
    __LIBC_UNLOCK();
    if (error != ERR_OK) {
        errno = ENOMEM;
    }
    return result;
}

/* --------------------------------------------------------------------------------- mappings */

static uint64_t map_rights(int protection)
{
    uint64_t rights = (protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) != 0 ? MAP_R : 0;
    rights |= (protection & PROT_WRITE) != 0 ? MAP_W : 0;
    return rights | ((protection & PROT_EXEC) != 0 ? MAP_X : 0);
}

static void *map_fail(int number)
{
    errno = number;
    return MAP_FAILED;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset)
{
    bool fixed = (flags & MAP_FIXED) != 0;
    bool shared = (flags & MAP_SHARED) != 0;
    uint64_t where = fixed ? (uintptr_t)address : 0; /* hints are not heard */
    (void)descriptor;
    (void)offset;
    if (bytes == 0 || shared == ((flags & MAP_PRIVATE) != 0) || where % PAGE_BYTES != 0) {
        return map_fail(EINVAL);
    }
    if ((flags & MAP_ANONYMOUS) == 0) {
        return map_fail(ENODEV);
    }
    if (bytes > PROGRAM_BIG_STACK_TOP) {
        return map_fail(ENOMEM); /* more than there are addresses */
    }
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    if (fixed) {
        (void)!unmap_all(PROGRAM_SLOT_PAGER, where, pages);
    }
    uint64_t mapped;
    err_t error = pager_map(PROGRAM_SLOT_PAGER, where, pages,
                            map_rights(protection) | (shared ? REGION_SHARED : 0), &mapped);
    if (error ==
        PAGER_ERR_AGAIN) { /* this process tree's limit, not the machine's: the same to us */
        error = PAGER_ERR_NOMEM;
    }
    return error == ERR_OK ? (void *)mapped : map_fail(posix_errno(error));
}

int munmap(void *address, size_t bytes)
{
    if (bytes == 0 || (uintptr_t)address % PAGE_BYTES != 0) {
        errno = EINVAL;
        return -1;
    }
    err_t error =
        unmap_all(PROGRAM_SLOT_PAGER, (uintptr_t)address, (bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    return error == ERR_OK ? 0 : posix_fail(error);
}

int mprotect(void *address, size_t bytes, int protection)
{
    if ((uintptr_t)address % PAGE_BYTES != 0) {
        errno = EINVAL;
        return -1;
    }
    uintptr_t at = (uintptr_t)address;
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t done;
    do { /* the pager does as much at a time as lets it look at its queue */
        err_t error = pager_protect(PROGRAM_SLOT_PAGER, at, pages, map_rights(protection), &done);
        if (error != ERR_OK) {
            return posix_fail(error);
        }
        at += done * PAGE_BYTES;
        pages -= done;
    } while (pages > 0);
    return 0;
}
