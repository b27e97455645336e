/* The bench's platform.h on Linux. */
#include <sys/resource.h>

#include "platform.h"

uint64_t platform_faults(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_minflt : 0;
}

bool platform_memory_use(struct memory_use *use_out)
{
    (void)use_out;
    return false;
}

/* Linux frees memory before it reports the exit. */
void platform_settle(void)
{
}
