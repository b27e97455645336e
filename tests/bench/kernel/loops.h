/* What is measured, and the servers it is measured against. Each loop counts retired instructions
 * around one operation in user mode, and prints nothing: main.c sets the scene and reports. */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include <stdint.h>

struct sample;

enum { BENCH_WARM_UP = 16, BENCH_OPERATIONS = 1024 };

/* What a loop is given: capability slots, an area, a counter shared with its server. */
struct scene {
    uint64_t endpoint, reply, notification, answer_notification, memory;
    uint64_t cap_slot;     /* a capability to send */
    uint64_t accept_first; /* empty slots for what arrives */
    uint64_t accept_count;
    uint64_t leaf[4]; /* leaf tables of the area, one per 2 MiB */
    uint64_t map_word;
    uint64_t area;
    volatile uint64_t stamp; /* the spinner's last reading */
    volatile uint64_t ended;
};

void loop_null(struct scene *scene, struct sample *sample);
void loop_call_0(struct scene *scene, struct sample *sample);
void loop_call_4(struct scene *scene, struct sample *sample);
void loop_call_8(struct scene *scene, struct sample *sample);
void loop_call_cap(struct scene *scene, struct sample *sample);
void loop_signal(struct scene *scene, struct sample *sample);
void loop_fault(struct scene *scene, struct sample *sample);
void loop_map_batch(struct scene *scene, struct sample *sample);
void loop_preempt(struct scene *scene, struct sample *sample);

_Noreturn void serve_short(struct scene *scene);
_Noreturn void serve_long(struct scene *scene);
_Noreturn void serve_cap(struct scene *scene);
_Noreturn void serve_signal(struct scene *scene);
_Noreturn void serve_fault(struct scene *scene);
_Noreturn void spin(struct scene *scene);

#endif
