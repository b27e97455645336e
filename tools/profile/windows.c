/* A QEMU plugin that counts every executed instruction inside measured windows, by address.
 *
 *   -plugin build/profile/windows.so,out=FILE[,from=ADDRESS,until=ADDRESS,encoding=WORD]
 *
 * A window lies between MARK_BEGIN and MARK_END and counts if MARK_KEEP follows; MARK_NEXT ends an
 * operation. FILE holds for each operation "operation WINDOWS" and then one line for each
 * instruction that its windows executed: address, encoding, how often, all in hexadecimal. Two
 * programs may use one address; the encoding tells them apart (reader: tests/bench/counts.py).
 *
 * With from= and until=: the line "boot N" says how many instructions were retired from the first
 * execution of the one address to the first of the other, where the instruction is encoding=.
 *
 * One hart. Totals are kept by code that QEMU puts inline; a window's counts are the difference of
 * two copies of them.
 */
#include "plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;

enum { BUCKETS = 1 << 16, PLACES = 1 << 19 };

/* An instruction at an address. Its counts are at the same index of the arrays below. */
static struct place {
    uint64_t address;
    uint32_t encoding;
    uint32_t next; /* in the bucket; 0: none */
} places[PLACES];
static uint64_t total[PLACES];  /* since the machine began */
static uint64_t before[PLACES]; /* copies: at the last MARK_BEGIN ... */
static uint64_t after[PLACES];  /* ... and at the MARK_END that followed */
static uint64_t kept[PLACES];   /* of this operation's windows */
static uint32_t buckets[BUCKETS];
static uint32_t place_count = 1, after_count;

static FILE *out;
static uint64_t windows;
static uint64_t from_address, until_address, until_encoding;
static uint64_t retired_from;
static bool has_from, has_until;

static uint64_t retired(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 1; i < place_count; i++) {
        sum += total[i];
    }
    return sum;
}

static void on_begin(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    memcpy(before, total, place_count * sizeof(total[0]));
}

static void on_end(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    memcpy(after, total, place_count * sizeof(total[0]));
    after_count = place_count;
}

static void on_keep(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    windows++;
    for (uint32_t i = 1; i < after_count; i++) {
        kept[i] += after[i] - before[i];
    }
}

static void on_next(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    fprintf(out, "operation %lu\n", (unsigned long)windows);
    for (uint32_t i = 1; i < place_count; i++) {
        if (kept[i] != 0) {
            fprintf(out, "%lx %x %lx\n", (unsigned long)places[i].address, places[i].encoding,
                    (unsigned long)kept[i]);
        }
    }
    memset(kept, 0, sizeof(kept));
    windows = 0;
}

static void on_from(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    if (!has_from) {
        has_from = true;
        retired_from = retired();
    }
}

static void on_until(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    if (has_from && !has_until) {
        has_until = true;
        fprintf(out, "boot %lu\n", (unsigned long)(retired() - retired_from));
        fflush(out);
    }
}

static uint32_t place_of(uint64_t address, uint32_t encoding)
{
    uint32_t *bucket = &buckets[(address >> 1 ^ address >> 17) % BUCKETS];
    for (uint32_t i = *bucket; i != 0; i = places[i].next) {
        if (places[i].address == address && places[i].encoding == encoding) {
            return i;
        }
    }
    if (place_count == PLACES) {
        fprintf(stderr, "windows: more than %d different instructions\n", PLACES);
        abort();
    }
    places[place_count] = (struct place){.address = address, .encoding = encoding, .next = *bucket};
    *bucket = place_count;
    return place_count++;
}

static plugin_callback callback_of(uint64_t address, uint32_t encoding)
{
    switch (encoding) {
    case MARK_BEGIN:
        return on_begin;
    case MARK_END:
        return on_end;
    case MARK_KEEP:
        return on_keep;
    case MARK_NEXT:
        return on_next;
    default:
        if (address == from_address) {
            return on_from;
        }
        return address == until_address && encoding == until_encoding ? on_until : NULL;
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        uint32_t encoding = 0;
        memcpy(&encoding, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        plugin_callback callback = callback_of(address, encoding);
        if (callback != NULL) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, PLUGIN_READS_NO_REGISTERS, NULL);
        }
        if (callback == NULL || callback == on_from || callback == on_until) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD,
                                                       &total[place_of(address, encoding)], 1);
        }
    }
}

static void on_exit_close(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    fclose(out);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    const char *path = "windows.out";
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        value = value == NULL ? "" : value + 1;
        if (strncmp(argv[i], "out=", 4) == 0) {
            path = value;
        } else if (strncmp(argv[i], "from=", 5) == 0) {
            from_address = strtoul(value, NULL, 16);
        } else if (strncmp(argv[i], "until=", 6) == 0) {
            until_address = strtoul(value, NULL, 16);
        } else if (strncmp(argv[i], "encoding=", 9) == 0) {
            until_encoding = strtoul(value, NULL, 16);
        }
    }
    out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_close, NULL);
    return 0;
}
