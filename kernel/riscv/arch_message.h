/* The registers of a call, as variables: for ipc_fast.c, which is compiled to leave them alone, and
 * a2 to a5 with them, the words. So a message passes through it without being moved. */
#pragma once

#include "arch.h"

register uint64_t message_index __asm__("a0");
register uint64_t message_label __asm__("a1");
register uint64_t message_descriptor __asm__("a6");
register struct thread *message_caller __asm__("a7");
register struct hart *message_hart __asm__("tp");

#define MESSAGE_TO(place)        \
    ({                           \
        JUMP(place, "i"(0));     \
        __builtin_unreachable(); \
        (struct thread *)NULL;   \
    })
#define arch_message_to(function)         MESSAGE_TO(#function)
#define arch_message_to_general(function) MESSAGE_TO("general_" #function)

ALWAYS_INLINE struct thread *arch_message_resume(struct thread *to, uint64_t badge, uint64_t info,
                                                 bool is_long)
{
    register struct thread *s11 __asm__("s11") = to;
    register uint64_t a6 __asm__("a6") = badge, a7 __asm__("a7") = info;
    if (is_long) {
        JUMP("trap_resume_long", "r"(s11), "r"(a6), "r"(a7));
    } else {
        JUMP("trap_resume_message", "r"(s11), "r"(a6), "r"(a7));
    }
    __builtin_unreachable();
}
