/* The process table: who exists, who is whose child, which tree of limits each belongs to.
 *
 *   P1  A process is ALIVE, then ENDING (its body is gone, its children are moving to init), then
 *       ZOMBIE (its parent has not asked), then free; a zombie holds this record alone. If the
 *       console has a session of it (PROCESS_SESSION), it is in the table's news from its end
 *       until that has been told, and reaped before, it is GONE until then.
 *   P2  Every process but init has a parent, which is alive or ending. Children of one that ends
 *       move to init, whose zombies nobody waits for: end.c reaps them.
 *   P3  A pid names one record from birth until it is reaped; the next process gets the next
 *       higher free pid, so a pid comes back only after all others have been used.
 *   P4  badge = pid | serial << 32. The serial counts processes ever made (31 bits), so a child
 *       never has a badge that its parent or an earlier process of its pid had.
 *   P5  tree->members == records of the tree that are in use, tree->unended == those of them that
 *       are ALIVE or ENDING; a tree without members and without promises is free.
 *
 * Init (pid 1) is a record like the others, always alive, without threads or space.
 * Pure bookkeeping: nothing here talks to the kernel. All operations are O(1).
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <libsys/list.h>
#include <libsys/store.h>

#include "body.h"

enum {
    PROCESS_PID_MAX = 32767,
    PROCESS_PID_INIT = 1,
    PROCESS_NAME_BYTES = IMAGE_PROGRAM_BYTES,
    PROCESS_RESERVED = 32, /* places that only trees with few members may take */
};

enum process_state {
    PROCESS_FREE,
    PROCESS_ALIVE,
    PROCESS_ENDING,
    PROCESS_ZOMBIE,
    PROCESS_GONE,
};

enum process_flag {
    PROCESS_BOUND = 1 << 0,   /* ends with its parent */
    PROCESS_AUDITOR = 1 << 1, /* its table gets the audit and machine capabilities */
    PROCESS_FIRST = 1 << 2,   /* when it ends the machine goes off */
    PROCESS_SESSION = 1 << 3, /* the console knows it by its badge */
};

/* A process tree: what one command of the shell may take. */
struct tree {
    uint32_t leader;       /* pid that began it */
    uint32_t members;      /* P5 */
    uint32_t unended;      /* P5 */
    int32_t doom_status;   /* with which its members end, once it is doomed */
    uint64_t account;      /* at the pager */
    struct list processes; /* its members that are ALIVE */
    struct list doomed;    /* in end.c's list of trees that are to end */
    struct process *held;  /* its leader, ENDING until all others have ended (end.h) */
};

struct process {
    _Alignas(16) uint64_t badge; /* P4. Aligned: records are zeroed by 16 bytes */
    uint32_t pid;
    uint8_t state;
    uint8_t flags;
    int32_t status; /* wait status, once doomed or ended */
    struct process *parent;
    struct tree *tree;
    struct list sibling;  /* in the parent's children or zombies */
    struct list news;     /* in the table's news */
    struct list children; /* alive or ending */
    struct list zombies;
    struct list waiters; /* struct waiter: threads that wait for a child */
    struct list in_tree;
    struct list doomed;                               /* in one of end.c's lists */
    struct process *space_next;                       /* chain of the space index */
    uint64_t space_id;                                /* its key there; 0: none */
    struct body body;                                 /* what it runs in; empty once it has ended */
    _Alignas(uint64_t) char name[PROCESS_NAME_BYTES]; /* the program's, with zeroes to its end */
};

struct process_statistics {
    uint32_t processes; /* alive and zombies */
    uint32_t limit;
};

[[nodiscard]] bool process_table_init(const struct store_owner *owner, uint64_t processes_at,
                                      uint64_t trees_at, uint32_t limit);
struct process *process_init(void);

/* A tree's first member is the next process_create with it; tree_drop if that never comes. */
struct tree *tree_create(void); /* NULL: no memory */
void tree_drop(struct tree *tree);

/* A new ALIVE process, without a name. NULL: the limit (of the table, or what is left for this
 * tree) or memory. */
struct process *process_create(struct process *parent, struct tree *tree);

struct process *process_by_pid(uint64_t pid);     /* alive or zombie; NULL */
struct process *process_by_badge(uint64_t badge); /* alive; NULL */
struct process *process_by_space(uint64_t space_id);
struct process *process_after(uint64_t pid); /* the next higher pid, alive or zombie; NULL */
void process_set_space(struct process *process, uint64_t space_id); /* 0: take it out */

/* ALIVE -> ENDING: it is what it was, but for its tree's list of the living. */
void process_stop(struct process *process, int32_t status);
/* Move one child, living or zombie, of a process that is ENDING to init; NULL: it has none left. */
struct process *process_orphan_next(struct process *process);
/* ENDING -> ZOMBIE, without children (P1, P2); its tree keeps it. */
void process_end(struct process *process);
/* The end of a ZOMBIE: out of its parent and tree, GONE or free. *tree_out: the tree if this was
 * its last member (the caller removes its account and calls tree_drop), else NULL. */
void process_reap(struct process *process, struct tree **tree_out);
/* An unborn process (never published): as if process_create had not been. */
void process_undo(struct process *process);
/* The oldest of the news, or NULL; process_told takes it out. */
struct process *process_first_news(void);
void process_told(struct process *process);

struct process_statistics process_table_statistics(void);
void process_tell(struct object_book *book); /* whose tables these are */
uint64_t process_fail_after(uint64_t takes); /* tests: the k-th record fails */

#endif
