/* A QEMU plugin that counts every executed instruction inside measured windows.
 *
 *   -plugin build/profile.so,out=FILE
 *
 * A window opens at the marker WINDOW_BEGIN and closes at WINDOW_END (two instructions that do
 * nothing, see tests/bench/sample.h). At exit FILE holds "windows N", then one line for each
 * instruction executed in a window: address, encoding, how often, all in hexadecimal. Two servers
 * may use one address; the encoding tells them apart (report: tests/bench/profile.py).
 *
 * Declares the part of QEMU's plugin interface, version 1, that it uses: Debian ships no header.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { PLUGIN_CALLBACK_READS_NO_REGISTERS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  void (*callback)(qemu_plugin_id_t,
                                                                   struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                                   void (*callback)(unsigned, void *), int flags,
                                                   void *data);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, void *), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
                                                        size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { WINDOW_BEGIN = 0x5b102013, WINDOW_END = 0x5b202013, BUCKETS = 1 << 16 };

struct place {
    struct place *next;
    uint64_t address;
    uint64_t count;
    uint32_t encoding;
};

static struct place *buckets[BUCKETS];
static const char *out_path = "profile.out";
static uint64_t windows;
static bool open;

static void on_begin(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    windows++;
    open = true;
}

static void on_end(unsigned hart, void *data)
{
    (void)hart;
    (void)data;
    open = false;
}

static void on_instruction(unsigned hart, void *data)
{
    (void)hart;
    if (open) {
        ((struct place *)data)->count++;
    }
}

static struct place *place_of(uint64_t address, uint32_t encoding)
{
    struct place **bucket = &buckets[(address >> 1 ^ address >> 17) % BUCKETS];
    for (struct place *place = *bucket; place != NULL; place = place->next) {
        if (place->address == address && place->encoding == encoding) {
            return place;
        }
    }
    struct place *place = calloc(1, sizeof(*place));
    if (place == NULL) {
        abort();
    }
    *place = (struct place){.next = *bucket, .address = address, .encoding = encoding};
    *bucket = place;
    return place;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t encoding = 0;
        memcpy(&encoding, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        void (*callback)(unsigned, void *) = encoding == WINDOW_BEGIN ? on_begin
                                             : encoding == WINDOW_END ? on_end
                                                                      : on_instruction;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, PLUGIN_CALLBACK_READS_NO_REGISTERS,
                                               place_of(qemu_plugin_insn_vaddr(insn), encoding));
    }
}

static void on_exit_write(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    FILE *out = fopen(out_path, "w");
    if (out == NULL) {
        perror(out_path);
        return;
    }
    fprintf(out, "windows %lu\n", (unsigned long)windows);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct place *place = buckets[i]; place != NULL; place = place->next) {
            if (place->count != 0) {
                fprintf(out, "%lx %x %lx\n", (unsigned long)place->address, place->encoding,
                        (unsigned long)place->count);
            }
        }
    }
    fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const void *info, int argc,
                                                               char **argv);

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out_path = strdup(argv[i] + 4);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
    return 0;
}
