/* Where the window begins; see window.h. */
#include "window.h"

#include <byre/pager_boot.h>

uintptr_t pager_window = PAGER_WINDOW;
