# boot/ and kernel/: build/kernel.elf and build/Image.
#
# Linked twice: the first pass gives the addresses of functions for the symbol table that a panic's
# backtrace reads; the table comes after all code, so the second pass moves none.

KERNEL_SOURCES := $(wildcard boot/*.[cS] boot/*/*.[cS] kernel/core/*.c) \
                  $(filter-out kernel/riscv/offsets.c,$(wildcard kernel/riscv/*.[cS]))
# Where its objects are: the kernel's, and those of the one that is watched (tests/shadow/build.mk).
KERNEL_ROOMS := $(BUILD)/obj/kernel $(BUILD)/shadow/obj
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(BUILD)/obj/kernel/%.o) $(BUILD)/obj/kernel/names.o
# Registers that stay the user's while the kernel runs (kernel/riscv/entry.S), so that a system call
# neither saves nor clears them. tests/gates/kernel.py looks for code that touches them.
USER_KEEPS := t0 t1 t2 t3 t4 t5
# What assembly calls after it has saved these, or never returns to: they need not keep them.
FREE_OF := s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11
# Of picolibc the kernel takes string.h and, for boot/, memcpy.
KERNEL_CFLAGS := $(COMMON_CFLAGS) $(INTEGER_CFLAGS) $(PICOLIBC) -ffreestanding \
                 -msmall-data-limit=0 $(USER_KEEPS:%=-ffixed-%) -fno-tree-loop-distribute-patterns \
                 -Ikernel -Ikernel/riscv -Iboot -Ilinker $(ABI_INCLUDES)
KERNEL_LDFLAGS := $(INTEGER_LDFLAGS) $(PICOLIBC) -nostdlib -static -Wl,--gc-sections -Wl,--build-id=none \
                  -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096
KERNEL_LINK = $(CC) $(KERNEL_LDFLAGS) -T $(BUILD)/linker/kernel.ld

# boot/ and some of riscv/ run at physical addresses: the compiler must make no tables of absolute
# addresses for them.
$(BUILD)/obj/kernel/boot/% $(KERNEL_ROOMS:%=%/kernel/riscv/%): KERNEL_CFLAGS += -fno-jump-tables -fno-tree-switch-conversion

# The objects of these, in each of the rooms.
kernel_objects = $(foreach room,$(KERNEL_ROOMS),$(1:%=$(room)/kernel/%.c.o))
$(call kernel_objects,core/ipc_fast core/ipc_fault core/schedule_fast riscv/trap): KERNEL_CFLAGS += $(FREE_OF:%=-fcall-used-%) -ffixed-s0
# arch_switch, in kernel/riscv/arch_inline.h
$(call kernel_objects,core/notification): KERNEL_CFLAGS += $(FREE_OF:%=-ffixed-%) -ffixed-s0
# kernel/riscv/arch_message.h
MESSAGE := a0 a1 a2 a3 a4 a5 a6 a7
$(call kernel_objects,core/ipc_fast): KERNEL_CFLAGS += $(MESSAGE:%=-ffixed-%)

.PHONY: kernel
kernel: $(BUILD)/kernel.elf $(BUILD)/Image

$(BUILD)/obj/kernel/%.c.o: %.c Makefile tools/make/20-kernel.mk | $(GEN_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c $< -o $@

$(BUILD)/obj/kernel/%.S.o: %.S Makefile tools/make/20-kernel.mk | $(GEN)/offsets.h
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -D__ASSEMBLY__ -c $< -o $@

$(BUILD)/obj/kernel/names.o: $(GEN)/names.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c $< -o $@

# Offsets of C structures for assembly.
$(GEN)/offsets.h: $(wildcard kernel/riscv/offsets.c) tools/offsets.py | $(GEN_STAMP)
	$(call say,OFFSETS,$@)
	$(Q)mkdir -p $(BUILD)/obj/kernel
	$(Q)$(CC) $(KERNEL_CFLAGS) -MF $(BUILD)/obj/kernel/offsets.d -MT $@ -S kernel/riscv/offsets.c \
	    -o $(BUILD)/obj/kernel/offsets.s
	$(Q)$(PYTHON) tools/offsets.py $(BUILD)/obj/kernel/offsets.s $@
	$(Q)touch $@

$(BUILD)/obj/kernel/symbols-none.S: tools/symbols.py
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/symbols.py --empty $@

$(BUILD)/obj/kernel/symbols.S: $(BUILD)/obj/kernel/kernel-pass1.elf tools/symbols.py
	$(Q)$(PYTHON) tools/symbols.py --nm $(NM) $< $@

$(BUILD)/obj/kernel/symbols%o: $(BUILD)/obj/kernel/symbols%S
	$(Q)$(CC) $(INTEGER_CFLAGS) -c $< -o $@

$(BUILD)/obj/kernel/kernel-pass1.elf: $(KERNEL_OBJECTS) $(BUILD)/obj/kernel/symbols-none.o \
                                      $(BUILD)/linker/kernel.ld
	$(Q)$(KERNEL_LINK) $(filter %.o,$^) -lc -lgcc -o $@

$(BUILD)/kernel.elf: $(KERNEL_OBJECTS) $(BUILD)/obj/kernel/symbols.o $(BUILD)/linker/kernel.ld
	$(call say,LD,$@)
	$(Q)$(KERNEL_LINK) $(filter %.o,$^) -lc -lgcc -o $@
	$(Q)$(PYTHON) tools/symbols.py --nm $(NM) --check $(BUILD)/obj/kernel/symbols.S $@

$(BUILD)/Image: $(BUILD)/kernel.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -O binary $< $@
