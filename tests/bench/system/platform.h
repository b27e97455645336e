/* What the bench asks of the system beyond POSIX. byre.c and linux.c implement it. */
#ifndef BENCH_PLATFORM_H
#define BENCH_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* Called first: makes of the machine what the bench wants to find. */
void platform_begin(void);

/* Page faults that this process has taken. */
uint64_t platform_faults(void);

/* Memory that is in use, in bytes, by what it is for; false: this system does not tell. */
struct memory_use {
    uint64_t tables;
    uint64_t objects; /* kernel objects */
    uint64_t records; /* of servers: frames that no program maps */
};
bool platform_memory_use(struct memory_use *use_out);

/* Returns when all memory that was given back is free: what a system puts off is done by then. */
void platform_settle(void);

#endif
