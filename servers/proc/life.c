/* The lives of processes; contract in life.h. */
#include "life.h"

#include <string.h>

#include <byre/gen/proc.h>
#include <libsys/arguments.h>

#include "account.h"
#include "end.h"
#include "image.h"
#include "signals.h"
#include "wait.h"

/* What the pager and the kernel answer, in proc's own words. */
static err_t life_error(err_t error)
{
    switch ((unsigned)error) {
    case (unsigned)PROC_ERR_AGAIN:
    case (unsigned)PROC_ERR_INVAL:
    case (unsigned)PROC_ERR_NOENT:
    case (unsigned)PROC_ERR_NOEXEC:
    case (unsigned)PROC_ERR_2BIG:
        return error;
    default:
        return PROC_ERR_NOMEM;
    }
}

/* ------------------------------------------------------------------------------ programs */

static err_t life_check_block(const struct body_block *block)
{
    if (block->bytes == 0) {
        return PROC_ERR_INVAL;
    }
    return block->bytes > ARGUMENTS_BYTES_MAX ? PROC_ERR_2BIG : ERR_OK;
}

/* A body with a program in it, ready to run at *start_out. Failure leaves the body empty. */
static err_t life_make_program(struct body *body, const struct process *process,
                               struct image *image, const struct body_block *block,
                               struct thread **thread_out, struct thread_start *start_out)
{
    uint64_t block_at;

    err_t error = body_make_space(body, process->tree->account, image, block, &block_at);
    if (error != ERR_OK) {
        return error;
    }
    error = body_equip(body, process->badge, image->auditor, thread_out);
    if (error != ERR_OK) {
        body_unmake(body);
        return error;
    }
    *start_out =
        (struct thread_start){.pc = image->plan.entry, .sp = block_at, .argument = block_at};
    return ERR_OK;
}

static void life_set_program(struct process *process, const struct image *image)
{
    memcpy(process->name, image->program, sizeof(process->name));
    process->flags &= (uint8_t)~PROCESS_AUDITOR;
    process->flags |= image->auditor ? PROCESS_AUDITOR : 0;
}

/* -------------------------------------------------------------------------------- births */

/* Only commands of the first shell begin trees: a tree that could begin others would have no
 * limit. Everyone else's children stay in their parent's tree. */
static err_t life_choose_tree(const struct process *parent, uint64_t flags, struct tree **tree_out)
{
    *tree_out = parent->tree;
    if ((flags & SPAWN_TREE) == 0 || parent->tree != process_init()->tree ||
        parent == process_init()) {
        return ERR_OK;
    }
    struct tree *tree = tree_create();
    if (tree == NULL) {
        return PROC_ERR_NOMEM;
    }
    err_t error = account_open(tree->account);
    if (error != ERR_OK) {
        tree_drop(tree);
        return error;
    }
    *tree_out = tree;
    return ERR_OK;
}

static void life_unbear(struct process *child)
{
    struct tree *tree = child->tree;

    body_unmake(&child->body);
    process_undo(child);
    if (tree->members == 0) {
        end_drop_tree(tree);
    }
}

err_t life_spawn(struct process *parent, const char *path, const struct body_block *block,
                 uint64_t flags, struct process **child_out)
{
    struct image *image;
    struct tree *tree;
    struct thread *thread;
    struct thread_start start;

    err_t error = life_check_block(block);
    if (error != ERR_OK) {
        return error;
    }
    error = image_find(path, &image);
    if (error != ERR_OK) {
        return error;
    }
    error = life_choose_tree(parent, flags, &tree);
    if (error != ERR_OK) {
        return life_error(error);
    }
    struct process *child = process_create(parent, tree);
    if (child == NULL) {
        if (tree->members == 0) {
            end_drop_tree(tree);
        }
        return PROC_ERR_AGAIN;
    }
    child->flags = (flags & SPAWN_BOUND) != 0 ? PROCESS_BOUND : 0;
    life_set_program(child, image);
    error = life_make_program(&child->body, child, image, block, &thread, &start);
    if (error == ERR_OK) {
        process_set_space(child, child->body.space_id);
        error = body_run(&child->body, thread, &start);
    }
    if (error != ERR_OK) {
        process_set_space(child, 0);
        life_unbear(child);
        return life_error(error);
    }
    *child_out = child;
    return ERR_OK;
}

err_t life_fork(struct process *parent, const struct thread_start *start,
                struct process **child_out)
{
    struct thread *thread;

    struct process *child = process_create(parent, parent->tree);
    if (child == NULL) {
        return PROC_ERR_AGAIN;
    }
    memcpy(__builtin_assume_aligned(child->name, sizeof(uint64_t)),
           __builtin_assume_aligned(parent->name, sizeof(uint64_t)), sizeof(child->name));
    child->flags = parent->flags & PROCESS_AUDITOR;
    err_t error = body_fork_space(&child->body, &parent->body, child->tree->account, start->sp);
    if (error == ERR_OK) {
        error =
            body_equip(&child->body, child->badge, (child->flags & PROCESS_AUDITOR) != 0, &thread);
    }
    if (error == ERR_OK) {
        process_set_space(child, child->body.space_id);
        error = body_run(&child->body, thread, start);
    }
    if (error != ERR_OK) {
        process_set_space(child, 0);
        life_unbear(child);
        return life_error(error);
    }
    *child_out = child;
    return ERR_OK;
}

err_t life_exec(struct process *process, const char *path, const struct body_block *block)
{
    struct image *image;
    struct body body;
    struct thread *thread;
    struct thread_start start;

    err_t error = life_check_block(block);
    if (error != ERR_OK) {
        return error;
    }
    error = image_find(path, &image);
    if (error != ERR_OK) {
        return error;
    }
    body_init(&body);
    error = life_make_program(&body, process, image, block, &thread, &start);
    if (error != ERR_OK) {
        return life_error(error);
    }
    /* From here on nothing fails: the old program, caller included, goes (F3). */
    process_set_space(process, 0);
    body_unmake(&process->body);
    wait_drop_all(process);
    body_move(&process->body, &body);
    process_set_space(process, process->body.space_id);
    life_set_program(process, image);
    if (body_run(&process->body, thread, &start) != ERR_OK) {
        end_process(process,
                    status_of_signal(SIGNAL_KILL)); /* never: it is configured and stopped */
    }
    return ERR_OK;
}
