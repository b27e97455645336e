/* The queue of victims, and proc's requests about it; the contract is in victim.h. */
#include "victim.h"

#include "kernel.h"
#include "request.h"

enum { VICTIMS = 256 };

static struct victim queue[VICTIMS];
static uint32_t taken; /* both count on for ever; their difference is what is in the queue */
static uint32_t put;
static cap_t watch;

bool victim_put(const struct victim *victim)
{
    if (put - taken == VICTIMS) {
        return false;
    }
    queue[put++ % VICTIMS] = *victim;
    if (watch != 0) {
        err_t error = byre_signal(watch);
        (void)error; /* proc has gone: init starts another, which asks anew */
    }
    return true;
}

bool victim_take(struct victim *victim_out)
{
    if (put == taken) {
        return false;
    }
    *victim_out = queue[taken++ % VICTIMS];
    return true;
}

void victim_watch(cap_t notification)
{
    watch = notification;
}

void pager_on_watch(struct pager_request *request)
{
    if (request->cap == 0) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    err_t error = kernel_cap_delete(SLOT_WATCH);
    PAGER_ASSERT(error == ERR_OK || error == ERR_CAP_EMPTY);
    request->error = kernel_cap_move(request->cap, SLOT_WATCH);
    victim_watch(request->error == ERR_OK ? SLOT_WATCH : 0);
}

void pager_on_victim(struct pager_request *request)
{
    struct victim v;
    if (!victim_take(&v)) {
        request->error = PAGER_ERR_NOENT;
        return;
    }
    request->result.victim.space_id = v.space_id;
    request->result.victim.fault_kind = v.kind;
    request->result.victim.address = v.address;
    request->result.victim.pc = v.pc;
    request->result.victim.reason = v.reason;
    request->result.victim.sp = v.sp;
}
