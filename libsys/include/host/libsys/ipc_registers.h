/* The ecall of a message on the host: prototypes, so that a test may play the kernel. */
#ifndef LIBSYS_IPC_REGISTERS_H
#define LIBSYS_IPC_REGISTERS_H

#define IPC_INLINE static inline __attribute__((always_inline))

err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m,
                          uint64_t descriptor);
err_t ipc_registers_accept(uint64_t number, cap_t capability, struct message *m,
                           uint64_t descriptor, cap_t accept_slot);
err_t ipc_registers_receive(uint64_t number, cap_t capability, struct message *m,
                            uint64_t descriptor);
err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m, uint64_t descriptor,
                         cap_t accept_slot, uint64_t deadline_ticks);

#endif
