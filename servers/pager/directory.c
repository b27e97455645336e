/* Directories sized by memory; the contract is in directory.h. */
#include "directory.h"

#include <string.h>

enum { FRAMES_A_SPACE = 2, FRAMES_AN_OBJECT = 2, SPACES_A_CHAIN = 4 };

static uint32_t power_of_two_below(uint32_t number)
{
    return 1u << (31 - __builtin_clz(number));
}

struct directory_lengths directory_lengths_for(uint64_t frame_count, uint64_t capabilities)
{
    uint64_t spaces = frame_count / FRAMES_A_SPACE;
    spaces = spaces < capabilities ? spaces : capabilities;
    spaces -= spaces % SPACE_OBJECTS_A_PAGE;
    PAGER_ASSERT(spaces >= SPACE_OBJECTS_A_PAGE);
    return (struct directory_lengths){.spaces = (uint32_t)spaces,
                                      .objects = (uint32_t)(frame_count / FRAMES_AN_OBJECT),
                                      .chains =
                                          power_of_two_below((uint32_t)spaces / SPACES_A_CHAIN)};
}

/* Those of eight bytes an element come first. */
uint64_t directory_bytes(const struct directory_lengths *lengths)
{
    const struct pager_state *state = NULL;
    return lengths->spaces * (sizeof(*state->spaces) + sizeof(*state->space_generation) +
                              sizeof(*state->space_indices.next_free)) +
           lengths->objects * (sizeof(*state->objects) + sizeof(*state->object_indices.next_free)) +
           lengths->chains * sizeof(*state->account_chains) +
           lengths->spaces / SPACE_OBJECTS_A_PAGE * sizeof(*state->space_object_page);
}

/* The next part of the memory. */
static void *part(void **memory, uint64_t bytes)
{
    void *begin = *memory;
    *memory = (char *)begin + bytes;
    return begin;
}

void directory_start(void *memory, const struct directory_lengths *lengths)
{
    struct pager_state *s = &pager_state;
    memset(memory, 0, directory_bytes(lengths));
    *s = (struct pager_state){.space_indices = {.bump = 1, .length = lengths->spaces},
                              .object_indices = {.length = lengths->objects},
                              .chain_count = lengths->chains};
    s->spaces = part(&memory, lengths->spaces * sizeof(*s->spaces));
    s->objects = part(&memory, lengths->objects * sizeof(*s->objects));
    s->account_chains = part(&memory, lengths->chains * sizeof(*s->account_chains));
    s->space_generation = part(&memory, lengths->spaces * sizeof(*s->space_generation));
    s->space_indices.next_free = part(&memory, lengths->spaces * sizeof(uint32_t));
    s->object_indices.next_free = part(&memory, lengths->objects * sizeof(uint32_t));
    s->space_object_page =
        part(&memory, lengths->spaces / SPACE_OBJECTS_A_PAGE * sizeof(*s->space_object_page));
}
