/* The one place where the checker touches the pager: its start, its requests, its faults, its
 * background work, and its books as the audit reads them. */
#ifndef TESTS_MODEL_PORT_H
#define TESTS_MODEL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>
#include <byre/pager_boot.h>

#define PORT_PROC PAGER_BADGE_TRUSTED

/* A device's registers: below RAM. Requests that bring the capability name this slot. */
enum { PORT_DEVICE_FRAME = 0x10000, PORT_DEVICE_FRAMES = 8 };
cap_t port_device_cap(void);

enum port_verdict { PORT_MAP, PORT_FENCE, PORT_FAIL, PORT_WAITS };

/* What the pager answers to a fault, and, if it fails it, why. PORT_WAITS: a fork has the space,
 * and the thread that would serve it waits. */
struct port_answer {
    enum port_verdict verdict;
    uint64_t table; /* PORT_MAP */
    uint32_t word;
    unsigned reason; /* PORT_FAIL: PAGER_REASON_* */
};

void port_start(void); /* fake memory and the pager in it */
void port_stop(void);

/* Fills error and results. The badge: PORT_PROC, a space's id, or as abi/byre/pager_boot.h says. */
void port_request(struct pager_request *request, uint64_t badge);
struct port_answer port_fault(uint64_t badge, unsigned kind, uint64_t address);
void port_fault_done(void); /* the kernel has replied, or found the faulter gone */

/* The same by one of several threads of the pager: its answer is out when this returns a map item;
 * then it fills the page, the kernel replies (sim_reply_is_done), and it comes back. */
enum { PORT_THREADS = 4 };
struct port_answer port_fault_out(unsigned thread, uint64_t badge, unsigned kind, uint64_t address);
void port_fault_fill(unsigned thread);
void port_fault_back(unsigned thread);
void port_alone(void);  /* until no answer is out */
void port_settle(void); /* all that was put off, and what is kept for reuse goes */
bool port_work(void);   /* one slice of what the pager does between messages; false: nothing left */

/* The second kernel's number of the space with this id; 0: the pager knows no such space. */
unsigned port_space(uint64_t space_id);
uint64_t port_free_frames(void);

/* The k-th allocation of some kind from now on fails; and whether one did in the last message. */
void port_fail_allocation(unsigned k);
bool port_allocation_failed(void);

#endif
