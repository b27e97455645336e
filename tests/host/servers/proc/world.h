/* A kernel and a pager for proc's tests: they answer as the real ones do, keep count of what is
 * alive, and fail their k-th call on request. */
#ifndef TESTS_PROC_WORLD_H
#define TESTS_PROC_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <libsys/store.h>

struct world_count {
    unsigned objects; /* kernel objects, spares left out */
    unsigned slots;   /* full slots of proc's table, those of spares left out */
    unsigned spaces;
    unsigned accounts;
};

extern const struct store_owner world_owner;

void world_begin(void);
uint64_t world_store(unsigned index); /* an address range for a store */
struct world_count world_count(void);
void world_fail_after(unsigned calls); /* the k-th call from now on fails; 0 = none */
bool world_failed(void);               /* the failure has struck */
void world_forget_image(void);         /* the pager does */
unsigned world_images_made(void);
unsigned world_running(void); /* threads started and not destroyed */

/* What was answered last through ipc_reply, and whether callers are there to hear it. */
struct message world_last_reply(void);
unsigned world_replies(void);
void world_forget_replies(void);
void world_set_callers_gone(bool gone);

/* A proc that has its tables, with room for `limit` processes. */
void world_start_proc(uint32_t limit);

#endif
