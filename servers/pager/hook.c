/* The state of the test hooks; see hook.h. */
#include "hook.h"

struct hooks hooks;
