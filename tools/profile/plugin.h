/* The part of QEMU's plugin interface, version 1, that the counters here use: Debian ships no
 * header. And the markers: instructions that do nothing, by which a measured program talks to a
 * plugin (tests/bench/sample.h executes them). */
#ifndef PROFILE_PLUGIN_H
#define PROFILE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

enum marker {
    MARK_BEGIN = 0x5b102013, /* a measured window opens */
    MARK_END = 0x5b202013,   /* it closes */
    MARK_KEEP = 0x5b302013,  /* the window that closed last is a sample; without this it is not */
    MARK_NEXT = 0x5b402013,  /* what follows belongs to the next operation */
};

#define KERNEL_FIRST 0xffffffff80000000ul
enum { FIRMWARE_FIRST = 0x80000000u, FIRMWARE_END = 0x80200000u };
enum { INSTRUCTION_SRET = 0x10200073, INSTRUCTION_WFI = 0x10500073 };
enum { OPCODE_SYSTEM = 0x73, CSR_SIP = 0x144 };

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { PLUGIN_READS_NO_REGISTERS = 0, PLUGIN_INLINE_ADD = 0, PLUGIN_LOADS_AND_STORES = 3 };
typedef void (*plugin_callback)(unsigned hart, void *data);
typedef void (*plugin_access_callback)(unsigned hart, uint32_t access, uint64_t address,
                                       void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  void (*callback)(qemu_plugin_id_t,
                                                                   struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                                 plugin_callback callback, int flags, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                                   plugin_callback callback, int flags, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                       void *counter, uint64_t operand);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                             plugin_access_callback callback, int flags, int which,
                                             void *data);
extern unsigned qemu_plugin_mem_size_shift(uint32_t access);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, void *), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
                                                        size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define PLUGIN_EXPORT __attribute__((visibility("default")))
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

#endif
