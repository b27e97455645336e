/* A QEMU plugin that tells whether two runs are the same: one number of all instructions executed,
 * in their order, with the hart that executed each.
 *
 *   -plugin build/profile/path.so,out=FILE
 *
 * FILE holds "instructions N", "path HASH" and "turns N", which counts how often another hart went
 * on. For runs under -icount: there all harts take turns in one thread of QEMU's.
 */
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

PLUGIN_EXPORT int qemu_plugin_version = 1;

static uint64_t instructions, turns;
static uint64_t path = 0xcbf29ce484222325; /* FNV-1a over words */
static unsigned last_hart;
static FILE *out;

static void on_instruction(unsigned hart, void *pc)
{
    instructions++;
    turns += hart != last_hart;
    last_hart = hart;
    path = (path ^ (uint64_t)(uintptr_t)pc ^ (uint64_t)hart << 48) * 0x100000001b3;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        void *pc = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, PLUGIN_READS_NO_REGISTERS, pc);
    }
}

static void on_exit_tell(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    fprintf(out, "instructions %" PRIu64 "\npath %016" PRIx64 "\nturns %" PRIu64 "\n", instructions,
            path, turns);
    (void)fclose(out);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    const char *name = argc > 0 && strncmp(argv[0], "out=", 4) == 0 ? argv[0] + 4 : "path.out";
    out = fopen(name, "w");
    if (out == NULL) {
        perror(name);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_tell, NULL);
    return 0;
}
