/* Reader of flattened device trees: see fdt.h. */
#include <format/fdt.h>

#include <stddef.h>

#include <format/bytes.h>

/* The tree's beginning. */
struct header {
    uint8_t magic[4], total[4], nodes[4], strings[4], reserve[4], version[4], compatible_version[4],
        boot_hart[4], strings_bytes[4], nodes_bytes[4];
};

enum {
    VERSION = 17,
    RESERVE_BYTES = 16,
    CELL_BYTES = 4,
    TOTAL_BYTES_MAX = 16 << 20, /* keeps sums of two offsets and lengths far below 2^32 */
};

#define MAGIC 0xd00dfeedu

enum token_kind {
    TOKEN_BEGIN = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROPERTY = 3,
    TOKEN_NOP = 4,
};

struct token {
    uint32_t kind;
    uint32_t next; /* offset of the token after it */
    const char *name;
    struct fdt_property property;
};

static uint32_t cells_align(uint32_t offset)
{
    return (offset + (CELL_BYTES - 1)) & ~(uint32_t)(CELL_BYTES - 1);
}

/* A property's size and name, then its value. */
static bool token_read_property(const struct fdt *tree, uint32_t at, struct token *token)
{
    const uint8_t *cells = tree->nodes + at;
    uint32_t length;
    if (tree->nodes_bytes - at < 2 * CELL_BYTES) {
        return false;
    }
    uint32_t bytes = bytes_be32(cells);
    uint32_t name = bytes_be32(cells + CELL_BYTES);
    at += 2 * CELL_BYTES;
    token->name = tree->strings + name;
    token->property = (struct fdt_property){cells + 2 * CELL_BYTES, bytes};
    token->next = cells_align(at + bytes);
    return bytes <= tree->nodes_bytes - at && name < tree->strings_bytes &&
           text_length(token->name, tree->strings_bytes - name, &length);
}

static bool token_read(const struct fdt *tree, uint32_t at, struct token *token)
{
    uint32_t length;
    if (at >= tree->nodes_bytes || tree->nodes_bytes - at < CELL_BYTES) {
        return false;
    }
    token->kind = bytes_be32(tree->nodes + at);
    at += CELL_BYTES;
    if (token->kind == TOKEN_PROPERTY) {
        return token_read_property(tree, at, token);
    }
    if (token->kind == TOKEN_BEGIN) {
        token->name = (const char *)tree->nodes + at;
        if (!text_length(token->name, tree->nodes_bytes - at, &length)) {
            return false;
        }
        at = cells_align(at + length + 1);
    }
    token->next = at;
    return token->kind == TOKEN_BEGIN || token->kind == TOKEN_END_NODE || token->kind == TOKEN_NOP;
}

static bool block_fits(uint32_t start, uint32_t bytes, uint64_t total)
{
    return start >= sizeof(struct header) && start <= total && bytes <= total - start;
}

bool fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max)
{
    const struct header *header = blob;
    if (bytes_max < sizeof *header || bytes_be32(header->magic) != MAGIC ||
        bytes_be32(header->version) < VERSION || bytes_be32(header->compatible_version) > VERSION) {
        return false;
    }
    uint32_t total = bytes_be32(header->total);
    uint32_t nodes = bytes_be32(header->nodes);
    uint32_t strings = bytes_be32(header->strings);
    *tree = (struct fdt){
        .base = blob,
        .nodes = (const uint8_t *)blob + nodes,
        .strings = (const char *)blob + strings,
        .nodes_bytes = bytes_be32(header->nodes_bytes),
        .strings_bytes = bytes_be32(header->strings_bytes),
        .reserve_offset = bytes_be32(header->reserve),
    };
    uint32_t nodes_end = nodes + tree->nodes_bytes;
    uint32_t strings_end = strings + tree->strings_bytes;
    tree->used_bytes = nodes_end > strings_end ? nodes_end : strings_end;
    bytes_max = total < bytes_max ? total : bytes_max; /* there may be slack behind the blocks */
    return bytes_max <= TOTAL_BYTES_MAX && nodes % CELL_BYTES == 0 &&
           block_fits(nodes, tree->nodes_bytes, bytes_max) &&
           block_fits(strings, tree->strings_bytes, bytes_max);
}

const struct fdt_node *fdt_next(struct fdt_walk *walk)
{
    struct token token;
    while (token_read(walk->tree, walk->next, &token)) {
        walk->next = token.next;
        if (token.kind == TOKEN_END_NODE && walk->depth-- <= 1) { /* the root's end */
            return NULL;
        }
        if (token.kind == TOKEN_BEGIN && ++walk->depth <= FDT_DEPTH_MAX) {
            struct fdt_node *node = &walk->path[walk->depth - 1];
            *node = (struct fdt_node){
                .tree = walk->tree,
                .parent = walk->depth == 1 ? NULL : node - 1,
                .name = token.name,
                .first = token.next,
            };
            return node;
        }
    }
    return NULL;
}

bool fdt_node_is_named(const struct fdt_node *node, const char *name)
{
    const char *rest = text_after(node->name, name);
    return rest != NULL && (*rest == '\0' || *rest == '@');
}

bool fdt_node_is_top(const struct fdt_node *node)
{
    return node->parent != NULL && node->parent->parent == NULL;
}

bool fdt_property(const struct fdt_node *node, const char *name, struct fdt_property *property_out)
{
    struct token token;
    uint32_t at = node->first;
    while (token_read(node->tree, at, &token) &&
           (token.kind == TOKEN_PROPERTY || token.kind == TOKEN_NOP)) {
        if (token.kind == TOKEN_PROPERTY && text_equals(token.name, name)) {
            *property_out = token.property;
            return true;
        }
        at = token.next;
    }
    return false;
}

static uint64_t cells_value(const uint8_t *at, uint64_t cells)
{
    return cells == 0 ? 0 : cells == 1 ? bytes_be32(at) : bytes_be64(at);
}

bool fdt_number(const struct fdt_node *node, const char *name, uint64_t *value_out)
{
    struct fdt_property property;
    if (!fdt_property(node, name, &property) ||
        (property.bytes != CELL_BYTES && property.bytes != 2 * CELL_BYTES)) {
        return false;
    }
    *value_out = cells_value(property.data, property.bytes / CELL_BYTES);
    return true;
}

bool fdt_string(const struct fdt_node *node, const char *name, const char **string_out)
{
    struct fdt_property property;
    uint32_t length;
    if (!fdt_property(node, name, &property) ||
        !text_length((const char *)property.data, property.bytes, &length)) {
        return false;
    }
    *string_out = (const char *)property.data;
    return true;
}

bool fdt_lists(const struct fdt_node *node, const char *name, const char *string)
{
    struct fdt_property property;
    if (!fdt_property(node, name, &property)) {
        return false;
    }
    const char *list = (const char *)property.data;
    uint32_t room = property.bytes;
    uint32_t length;
    while (text_length(list, room, &length)) {
        if (text_equals(list, string)) {
            return true;
        }
        list += length + 1;
        room -= length + 1;
    }
    return false;
}

bool fdt_is_compatible(const struct fdt_node *node, const char *with)
{
    return fdt_lists(node, "compatible", with);
}

bool fdt_is_enabled(const struct fdt_node *node)
{
    const char *status = "okay";
    (void)!fdt_string(node, "status", &status);
    return text_equals(status, "okay") || text_equals(status, "ok");
}

/* How many cells the bus gives to an address and a size; false: too many. */
static bool bus_cells(const struct fdt_node *bus, uint64_t *address_out, uint64_t *size_out)
{
    *address_out = 2;
    *size_out = 1;
    (void)!fdt_number(bus, "#address-cells", address_out);
    (void)!fdt_number(bus, "#size-cells", size_out);
    return *address_out >= 1 && *address_out <= 2 && *size_out <= 2;
}

bool fdt_reg(const struct fdt_node *node, uint32_t index, uint64_t *address_out,
             uint64_t *bytes_out)
{
    struct fdt_property property;
    uint64_t address;
    uint64_t size;
    if (node->parent == NULL || !bus_cells(node->parent, &address, &size) ||
        !fdt_property(node, "reg", &property) ||
        index >= property.bytes / ((address + size) * CELL_BYTES)) {
        return false;
    }
    const uint8_t *at = property.data + index * (address + size) * CELL_BYTES;
    *address_out = cells_value(at, address);
    *bytes_out = cells_value(at + address * CELL_BYTES, size);
    return true;
}

/* An address on the bus becomes one on the bus above. */
static bool bus_translate(const struct fdt_node *bus, uint64_t *address)
{
    struct fdt_property ranges;
    uint64_t below;
    uint64_t above;
    uint64_t size;
    uint64_t ignored;
    if (!fdt_property(bus, "ranges", &ranges) || ranges.bytes == 0) {
        return true;
    }
    if (!bus_cells(bus, &below, &size) || !bus_cells(bus->parent, &above, &ignored)) {
        return false;
    }
    uint64_t row = (below + above + size) * CELL_BYTES;
    for (uint64_t i = 0; i < ranges.bytes / row; i++) {
        const uint8_t *at = ranges.data + i * row;
        uint64_t offset = *address - cells_value(at, below);
        if (offset < cells_value(at + (below + above) * CELL_BYTES, size)) {
            *address = cells_value(at + below * CELL_BYTES, above) + offset;
            return true;
        }
    }
    return false;
}

bool fdt_address(const struct fdt_node *node, uint32_t index, uint64_t *address_out,
                 uint64_t *bytes_out)
{
    uint64_t address;
    bool is_known = fdt_reg(node, index, &address, bytes_out);
    for (const struct fdt_node *bus = node->parent; is_known && bus->parent != NULL;
         bus = bus->parent) {
        is_known = bus_translate(bus, &address);
    }
    if (is_known) {
        *address_out = address;
    }
    return is_known;
}

bool fdt_reserve(const struct fdt *tree, uint32_t index, uint64_t *start_out, uint64_t *bytes_out)
{
    uint64_t at = tree->reserve_offset + (uint64_t)index * RESERVE_BYTES;
    if (at + RESERVE_BYTES > tree->used_bytes) { /* it stands before the other blocks */
        return false;
    }
    *start_out = bytes_be64(tree->base + at);
    *bytes_out = bytes_be64(tree->base + at + 8);
    return *start_out != 0 || *bytes_out != 0;
}
