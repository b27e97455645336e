/* What the real machine has in registers while the short path runs: see fake_arch.c. */
#pragma once

#include "arch.h"

extern uint64_t message_index, message_label, message_words[4], message_descriptor;
extern struct thread *message_caller;
extern struct hart *message_hart;

struct thread *arch_message_resume(struct thread *to, uint64_t badge, uint64_t info, bool is_long);
#define arch_message_to(function) function()
#define arch_message_to_general(function)                                                        \
    function(message_index, message_label, message_words[0], message_words[1], message_words[2], \
             message_words[3], message_descriptor, message_caller)
