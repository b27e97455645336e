/* The system calls that the pager makes, as the host build of <byre/gen/calls.h> declares them,
 * over the second kernel: a capability table, objects in OBJECT pages, and the table calls.
 *
 *   C1  A capability names MEMORY, or an object by page, slot and generation; a capability of a
 *       destroyed object is dead.
 *   C2  Of objects only what the pager can get wrong is modelled: place, size class, life; spaces
 *       are the second kernel's.
 */
#ifndef TESTS_MODEL_FAKE_CALLS_H
#define TESTS_MODEL_FAKE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "fake_kernel.h"

enum { FAKE_SLOTS = 16384 };

void fake_calls_start(void); /* after fake_start: an empty capability table, no objects */
void fake_cap_set_memory(unsigned slot, struct fake_authority authority);
void fake_cap_set_device(unsigned slot, struct fake_authority authority);
void fake_cap_set_object(unsigned slot, unsigned type); /* an object that lives elsewhere */
void fake_cap_set_space(unsigned slot, unsigned space); /* one space that lives elsewhere */
bool fake_cap_is_empty(unsigned slot);
/* The second kernel's number of the space that a capability names; 0: it names none. */
unsigned fake_cap_space(unsigned slot);
/* What a capability names: its errors are those of the calls that look it up. */
err_t fake_cap_memory(uint64_t slot, const struct fake_authority **authority_out);
err_t fake_cap_device(uint64_t slot, const struct fake_authority **authority_out);
err_t fake_cap_space_with(uint64_t slot, uint64_t rights, unsigned *space_out);
unsigned fake_caps_used(void);
unsigned fake_objects_live(void);

#endif
