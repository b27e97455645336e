/* Faults of servers; contract in fault.h. */
#include "fault.h"

#include <byre/gen/names.h>
#include <byre/pager_boot.h>
#include <byre/table.h>
#include <libsys/print.h>

#include "object.h"
#include "panic.h"

enum {
    REGISTERS = 32,
    REGISTERS_A_CALL = 8,
    TRACE_MAX = 24,
    STACK_BYTES = 4096,
    PRIORITY = 30, /* init's own */
};

static _Alignas(16) char stack[STACK_BYTES];
static cap_t fault_reply;

static const char *const names[REGISTERS] = {
    "pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static void fault_print_registers(cap_t thread)
{
    uint64_t r[REGISTERS_A_CALL];

    for (unsigned first = 0; first < REGISTERS; first += REGISTERS_A_CALL) {
        if (byre_thread_read(thread, first, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5], &r[6],
                             &r[7]) != ERR_OK) {
            return;
        }
        for (unsigned i = 0; i < REGISTERS_A_CALL; i++) {
            print("  %-3s 0x%016lx%s", names[first + i], r[i], i % 4 == 3 ? "\n" : "");
        }
    }
}

static bool fault_is_text(const struct system *system, uint64_t address)
{
    const struct load_plan *plan = &system->pager.plan;

    for (unsigned i = 0; i < plan->region_count; i++) {
        const struct load_region *region = &plan->regions[i];
        if ((region->rights & MAP_X) != 0 && address >= region->start &&
            address - region->start < region->pages * PAGE_BYTES) {
            return true;
        }
    }
    return false;
}

static void fault_print_trace(const struct system *system, uint64_t thread, uint64_t pc,
                              uint64_t sp)
{
    uint64_t bottom = pager_stack_top(thread) - PAGER_STACK_PAGES * PAGE_BYTES;
    unsigned found = 0;

    print("  possible return addresses: 0x%lx", pc);
    if (sp >= bottom && sp < pager_stack_top(thread) && sp % sizeof(uint64_t) == 0) {
        const uint64_t *lowest = system->pager_stacks[thread];
        const uint64_t *word = lowest + (sp - bottom) / sizeof(uint64_t);
        const uint64_t *top = lowest + PAGER_STACK_PAGES * PAGE_BYTES / sizeof(*top);
        for (; word < top && found < TRACE_MAX; word++) {
            if (fault_is_text(system, *word)) {
                print(" 0x%lx", *word);
                found++;
            }
        }
    }
    print("\n");
}

__attribute__((noreturn)) static void fault_thread(const struct system *system)
{
    struct message message;

    init_check("waiting for faults", ipc_receive(system->fault_endpoint, &message, fault_reply));
    bool is_pager = message.badge != FAULT_OF_PROC;
    uint64_t thread = is_pager ? message.badge - FAULT_OF_PAGER : 0;
    print("init: %s faulted: %s at address 0x%lx, pc 0x%lx\n", is_pager ? "the pager" : "proc",
          fault_name(message.w[0]), message.w[1], message.w[2]);
    /* Only a thread that has stopped for good shows its registers. */
    (void)ipc_reply_full(fault_reply, &(struct message){0}, IPC_FAIL);
    fault_print_registers(is_pager ? system->pager_threads[thread] : system->proc.thread);
    if (is_pager) {
        fault_print_trace(system, thread, message.w[2], message.w[3]);
    }
    init_panic("nobody can restart that server yet", ERR_STATE);
}

void fault_watch(struct system *system)
{
    cap_t thread = object_new(OBJECT_THREAD);

    system->fault_endpoint = object_new(OBJECT_ENDPOINT);
    fault_reply = object_new(OBJECT_REPLY);
    init_check("the fault thread", byre_thread_configure(thread, INIT_SLOT_SPACE,
                                                         INIT_SLOT_CAPTABLE, 0, 0, PRIORITY, 0));
    init_check("the fault thread", byre_thread_start(thread, (uint64_t)(uintptr_t)fault_thread,
                                                     (uint64_t)(uintptr_t)(stack + sizeof(stack)),
                                                     0, (uint64_t)(uintptr_t)system, 0));
}
