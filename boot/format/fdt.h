/* The flattened device tree, read in place.
 *
 *   D1  Input is hostile: no read leaves [blob, blob + bytes), whatever the tree says; what does
 *       not hold together ends the walk it is met in, as if the tree ended there.
 *   D2  Pure: no allocation, no state, no recursion; every walk is linear in the tree's bytes.
 *   D3  Properties point into the tree and live as long as it does, nodes into the walk and live
 *       until its next step.
 *
 * Devicetree Specification v0.4, chapter 5; addresses: 2.3.5 to 2.3.8.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { FDT_DEPTH_MAX = 10 };

struct fdt {
    const uint8_t *base;
    const uint8_t *nodes; /* the structure block */
    const char *strings;
    uint32_t nodes_bytes;
    uint32_t strings_bytes;
    uint32_t reserve_offset;
    uint32_t used_bytes; /* what a copy must hold: without the slack behind the blocks */
};

struct fdt_node {
    const struct fdt *tree;
    const struct fdt_node *parent; /* NULL: it is the root */
    const char *name;
    uint32_t first; /* offset of its first token in the structure block */
};

/* A walk over all nodes, parents before their children; those too deep are left out. */
struct fdt_walk {
    const struct fdt *tree;
    uint32_t next;  /* offset of the next token */
    unsigned depth; /* of tokens: 0 outside the root */
    struct fdt_node path[FDT_DEPTH_MAX];
};

struct fdt_property {
    const uint8_t *data;
    uint32_t bytes;
};

/* Check the header and note where the blocks are. bytes_max bounds what may be read. */
[[nodiscard]] bool fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max);

/* The next node, the root at first, of a walk that began as {.tree = tree}; NULL: that was all. */
const struct fdt_node *fdt_next(struct fdt_walk *walk);
/* With or without its unit address (name@...). */
bool fdt_node_is_named(const struct fdt_node *node, const char *name);
/* Is it the root's child? */
bool fdt_node_is_top(const struct fdt_node *node);

[[nodiscard]] bool fdt_property(const struct fdt_node *node, const char *name,
                                struct fdt_property *property_out);
/* A property that holds one number of four or eight bytes. */
[[nodiscard]] bool fdt_number(const struct fdt_node *node, const char *name, uint64_t *value_out);
/* A property that is a string with its end inside the property. */
[[nodiscard]] bool fdt_string(const struct fdt_node *node, const char *name,
                              const char **string_out);
/* Is the string in a property that is a list of them? */
bool fdt_lists(const struct fdt_node *node, const char *name, const char *string);
bool fdt_is_compatible(const struct fdt_node *node, const char *with);
/* True unless `status` says otherwise than okay. */
bool fdt_is_enabled(const struct fdt_node *node);
/* The index-th address and size of `reg`, as it stands there. More than two cells are refused. */
[[nodiscard]] bool fdt_reg(const struct fdt_node *node, uint32_t index, uint64_t *address_out,
                           uint64_t *bytes_out);
/* The same as the harts see it, through the `ranges` of all buses above. A bus that has none, or
 * empty ones, changes nothing; false also if an address is in none of a bus's ranges. */
[[nodiscard]] bool fdt_address(const struct fdt_node *node, uint32_t index, uint64_t *address_out,
                               uint64_t *bytes_out);

/* The index-th entry of the memory reservation block, until its end. */
[[nodiscard]] bool fdt_reserve(const struct fdt *tree, uint32_t index, uint64_t *start_out,
                               uint64_t *bytes_out);
