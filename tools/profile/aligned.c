/* A QEMU plugin that finds misaligned loads and stores: QEMU does them as the best hardware would,
 * on a board each is a trap to firmware, or the end.
 *
 *   -plugin build/profile/aligned.so,out=FILE
 *
 * FILE holds "accesses N", "misaligned N", and for the first ones a line "pc address bytes" each,
 * in hexadecimal. Firmware's own are not looked at.
 */
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;

enum { SHOWN_MAX = 20 };

static struct sighting {
    uint64_t pc;
    uint64_t address;
    unsigned bytes;
} shown[SHOWN_MAX];
static uint64_t accesses, misaligned;
static FILE *out;

/* With several harts some may go uncounted, but a count of 0 is one. */
static void on_access(unsigned hart, uint32_t access, uint64_t address, void *pc)
{
    (void)hart;
    unsigned bytes = 1u << qemu_plugin_mem_size_shift(access);
    accesses++;
    if (address % bytes != 0) {
        if (misaligned < SHOWN_MAX) {
            shown[misaligned] = (struct sighting){(uint64_t)(uintptr_t)pc, address, bytes};
        }
        misaligned++;
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t pc = qemu_plugin_insn_vaddr(insn);
        if (pc < FIRMWARE_FIRST || pc >= FIRMWARE_END) {
            qemu_plugin_register_vcpu_mem_cb(insn, on_access, PLUGIN_READS_NO_REGISTERS,
                                             PLUGIN_LOADS_AND_STORES, (void *)(uintptr_t)pc);
        }
    }
}

static void on_exit_tell(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    fprintf(out, "accesses %" PRIu64 "\nmisaligned %" PRIu64 "\n", accesses, misaligned);
    for (uint64_t i = 0; i < misaligned && i < SHOWN_MAX; i++) {
        fprintf(out, "%" PRIx64 " %" PRIx64 " %x\n", shown[i].pc, shown[i].address, shown[i].bytes);
    }
    (void)fclose(out);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    const char *path = argc > 0 && strncmp(argv[0], "out=", 4) == 0 ? argv[0] + 4 : "aligned.out";
    out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_tell, NULL);
    return 0;
}
