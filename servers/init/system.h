/* What init holds of the system: endpoints and servers. The endpoints outlive the servers. */
#ifndef INIT_SYSTEM_H
#define INIT_SYSTEM_H

#include <stdint.h>

#include <byre/boot_info.h>
#include <byre/pager_boot.h>
#include <libsys/load.h>

#include "arguments.h"
#include "machine.h"

struct server {
    cap_t thread; /* the pager's: the first */
    cap_t captable;
    cap_t space;    /* the pager's: all rights; others: as the pager gave it */
    cap_t endpoint; /* all rights, no badge */
    cap_t notification;
    uint64_t space_id; /* 0: the pager itself */
    uint64_t priority;
    struct load_plan plan;
};

struct system {
    const struct boot_info *info;
    struct arguments arguments;
    struct machine machine;
    cap_t init_endpoint;
    cap_t fault_endpoint; /* the pager's faults */
    cap_t pager_call;     /* the pager's endpoint, trusted badge */
    uint32_t pager_thread_count;
    cap_t pager_threads[PAGER_THREADS_MAX];
    const uint64_t *pager_stacks[PAGER_THREADS_MAX]; /* as init sees them, lowest word first */
    struct server pager;
    struct server proc;
    struct server console;
};

/* Badges at init's endpoint. */
enum {
    BADGE_CONSOLE = 1,
    BADGE_PROC = 2,
};

/* A capability of `from` with fewer rights and a badge in a server's table. */
void system_give(cap_t from, cap_t table, cap_t slot, uint64_t rights, uint64_t badge);

#endif
