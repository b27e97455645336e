/* Reader of flattened device trees: see fdt.h. */
#include <format/fdt.h>

#include <format/bytes.h>

enum {
    HEADER_BYTES = 40,
    HEADER_MAGIC = 0,
    HEADER_TOTAL = 4,
    HEADER_NODES = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVE = 16,
    HEADER_VERSION = 20,
    HEADER_COMPATIBLE_VERSION = 24,
    HEADER_STRINGS_BYTES = 32,
    HEADER_NODES_BYTES = 36,
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
    const uint8_t *data;
    uint32_t bytes;
};

static uint32_t cells_align(uint32_t offset)
{
    return (offset + (CELL_BYTES - 1)) & ~(uint32_t)(CELL_BYTES - 1);
}

static bool nodes_have(const struct fdt *tree, uint32_t at, uint32_t bytes)
{
    return at <= tree->nodes_bytes && bytes <= tree->nodes_bytes - at;
}

static bool token_read_property(const struct fdt *tree, uint32_t at, struct token *token)
{
    if (!nodes_have(tree, at, 2 * CELL_BYTES)) {
        return false;
    }
    uint32_t bytes = bytes_be32(tree->nodes + at);
    uint32_t name = bytes_be32(tree->nodes + at + CELL_BYTES);
    at += 2 * CELL_BYTES;
    uint32_t length;
    if (!nodes_have(tree, at, bytes) || name >= tree->strings_bytes ||
        !text_length(tree->strings + name, tree->strings_bytes - name, &length)) {
        return false;
    }
    token->name = tree->strings + name;
    token->data = tree->nodes + at;
    token->bytes = bytes;
    token->next = cells_align(at + bytes);
    return true;
}

static bool token_read(const struct fdt *tree, uint32_t at, struct token *token)
{
    if (!nodes_have(tree, at, CELL_BYTES)) {
        return false;
    }
    token->kind = bytes_be32(tree->nodes + at);
    at += CELL_BYTES;
    if (token->kind == TOKEN_PROPERTY) {
        return token_read_property(tree, at, token);
    }
    if (token->kind == TOKEN_BEGIN) {
        const char *name = (const char *)tree->nodes + at;
        uint32_t length;
        if (!text_length(name, tree->nodes_bytes - at, &length)) {
            return false;
        }
        token->name = name;
        token->next = cells_align(at + length + 1);
        return true;
    }
    token->next = at;
    return token->kind == TOKEN_END_NODE || token->kind == TOKEN_NOP;
}

/* The first token from `at` on that is none of no-ops and, if told so, properties. */
static bool token_find(const struct fdt *tree, uint32_t at, bool skip_properties,
                       struct token *token)
{
    while (token_read(tree, at, token)) {
        if (token->kind != TOKEN_NOP && !(skip_properties && token->kind == TOKEN_PROPERTY)) {
            return true;
        }
        at = token->next;
    }
    return false;
}

static bool block_fits(uint32_t start, uint32_t bytes, uint32_t total)
{
    return start >= HEADER_BYTES && start <= total && bytes <= total - start;
}

bool fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max)
{
    const uint8_t *base = blob;
    if (bytes_max < HEADER_BYTES || bytes_be32(base + HEADER_MAGIC) != MAGIC) {
        return false;
    }
    uint32_t total = bytes_be32(base + HEADER_TOTAL);
    uint32_t nodes = bytes_be32(base + HEADER_NODES);
    uint32_t strings = bytes_be32(base + HEADER_STRINGS);
    uint32_t nodes_bytes = bytes_be32(base + HEADER_NODES_BYTES);
    uint32_t strings_bytes = bytes_be32(base + HEADER_STRINGS_BYTES);
    if (total > bytes_max) {
        total = (uint32_t)bytes_max; /* there may be slack behind the blocks */
    }
    if (total > TOTAL_BYTES_MAX || bytes_be32(base + HEADER_VERSION) < VERSION ||
        bytes_be32(base + HEADER_COMPATIBLE_VERSION) > VERSION || nodes % CELL_BYTES != 0 ||
        !block_fits(nodes, nodes_bytes, total) || !block_fits(strings, strings_bytes, total)) {
        return false;
    }
    uint32_t nodes_end = nodes + nodes_bytes;
    uint32_t strings_end = strings + strings_bytes;
    *tree = (struct fdt){
        .base = base,
        .nodes = base + nodes,
        .strings = (const char *)base + strings,
        .nodes_bytes = nodes_bytes,
        .strings_bytes = strings_bytes,
        .reserve_offset = bytes_be32(base + HEADER_RESERVE),
        .used_bytes = nodes_end > strings_end ? nodes_end : strings_end,
    };
    return true;
}

/* The node that begins at `at`, if one does before the parent's end. */
static bool node_read(const struct fdt *tree, uint32_t at, struct fdt_node *node_out)
{
    struct token token;
    if (!token_find(tree, at, true, &token) || token.kind != TOKEN_BEGIN) {
        return false;
    }
    node_out->name = token.name;
    node_out->first = token.next;
    return true;
}

bool fdt_root(const struct fdt *tree, struct fdt_node *node_out)
{
    *node_out = (struct fdt_node){0};
    return node_read(tree, 0, node_out);
}

bool fdt_child_first(const struct fdt *tree, const struct fdt_node *parent,
                     struct fdt_node *child_out)
{
    uint64_t address_cells = 2;
    uint64_t size_cells = 1;
    (void)!fdt_number(tree, parent, "#address-cells", &address_cells);
    (void)!fdt_number(tree, parent, "#size-cells", &size_cells);
    child_out->address_cells = (uint32_t)address_cells;
    child_out->size_cells = (uint32_t)size_cells;
    return node_read(tree, parent->first, child_out);
}

bool fdt_child_next(const struct fdt *tree, const struct fdt_node *node, struct fdt_node *next_out)
{
    struct token token;
    uint32_t at = node->first;
    for (uint32_t depth = 1; depth > 0; at = token.next) {
        if (!token_find(tree, at, true, &token)) {
            return false;
        }
        depth = token.kind == TOKEN_BEGIN ? depth + 1 : depth - 1;
    }
    *next_out = *node; /* siblings share their parent's cells */
    return node_read(tree, at, next_out);
}

bool fdt_node_is_named(const struct fdt_node *node, const char *name)
{
    const char *at = node->name;
    while (*name != '\0' && *at == *name) {
        at++;
        name++;
    }
    return *name == '\0' && (*at == '\0' || *at == '@');
}

bool fdt_child(const struct fdt *tree, const struct fdt_node *parent, const char *name,
               struct fdt_node *child_out)
{
    bool found = fdt_child_first(tree, parent, child_out);
    while (found && !fdt_node_is_named(child_out, name)) {
        found = fdt_child_next(tree, child_out, child_out);
    }
    return found;
}

bool fdt_property(const struct fdt *tree, const struct fdt_node *node, const char *name,
                  struct fdt_property *property_out)
{
    struct token token;
    uint32_t at = node->first;
    while (token_find(tree, at, false, &token) && token.kind == TOKEN_PROPERTY) {
        if (text_equals(token.name, name)) {
            *property_out = (struct fdt_property){token.name, token.data, token.bytes};
            return true;
        }
        at = token.next;
    }
    return false;
}

static uint64_t cells_value(const uint8_t *at, uint32_t cells)
{
    return cells == 0 ? 0 : cells == 1 ? bytes_be32(at) : bytes_be64(at);
}

bool fdt_number(const struct fdt *tree, const struct fdt_node *node, const char *name,
                uint64_t *value_out)
{
    struct fdt_property property;
    if (!fdt_property(tree, node, name, &property) ||
        (property.bytes != CELL_BYTES && property.bytes != 2 * CELL_BYTES)) {
        return false;
    }
    *value_out = cells_value(property.data, property.bytes / CELL_BYTES);
    return true;
}

bool fdt_string(const struct fdt *tree, const struct fdt_node *node, const char *name,
                const char **string_out)
{
    struct fdt_property property;
    uint32_t length;
    if (!fdt_property(tree, node, name, &property) ||
        !text_length((const char *)property.data, property.bytes, &length)) {
        return false;
    }
    *string_out = (const char *)property.data;
    return true;
}

bool fdt_reg(const struct fdt *tree, const struct fdt_node *node, uint32_t index,
             uint64_t *address_out, uint64_t *bytes_out)
{
    struct fdt_property property;
    if (node->address_cells < 1 || node->address_cells > 2 || node->size_cells > 2 ||
        !fdt_property(tree, node, "reg", &property)) {
        return false;
    }
    uint32_t stride = (node->address_cells + node->size_cells) * CELL_BYTES;
    if (index >= property.bytes / stride) {
        return false;
    }
    const uint8_t *at = property.data + index * stride;
    *address_out = cells_value(at, node->address_cells);
    *bytes_out = cells_value(at + node->address_cells * CELL_BYTES, node->size_cells);
    return true;
}

bool fdt_is_compatible(const struct fdt *tree, const struct fdt_node *node, const char *with)
{
    struct fdt_property property;
    if (!fdt_property(tree, node, "compatible", &property)) {
        return false;
    }
    const char *list = (const char *)property.data;
    uint32_t room = property.bytes;
    uint32_t length;
    while (text_length(list, room, &length)) {
        if (text_equals(list, with)) {
            return true;
        }
        list += length + 1;
        room -= length + 1;
    }
    return false;
}

bool fdt_is_enabled(const struct fdt *tree, const struct fdt_node *node)
{
    const char *status = "okay";
    (void)!fdt_string(tree, node, "status", &status);
    return text_equals(status, "okay") || text_equals(status, "ok");
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
