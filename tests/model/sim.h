/* Simulated programs: processes with threads that touch memory, ask the pager for more, fork and
 * die, beside the pager and between its steps. What they see is held against the oracle.
 *
 *   S1  A thread whose access faults waits in the queue of faults until the pager answered it.
 *   S2  While the pager works on a request of a process, its other threads run on; they may see
 *       the state before or after the change, where the request changes rights.
 *   S3  A process that the pager fails is ended at once, as proc does.
 *   S4  With --beside several of the pager's threads have answers out: each fills a page, replies
 *       and comes back in its own time, with whatever else happens in between.
 */
#ifndef TESTS_MODEL_SIM_H
#define TESTS_MODEL_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "oracle.h"

enum { SIM_PROCESSES = 12, SIM_THREADS = 3 };

struct sim_thread {
    bool exists;
    bool waits;   /* its access faulted; the fault is queued */
    bool served;  /* a thread of the pager's has it */
    bool in_call; /* the pager works on its request */
    unsigned hart;
    uint64_t address;
    enum machine_access access;
    uint64_t value; /* to store or to add */
    unsigned retries;
    unsigned burst;     /* pages that it still walks through, one after the other */
    uint64_t queued_at; /* order in the queue */
};

struct sim_process {
    bool live;
    uint64_t id;    /* the pager's */
    unsigned space; /* the kernel's */
    struct oracle oracle;
    bool has_device;     /* it cannot fork */
    uint64_t heap_start; /* pages; the heap is a region of the oracle while it has pages */
    uint64_t heap_break; /* bytes */
    struct sim_thread threads[SIM_THREADS];
};

/* What a request that is under way changes (S2). */
struct sim_transition {
    const struct sim_process *process;
    uint64_t start, pages;
    bool removes;
    unsigned rights; /* when it protects */
};

/* What a run did, for its report. */
struct sim_counts {
    uint64_t accesses, faults, maps, fences, kills, ended_by_memory;
    uint64_t forks, spaces, images, requests, refused, audits;
};

extern struct sim_counts sim_counts;
extern struct sim_process sim_processes[SIM_PROCESSES];
extern struct sim_transition sim_transition;
/* The fork under way: what the child must see is what the parent held at the flush, the last moment
 * at which its threads could write. */
struct sim_snapshot {
    struct sim_process *process; /* NULL: no fork is under way */
    bool taken;
    bool rests;      /* its threads do nothing until it is over (FORK_RESTS) */
    unsigned one_in; /* others run beside every so many-th step of it: early and late ones count */
    struct oracle oracle;
};

extern struct sim_snapshot sim_snapshot;
extern unsigned sim_process_limit; /* of this run */
extern uint64_t sim_hot_address;   /* where threads like to go for the moment; 0: nowhere */

void sim_start(void);
void sim_stop(void); /* everything ends; nothing may be lost */
void sim_step(void); /* one random thing happens */
void sim_flush(unsigned space, uint64_t address, uint64_t pages); /* the kernel fences */
void sim_interleave(void);   /* the kernel lets others run (K2) */
void sim_check_caches(void); /* the fences kept their promise, for every space */

/* sim_faults.c */
void sim_faults_start(void);
void sim_queue_fault(struct sim_thread *thread);
void sim_serve_fault(void); /* the pager takes one queued fault, or goes on with one */
bool sim_reply_is_done(unsigned port);
void sim_reply_beside(void); /* one of the pager's threads fills a page, or the kernel replies */
void sim_serve_others(void); /* a thread of the pager has given the lock for a while */
void sim_let_run(void);      /* the pager waits for another of its threads */
extern uint64_t sim_filled_page; /* of the last answer that went out; 0: none did */

/* sim_access.c */
extern bool sim_is_filling; /* nobody disappears meanwhile */
unsigned sim_rights_needed(enum machine_access access);
unsigned sim_rights_at(const struct sim_process *process, uint64_t page);
void sim_run_thread(struct sim_process *process, struct sim_thread *thread);
uint64_t sim_random_address(const struct sim_process *process);
struct sim_process *sim_random_process(void); /* NULL: none lives */
/* Store to every page of a span, one after the other; stops when the process ends. */
void sim_fill(struct sim_process *process, struct sim_thread *thread, uint64_t start,
              uint64_t pages);
void sim_forget(struct sim_process *process); /* it ended: nothing of it is left in the model */
void sim_end(struct sim_process *process);    /* as proc ends a process */

#endif
