/* What the pager and proc tell about memory and processes, as structs. For ps, mem and cowtest. */
#ifndef PROGRAMS_STATISTICS_H
#define PROGRAMS_STATISTICS_H

#include <stdint.h>
#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc_client.h>
#include <byre/program.h>

struct memory_statistics {
    uint64_t frames_total;
    uint64_t frames_free;
    uint64_t zero_references; /* entries that name the shared zero page */
    uint64_t frames_promised;
    uint64_t frames_limit; /* of promises */
    uint64_t tables_used;
    uint64_t tables_free;
    uint64_t tables_promised;
};

struct memory_kinds {
    uint64_t frames_shared;  /* with more than one reference; the fixed ones aside */
    uint64_t frames_fixed;   /* archive, servers started by init */
    uint64_t archive_shared; /* frames of the archive with several entries: text of what runs */
    uint64_t chunks_user;
    uint64_t chunks_table;
    uint64_t chunks_object;
    uint64_t tables_limit; /* of promises */
};

struct space_statistics {
    uint64_t resident_pages;
    uint64_t private_pages;
    uint64_t shared_pages;
    uint64_t faults_zero;
    uint64_t faults_copy;
    uint64_t faults_last_owner;
    uint64_t faults_other;
    uint64_t tables;
};

struct process_statistics {
    uint64_t pid;
    uint64_t parent;
    uint64_t state;
    uint64_t space_id;
    uint64_t threads;
    uint64_t harts; /* a bit for each at which one of them runs or ran last */
    char name[2 * sizeof(uint64_t) + 1];
};

static inline err_t memory_statistics_read(struct memory_statistics *s)
{
    return pager_statistics(PROGRAM_SLOT_PAGER, 0, &s->frames_total, &s->frames_free,
                            &s->zero_references, &s->frames_promised, &s->frames_limit,
                            &s->tables_used, &s->tables_free, &s->tables_promised);
}

static inline err_t memory_kinds_read(struct memory_kinds *k)
{
    uint64_t none;
    err_t error = pager_statistics(PROGRAM_SLOT_PAGER, 1, &k->frames_shared, &k->frames_fixed,
                                   &k->chunks_user, &k->chunks_table, &k->chunks_object,
                                   &k->tables_limit, &none, &none);
    return error != ERR_OK ? error
                           : pager_statistics(PROGRAM_SLOT_PAGER, 2, &k->archive_shared, &none,
                                              &none, &none, &none, &none, &none, &none);
}

static inline err_t harts_read(uint64_t *harts_out)
{
    uint64_t unused[5];
    return pager_promises(PROGRAM_SLOT_PAGER, &unused[0], &unused[1], &unused[2], &unused[3],
                          &unused[4], harts_out);
}

/* space_id 0: the caller's own. */
static inline err_t space_statistics_read(uint64_t space_id, struct space_statistics *s)
{
    return pager_space_statistics(
        PROGRAM_SLOT_PAGER, space_id, &s->resident_pages, &s->private_pages, &s->shared_pages,
        &s->faults_zero, &s->faults_copy, &s->faults_last_owner, &s->faults_other, &s->tables);
}

/* The next process after p->pid; PROC_ERR_SRCH at the end. */
static inline err_t process_statistics_next(struct process_statistics *p)
{
    uint64_t name[2];
    err_t error = proc_list(PROGRAM_SLOT_PROC, p->pid, &p->pid, &p->parent, &p->state, &p->space_id,
                            &p->threads, &name[0], &name[1], &p->harts);
    memcpy(p->name, name, sizeof(name));
    p->name[sizeof(name)] = 0;
    return error;
}

#endif
