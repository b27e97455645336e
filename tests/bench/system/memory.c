/* What the system itself spends on one more small process: tables, kernel objects, servers'
 * records. The frames that the process owns are not counted. */
#include "bench.h"
#include "platform.h"

/* ALREADY of them live when the books are opened: room that earlier processes left in the servers'
 * stores is used up by then. */
enum { ALREADY = 64, PROCESSES = 64 };

void process_memory(void)
{
    pid_t pids[ALREADY + PROCESSES];
    struct memory_use before, after;
    for (unsigned i = 0; i < ALREADY; i++) {
        pids[i] = fork_sleeper();
    }
    rest_ms(20);
    if (!platform_memory_use(&before)) {
        return;
    }
    for (unsigned i = ALREADY; i < ALREADY + PROCESSES; i++) {
        pids[i] = fork_sleeper();
    }
    rest_ms(20); /* every child has run */
    if (!platform_memory_use(&after)) {
        fail("memory use");
    }
    for (unsigned i = 0; i < ALREADY + PROCESSES; i++) {
        child_kill(pids[i]);
    }
    uint64_t tables = (after.tables - before.tables) / PROCESSES;
    uint64_t objects = (after.objects - before.objects) / PROCESSES;
    uint64_t records = (after.records - before.records) / PROCESSES;
    uint64_t all = tables + objects + records;
    struct sample sample = {PROCESSES, all * PROCESSES, all, all};
    sample_print("process_memory_bytes", &sample, "bytes");
    sample = (struct sample){PROCESSES, tables * PROCESSES, tables, tables};
    sample_print("process_memory_tables", &sample, "bytes");
    sample = (struct sample){PROCESSES, objects * PROCESSES, objects, objects};
    sample_print("process_memory_objects", &sample, "bytes");
    sample = (struct sample){PROCESSES, records * PROCESSES, records, records};
    sample_print("process_memory_records", &sample, "bytes");
}
