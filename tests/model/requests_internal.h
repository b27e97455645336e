/* What the requests of programs and those of proc share; for requests*.c only. */
#ifndef TESTS_MODEL_REQUESTS_INTERNAL_H
#define TESTS_MODEL_REQUESTS_INTERNAL_H

#include <byre/gen/pager.h>
#include <byre/table.h>

#include "sim.h"

enum {
    REQUEST_ACCOUNT = 1,
    REQUEST_FILE_PAGES = 64,
    REQUEST_ANY_RIGHTS = MAP_R | MAP_W | MAP_X,
    STACK_PAGES = 40
};

#define PAGE_OF(address) ((uint64_t)(address) >> PAGE_SHIFT)

/* Answers that say "there is not enough", by promise or by an allocation that was made to fail. */
bool request_is_poor(err_t error);
void request_expect_poor(const char *what, err_t error);
struct pager_request request_ask(uint64_t label, uint64_t badge, uint64_t w0, uint64_t w1,
                                 uint64_t w2);

/* requests_process.c: what proc asks. */
void request_fork(struct sim_process *process, struct sim_thread *thread);
void request_exec(struct sim_process *process, struct sim_thread *thread);
void request_device(struct sim_process *process, struct sim_thread *thread);
void request_new(struct sim_process *process, struct sim_thread *thread);
void request_exit(struct sim_process *process, struct sim_thread *thread);
void request_thread(struct sim_process *process, struct sim_thread *thread);
void request_refused(const struct sim_process *process);
struct sim_process *request_free_process(void);
void request_space_is_born(struct sim_process *process, uint64_t id);
void request_end_space(uint64_t id);

/* requests_image.c */
void request_learn_image(const struct sim_process *process);
/* A space of an image that is known, with some bytes of that process; NULL: it is not to be. */
struct sim_process *request_begin_like(struct sim_process *from);
void request_forget_images(void);

/* requests_memory.c: what programs ask for themselves. */
void request_map(struct sim_process *process, struct sim_thread *thread);
void request_unmap(struct sim_process *process, struct sim_thread *thread);
void request_protect(struct sim_process *process, struct sim_thread *thread);
void request_carve(struct sim_process *process, struct sim_thread *thread);
void request_break(struct sim_process *process, struct sim_thread *thread);
void request_hog(struct sim_process *process, struct sim_thread *thread);
void request_share(struct sim_process *process, struct sim_thread *thread);

#endif
