/* A small machine for tests of the portable kernel: init alone on one hart, made by core_start.
 *
 * Chunk 0 is the kernel's, 1 a TABLE chunk, 2 an OBJECT chunk, the rest USER. Calls are made as the
 * hart's current thread makes them: through trap_system_call (trap.h), registers and all, until a
 * call that restarts has ended. After each, world_check walks everything and dies at a broken
 * invariant.
 */
#ifndef TESTS_HOST_KERNEL_WORLD_H
#define TESTS_HOST_KERNEL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <byre/boot_info.h>
#include <byre/gen/kernel.h>
#include <cmocka.h>

#include "core/captable.h"
#include "core/chunk.h"
#include "core/endpoint.h"
#include "core/entry.h"
#include "core/hart.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/space.h"
#include "core/syscall.h"
#include "core/table.h"
#include "core/thread.h"
#include "core/timer.h"
#include "kernel/fake_arch.h"
#include "kernel/trap.h"

enum {
    WORLD_TABLE_CHUNK = 1,
    WORLD_OBJECT_CHUNK = 2,
    WORLD_USER_CHUNK = 3,
    WORLD_TIMEBASE_HZ = 10000000,
    WORLD_DEVICE_FRAME = 0x10000,
    WORLD_DEVICE_FRAMES = 64,
    SLOT_DEVICE = INIT_SLOT_DEVICE_FIRST,
};

extern struct hart hart0;
extern struct thread *init; /* the first thread, priority 30 */

extern bool world_is_unchecked; /* while a test has falsified something */

int world_start(void **state);
int world_stop(void **state);
void world_check(void);

/* A call by the current thread. Unused arguments are hostile rubbish. The error, or the register of
 * a thread that does not run any more is left to the test. */
#define SYSTEM_CALL(number, ...) \
    world_call((number), sizeof((uint64_t[]){__VA_ARGS__}) / 8, (const uint64_t[]){__VA_ARGS__})
err_t world_call(uint64_t number, size_t count, const uint64_t *arguments);
uint64_t world_result(unsigned n); /* of the current thread's last call */
err_t world_error(const struct thread *thread);

/* Make that READY thread the current one; the one before is READY. */
void world_run(struct thread *thread);
/* The next free slot of init's table, page of the OBJECT chunk, frame of the TABLE chunk. */
uint64_t world_slot(void);
/* A new object in a page of its own: a slot of init's table. */
uint64_t world_object(enum object_type type, uint64_t capacity);
struct object *world_pointer(uint64_t slot);
/* A started thread, READY, with init's space and a table of 64 slots of its own, in which slot 1 is
 * the table itself. Its fault endpoint is init's slot (0: none). */
struct thread *world_thread(unsigned priority, uint64_t fault_endpoint);
/* Put a copy of init's capability into a thread's table. */
void world_give(struct thread *thread, uint64_t slot, uint64_t init_slot, unsigned rights,
                uint64_t badge);
frame_t world_table(unsigned level);
frame_t world_user_frame(unsigned n);

#endif
