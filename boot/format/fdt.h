/* The flattened device tree, read in place.
 *
 *   D1  Input is hostile: no read leaves [blob, blob + bytes), whatever the tree says; what does
 *       not hold together ends the walk it is met in, as if the tree ended there.
 *   D2  Pure: no allocation, no state, no recursion; every walk is linear in the tree's bytes.
 *   D3  Nodes and properties point into the tree and live as long as it does.
 *
 * Addresses are not translated: buses with a `ranges` other than the identity read as if they were
 * the root. Devicetree Specification v0.4, chapter 5.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

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
    const char *name;
    uint32_t first;         /* offset of its first token in the structure block */
    uint32_t address_cells; /* of its own `reg`, as its parent says */
    uint32_t size_cells;
};

struct fdt_property {
    const char *name;
    const uint8_t *data;
    uint32_t bytes;
};

/* Check the header and note where the blocks are. bytes_max bounds what may be read. */
[[nodiscard]] bool fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max);

[[nodiscard]] bool fdt_root(const struct fdt *tree, struct fdt_node *node_out);
[[nodiscard]] bool fdt_child_first(const struct fdt *tree, const struct fdt_node *parent,
                                   struct fdt_node *child_out);
/* The next sibling; node and next_out may be the same. */
[[nodiscard]] bool fdt_child_next(const struct fdt *tree, const struct fdt_node *node,
                                  struct fdt_node *next_out);
/* The child with that name, with or without its unit address (name@...). */
[[nodiscard]] bool fdt_child(const struct fdt *tree, const struct fdt_node *parent,
                             const char *name, struct fdt_node *child_out);
bool fdt_node_is_named(const struct fdt_node *node, const char *name);

[[nodiscard]] bool fdt_property(const struct fdt *tree, const struct fdt_node *node,
                                const char *name, struct fdt_property *property_out);
/* A property that holds one number of four or eight bytes. */
[[nodiscard]] bool fdt_number(const struct fdt *tree, const struct fdt_node *node, const char *name,
                              uint64_t *value_out);
/* A property that is a string with its end inside the property. */
[[nodiscard]] bool fdt_string(const struct fdt *tree, const struct fdt_node *node, const char *name,
                              const char **string_out);
/* The index-th address and size of `reg`. An address of more than two cells is refused. */
[[nodiscard]] bool fdt_reg(const struct fdt *tree, const struct fdt_node *node, uint32_t index,
                           uint64_t *address_out, uint64_t *bytes_out);
bool fdt_is_compatible(const struct fdt *tree, const struct fdt_node *node, const char *with);
/* True unless `status` says otherwise than okay. */
bool fdt_is_enabled(const struct fdt *tree, const struct fdt_node *node);

/* The index-th entry of the memory reservation block, until its end. */
[[nodiscard]] bool fdt_reserve(const struct fdt *tree, uint32_t index, uint64_t *start_out,
                               uint64_t *bytes_out);
