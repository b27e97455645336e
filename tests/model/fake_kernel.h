/* A second kernel, on the host: the memory and table calls of abi/kernel.toml over fake physical
 * memory, written from the contract alone and sharing no line with kernel/core.
 *
 * It promises the same refusals, the same error codes and the same bits in memory as the kernel;
 * tests/host compares the two. It does not model capabilities: an authority stands for a MEMORY
 * capability, a small number for a space.
 *
 *   K1  Table frames and their records are changed by the calls below alone.
 *   K2  A call that is sliced in the kernel calls hooks->interleave between its slices, and every
 *       call does so before it starts: whatever may run beside the pager runs there.
 *   K3  hooks->flush is called for each fence, before the call that asked for it returns.
 *   K4  Frames that never were written are not zero: free memory starts as a pattern.
 */
#ifndef TESTS_MODEL_FAKE_KERNEL_H
#define TESTS_MODEL_FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

enum { FAKE_SPACES_MAX = 256, FAKE_CHUNKS_MAX = 256, FAKE_SLICE_ENTRIES = 64 };

/* Stands for a MEMORY capability. */
struct fake_authority {
    uint64_t first_frame;
    uint64_t frames;
    uint64_t rights; /* RIGHT_* */
};

struct fake_hooks {
    void (*interleave)(void);                                        /* K2 */
    void (*flush)(unsigned space, uint64_t address, uint64_t pages); /* K3; pages 0: all */
    void (*table_freed)(uint64_t frame); /* or taken anew: no translation may go through it */
};

/* Fake physical memory: `chunks` chunks from first_frame on, all of kind USER; at `place` in the
 * host's address space if it is free (NULL: anywhere). */
void fake_start(uint64_t first_frame, unsigned chunks, void *place, const struct fake_hooks *hooks);
void fake_stop(void);
void *fake_memory_at(uint64_t frame); /* its 4 KiB */
bool fake_is_ram(uint64_t frame);
unsigned fake_kind(uint64_t frame);               /* KIND_* of its chunk */
struct table_record *fake_record(uint64_t frame); /* of a frame in a TABLE chunk */
uint64_t *fake_entries(uint64_t frame);
uint64_t fake_entry_frame(uint64_t entry); /* of a leaf, a pointer or a lazy entry */
bool fake_entry_names_table(uint64_t entry, unsigned level);
uint64_t fake_calls(void); /* how many of the calls below were made */
/* The k-th child that table_copy is to count from now on has its count at the maximum; 0: none. */
void fake_refuse_count(unsigned k);
unsigned fake_refusal_due(void); /* what is left of that k */

err_t fake_memory_retype(const struct fake_authority *memory, uint64_t chunk_frame, uint64_t kind,
                         uint64_t *offender_out);

err_t fake_table_create(const struct fake_authority *memory, uint64_t frame, uint64_t level);
err_t fake_table_free(const struct fake_authority *memory, uint64_t frame);
err_t fake_table_map(const struct fake_authority *memory, uint64_t table, uint64_t index,
                     uint64_t entries, const uint32_t *words, uint64_t *done_out);
err_t fake_table_map_run(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, uint64_t word, uint64_t *done_out);
err_t fake_table_map_chunk(const struct fake_authority *memory, uint64_t table, uint64_t index,
                           uint64_t word);
err_t fake_table_map_device(const struct fake_authority *memory, uint64_t table, uint64_t index,
                            uint64_t entries, const struct fake_authority *device,
                            uint64_t first_frame, uint64_t rights);
err_t fake_table_link(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t child, uint64_t lazy, uint64_t *replaced_out);
err_t fake_table_lazy(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *done_out);
err_t fake_table_thaw(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *done_out);
/* Three pairs of target and source; those from a target 0 on are none. */
err_t fake_table_copy(const struct fake_authority *memory, const uint64_t pairs[6],
                      uint64_t *copied_out);
err_t fake_table_protect(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, uint64_t *changed_out);
err_t fake_table_drop(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *dropped_out);
err_t fake_table_mark(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t value);

/* Spaces. Destroying one unbinds its root and flushes its address-space identifier. */
err_t fake_space_create(unsigned *space_out);
err_t fake_space_renew(unsigned *space_io); /* another space with the root of that one */
err_t fake_space_destroy(unsigned space);
err_t fake_space_set_root(unsigned space, const struct fake_authority *memory, uint64_t root);
err_t fake_space_flush(unsigned space, uint64_t address, uint64_t pages);
bool fake_space_live(unsigned space);
uint64_t fake_space_root(unsigned space); /* 0: none */

#endif
