/* A QEMU plugin that finds the longest stretches with interrupts off.
 *
 *   -plugin build/profile/stretch.so,out=FILE,entry=ADDRESS,names=FILE
 *
 * In S-mode Byre's kernel always runs with interrupts off. A stretch begins at the trap entry and
 * ends at sret; or at wfi, which an interrupt ends; or where the kernel reads sip, to see between
 * two slices of long work whether it must make way. The next begins there. So the longest stretch
 * is the longest time that an interrupt waits. Every instruction of kernel and firmware counts.
 * names= lists functions, one "address name" a line: a stretch is named for the first of them that
 * its kernel entry executes ("-" if none).
 *
 * FILE holds for each name "stretch N NAME", then "address count" of each block of code that this
 * stretch executed (reader: tests/bench/counts.py). MARK_NEXT writes "operation N M": the longest
 * stretch that ended inside a window since the last such mark, and the longest of all. Instructions
 * before the first trap are not counted: nothing waits for an interrupt before user mode runs.
 *
 * One hart.
 */
#include "plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;

enum { NAMES_MAX = 256, NAME_BYTES = 64, TRACE_BLOCKS = 1 << 14 };

struct block {
    uint64_t address;
    uint64_t instructions;
};

static struct named {
    uint64_t address;
    char name[NAME_BYTES];
    uint64_t longest;
    struct block *trace;
    uint32_t trace_count;
} names[NAMES_MAX] = {{.name = "-"}};
static unsigned name_count = 1;

static uint64_t counted; /* instructions of kernel and firmware */
static uint64_t began;   /* counted, when the stretch began */
static bool inside;
static unsigned current; /* index in names */
static bool window_open;
static uint64_t window_longest, operation_longest;
static const struct block *trace[TRACE_BLOCKS]; /* of this stretch; what does not fit is left out */
static uint32_t trace_count;
static uint64_t entry_address;
static FILE *out;

static void stretch_begin(uint64_t at)
{
    inside = true;
    began = at;
    trace_count = 0;
}

static void stretch_end(void)
{
    if (!inside) {
        return;
    }
    uint64_t length = counted - began;
    operation_longest = length > operation_longest ? length : operation_longest;
    window_longest = window_open && length > window_longest ? length : window_longest;
    struct named *n = &names[current];
    if (length > n->longest) {
        n->longest = length;
        n->trace = realloc(n->trace, (trace_count + 1) * sizeof(n->trace[0]));
        if (n->trace == NULL) {
            abort();
        }
        n->trace_count = trace_count;
        for (uint32_t i = 0; i < trace_count; i++) {
            n->trace[i] = *trace[i];
        }
    }
    inside = false;
}

static void on_entry(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    current = 0;
    stretch_begin(counted); /* the entry itself is counted after this */
}

static void on_leave(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    counted++;
    stretch_end();
}

static void on_look(unsigned hart, void *data)
{
    on_leave(hart, data);
    stretch_begin(counted);
}

static void on_begin(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    window_open = true;
}

static void on_end(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    window_open = false;
}

static void on_name(unsigned hart, void *data)
{
    (void)hart;
    current = current == 0 ? (unsigned)(uintptr_t)data : current;
}

static void on_block(unsigned hart, void *data)
{
    (void)hart;
    if (trace_count < TRACE_BLOCKS) {
        trace[trace_count++] = data;
    }
}

static void on_next(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    fprintf(out, "operation %lu %lu\n", (unsigned long)window_longest,
            (unsigned long)operation_longest);
    window_longest = operation_longest = 0;
}

static bool is_counted(uint64_t address)
{
    return address >= KERNEL_FIRST || (address >= FIRMWARE_FIRST && address < FIRMWARE_END);
}

static bool reads_pending(uint32_t encoding)
{
    return (encoding & 0x7f) == OPCODE_SYSTEM && (encoding >> 12 & 7) != 0 &&
           encoding >> 20 == CSR_SIP;
}

static plugin_callback callback_of(uint64_t address, uint32_t encoding)
{
    switch (encoding) {
    case MARK_NEXT:
        return on_next;
    case MARK_BEGIN:
        return on_begin;
    case MARK_END:
        return on_end;
    default:
        break;
    }
    if (address == entry_address) {
        return on_entry;
    }
    if (address < KERNEL_FIRST) {
        return NULL;
    }
    if (encoding == INSTRUCTION_SRET) {
        return on_leave;
    }
    return encoding == INSTRUCTION_WFI || reads_pending(encoding) ? on_look : NULL;
}

static void watch_insn(struct qemu_plugin_insn *insn)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    uint32_t encoding = 0;
    memcpy(&encoding, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
    plugin_callback callback = callback_of(address, encoding);
    void *data = NULL;
    for (unsigned i = 1; i < name_count && callback == NULL; i++) {
        if (names[i].address == address) {
            callback = on_name;
            data = (void *)(uintptr_t)i;
        }
    }
    if (callback != NULL) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, PLUGIN_READS_NO_REGISTERS, data);
    }
    if (is_counted(address) && callback != on_leave && callback != on_look) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD, &counted, 1);
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(tb);
    uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    if (is_counted(address)) {
        struct block *block = malloc(sizeof(*block)); /* lives as long as QEMU may run the code */
        if (block == NULL) {
            abort();
        }
        *block = (struct block){address, count};
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, PLUGIN_READS_NO_REGISTERS, block);
    }
    for (size_t i = 0; i < count; i++) {
        watch_insn(qemu_plugin_tb_get_insn(tb, i));
    }
}

static void on_exit_write(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    for (unsigned i = 0; i < name_count; i++) {
        const struct named *n = &names[i];
        if (n->longest != 0) {
            fprintf(out, "stretch %lu %s\n", (unsigned long)n->longest, n->name);
            for (uint32_t b = 0; b < n->trace_count; b++) {
                fprintf(out, "%lx %lu\n", (unsigned long)n->trace[b].address,
                        (unsigned long)n->trace[b].instructions);
            }
        }
    }
    fclose(out);
}

static void names_read(const char *path)
{
    FILE *file = fopen(path, "r");
    unsigned long address;
    while (file != NULL && name_count < NAMES_MAX &&
           fscanf(file, "%lx %63s", &address, names[name_count].name) == 2) {
        names[name_count++].address = address;
    }
    if (file != NULL) {
        fclose(file);
    }
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    const char *path = "stretch.out";
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        value = value == NULL ? "" : value + 1;
        if (strncmp(argv[i], "out=", 4) == 0) {
            path = value;
        } else if (strncmp(argv[i], "entry=", 6) == 0) {
            entry_address = strtoul(value, NULL, 16);
        } else if (strncmp(argv[i], "names=", 6) == 0) {
            names_read(value);
        }
    }
    out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
    return 0;
}
