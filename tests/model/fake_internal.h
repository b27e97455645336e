/* What the two halves of the second kernel share. */
#ifndef TESTS_MODEL_FAKE_INTERNAL_H
#define TESTS_MODEL_FAKE_INTERNAL_H

#include "fake_kernel.h"

void fake_call_begins(void);         /* K2 */
void fake_slice_ends(uint64_t step); /* K2, each FAKE_SLICE_ENTRIES steps */
void fake_table_goes(uint64_t frame);
bool fake_count_is_full(const struct table_record *record);
bool fake_covers(const struct fake_authority *memory, uint64_t frame);
uint64_t fake_entries_at(unsigned level); /* entries that a call may name */

/* A live table under the authority: RIGHTS, RANGE, KIND, LEVEL in this order. */
err_t fake_check_table(const struct fake_authority *memory, uint64_t frame, unsigned *level_out);

#endif
