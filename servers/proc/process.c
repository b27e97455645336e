/* The process table; contract in process.h. */
#include "process.h"

#include <stddef.h>
#include <string.h>

#include <libsys/bits.h>

enum { SPACE_BUCKETS = 4096 };

static struct {
    struct store processes;
    struct store trees;
    struct bits pids_used;
    struct bits pids_free;
    uint32_t index_of_pid[PROCESS_PID_MAX + 1]; /* + 1; 0 = none */
    struct process *spaces[SPACE_BUCKETS];
    struct list news; /* ended, and the console has a session */
    struct process *init;
    uint32_t next_pid;
    uint32_t limit;
    uint32_t count; /* alive and zombies, init among them */
    uint64_t serial;
} table;

static struct process *process_at_pid(uint32_t pid)
{
    uint32_t index = table.index_of_pid[pid];

    return index == 0 ? NULL : store_at(&table.processes, index - 1);
}

static void process_name_pid(struct process *process)
{
    uint32_t pid = bits_next(&table.pids_free, table.next_pid);

    if (pid == BITS_NONE) {
        pid = bits_next(&table.pids_free, PROCESS_PID_INIT);
    }
    bits_remove(&table.pids_free, pid);
    bits_add(&table.pids_used, pid);
    table.next_pid = pid + 1;
    table.index_of_pid[pid] = store_index(&table.processes, process) + 1;
    process->pid = pid;
    process->badge = pid | (table.serial & 0x7fffffff) << 32;
    table.serial++;
}

static void process_release_pid(struct process *process)
{
    bits_remove(&table.pids_used, process->pid);
    bits_add(&table.pids_free, process->pid);
    table.index_of_pid[process->pid] = 0;
}

bool process_table_init(const struct store_owner *owner, uint64_t processes_at, uint64_t trees_at,
                        uint32_t limit)
{
    /* Gone processes wait for the console beside the living: twice the records. */
    table.limit = 2 * limit < STORE_RECORDS_MAX ? limit : STORE_RECORDS_MAX / 2;
    store_init(&table.processes, owner, processes_at, sizeof(struct process), 2 * table.limit);
    store_init(&table.trees, owner, trees_at, sizeof(struct tree), table.limit);
    list_init(&table.news);
    for (uint32_t pid = PROCESS_PID_INIT; pid <= PROCESS_PID_MAX; pid++) {
        bits_add(&table.pids_free, pid);
    }
    table.next_pid = PROCESS_PID_INIT;
    table.serial = 1;

    struct tree *tree = tree_create();
    if (tree == NULL) {
        return false;
    }
    table.init = process_create(NULL, tree);
    if (table.init != NULL) {
        strcpy(table.init->name, "init");
    }
    return table.init != NULL;
}

struct process *process_init(void)
{
    return table.init;
}

struct tree *tree_create(void)
{
    struct tree *tree = store_take(&table.trees);

    if (tree != NULL) {
        tree->account = store_index(&table.trees, tree) + 1;
        list_init(&tree->processes);
        list_init(&tree->doomed);
    }
    return tree;
}

void tree_drop(struct tree *tree)
{
    store_give(&table.trees, tree);
}

/* The last places are for trees that are small: a bomb in one tree leaves room to work in
 * another. */
static bool process_has_place(const struct tree *tree)
{
    if (table.count >= table.limit) {
        return false;
    }
    return table.limit - table.count > PROCESS_RESERVED || tree->members < PROCESS_RESERVED / 4;
}

struct process *process_create(struct process *parent, struct tree *tree)
{
    if (!process_has_place(tree)) {
        return NULL;
    }
    struct process *process = store_take(&table.processes);
    if (process == NULL) {
        return NULL;
    }
    process_name_pid(process);
    process->state = PROCESS_ALIVE;
    process->parent = parent;
    process->tree = tree;
    list_init(&process->sibling);
    list_init(&process->news);
    list_init(&process->children);
    list_init(&process->zombies);
    list_init(&process->waiters);
    list_init(&process->in_tree);
    list_init(&process->doomed);
    list_init(&process->body.threads); /* the rest of an empty body is zero, as the record is */
    if (parent != NULL) {
        list_append(&parent->children, &process->sibling);
    }
    list_append(&tree->processes, &process->in_tree);
    tree->unended++;
    if (tree->members++ == 0) {
        tree->leader = process->pid;
    }
    table.count++;
    return process;
}

struct process *process_by_pid(uint64_t pid)
{
    return pid == 0 || pid > PROCESS_PID_MAX ? NULL : process_at_pid((uint32_t)pid);
}

struct process *process_by_badge(uint64_t badge)
{
    struct process *process = process_by_pid(badge & UINT32_MAX);

    if (process == NULL || process->badge != badge || process->state != PROCESS_ALIVE) {
        return NULL;
    }
    return process;
}

struct process *process_after(uint64_t pid)
{
    uint32_t next =
        pid >= PROCESS_PID_MAX ? BITS_NONE : bits_next(&table.pids_used, (uint32_t)pid + 1);

    return next == BITS_NONE ? NULL : process_at_pid(next);
}

static struct process **process_space_bucket(uint64_t space_id)
{
    return &table.spaces[space_id % SPACE_BUCKETS];
}

struct process *process_by_space(uint64_t space_id)
{
    struct process *process = *process_space_bucket(space_id);

    while (process != NULL && process->space_id != space_id) {
        process = process->space_next;
    }
    return process;
}

void process_set_space(struct process *process, uint64_t space_id)
{
    if (process->space_id != 0) {
        struct process **link = process_space_bucket(process->space_id);
        while (*link != process) {
            link = &(*link)->space_next;
        }
        *link = process->space_next;
    }
    process->space_id = space_id;
    if (space_id != 0) {
        struct process **bucket = process_space_bucket(space_id);
        process->space_next = *bucket;
        *bucket = process;
    }
}

void process_stop(struct process *process, int32_t status)
{
    process->state = PROCESS_ENDING;
    process->status = status;
    list_remove(&process->in_tree);
}

static struct process *process_adopt_first(struct list *from, struct list *into)
{
    struct process *child = LIST_OWNER(from->next, struct process, sibling);

    list_remove(&child->sibling);
    child->parent = table.init;
    list_append(into, &child->sibling);
    return child;
}

struct process *process_orphan_next(struct process *process)
{
    if (!list_is_empty(&process->children)) {
        return process_adopt_first(&process->children, &table.init->children);
    }
    if (!list_is_empty(&process->zombies)) {
        return process_adopt_first(&process->zombies, &table.init->zombies);
    }
    return NULL;
}

void process_end(struct process *process)
{
    process->state = PROCESS_ZOMBIE;
    process->tree->unended--;
    list_remove(&process->sibling);
    list_append(&process->parent->zombies, &process->sibling);
    if ((process->flags & PROCESS_SESSION) != 0) {
        list_append(&table.news, &process->news);
    }
}

static void process_leave(struct process *process)
{
    list_remove(&process->sibling);
    list_remove(&process->in_tree);
    process->tree->members--;
    process_release_pid(process);
    table.count--;
}

void process_reap(struct process *process, struct tree **tree_out)
{
    process_leave(process);
    *tree_out = process->tree->members == 0 ? process->tree : NULL;
    process->tree = NULL;
    process->state = PROCESS_GONE;
    if (list_is_empty(&process->news)) {
        store_give(&table.processes, process);
    }
}

void process_undo(struct process *process)
{
    process->tree->unended--;
    process_leave(process);
    if (table.next_pid == process->pid + 1) {
        table.next_pid = process->pid; /* nobody has seen it */
    }
    store_give(&table.processes, process);
}

struct process *process_first_news(void)
{
    return list_is_empty(&table.news) ? NULL : LIST_OWNER(table.news.next, struct process, news);
}

void process_told(struct process *process)
{
    list_remove(&process->news);
    if (process->state == PROCESS_GONE) {
        store_give(&table.processes, process);
    }
}

struct process_statistics process_table_statistics(void)
{
    return (struct process_statistics){.processes = table.count, .limit = table.limit};
}

void process_tell(struct object_book *book)
{
    (void)store_tell(&table.processes, book, "table",
                     offsetof(struct process, body.captable.place));
}

uint64_t process_fail_after(uint64_t takes)
{
    return store_fail_after(&table.processes, takes);
}
