/* The facts of start.h, apart from what sets them, so that the core can be built without it. */
#include "start.h"

frame_t pager_archive;
uint32_t pager_archive_pages;
bool pager_testhooks;
uint64_t pager_timebase_hz;
unsigned pager_harts = 1;
