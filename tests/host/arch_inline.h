/* The part of arch.h that the real machine makes inline: on the host these are the fake's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hart.h"
#include "core/space.h"
#include "core/types.h"

void *arch_window(paddr_t address);
uint64_t arch_time_ticks(void);
struct hart *arch_this_hart(void);
void arch_space_load(struct hart *hart, struct space *space);
void arch_flush_page(struct space *space, vaddr_t address);
void arch_float_switch(struct hart *hart, struct thread *to);
void arch_keep_temporaries(struct thread *caller);
uint64_t arch_accept_slot(const struct thread *caller);
struct thread *arch_resume_message(struct thread *to, uint64_t label, uint64_t w0, uint64_t w1,
                                   uint64_t w2, uint64_t w3, uint64_t badge, uint64_t info);
#define arch_switch(function, caller) (fake_end_call(caller), (void)function(caller), ERR_DONE)
#define arch_switch_to(function, caller, other, word) \
    (fake_end_call(caller), (void)function(caller, other, word), ERR_DONE)
void fake_end_call(struct thread *caller); /* as the assembly leaves its registers */
