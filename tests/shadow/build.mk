# The kernel watched by a shadow of what each hart may hold (shadow.c): the same sources, compiled and
# assembled with hooks, and mutants of it, each of which must be caught.

#: Watched
#:   make shadow-tests         the kernel beside a shadow of every TLB, and mutants that it must catch

SHADOW := $(BUILD)/shadow
# Where tables are stored to: here the compiler tells of each volatile store.
SHADOW_STORES := table.c table_range.c ipc.c ipc_fault.c
$(SHADOW_STORES:%=$(SHADOW)/obj/kernel/core/%.o): KERNEL_CFLAGS += -fsanitize=thread \
    --param=tsan-distinguish-volatile=1 --param=tsan-instrument-func-entry-exit=0
$(SHADOW)/obj/kernel/%: KERNEL_CFLAGS += -include tests/shadow/hooks.h
SHADOW_WRAPPED := core_call core_reply_receive trap_other schedule_settle sbi_fence arch_window_close \
                  $(addprefix sys_table_,create free mark link map map_run map_device map_chunk lazy thaw protect drop copy)
SHADOW_KERNEL := $(filter kernel/%,$(KERNEL_SOURCES))
SHADOW_OBJECTS := $(SHADOW_KERNEL:%=$(SHADOW)/obj/%.o) \
                  $(patsubst %,$(BUILD)/obj/kernel/%.o,$(filter boot/%,$(KERNEL_SOURCES))) \
                  $(BUILD)/obj/kernel/names.o $(BUILD)/obj/kernel/symbols-none.o \
                  $(SHADOW)/obj/tests/shadow/shadow.c.o $(SHADOW)/obj/tests/shadow/entry.S.o
SHADOW_LINK := $(KERNEL_LINK) $(foreach name,$(SHADOW_WRAPPED),-Wl,--wrap=$(name))

# The command is kept, for the mutants.
SHADOW_COMPILE = $(CC) $(KERNEL_CFLAGS) $(if $(filter %.S,$<),-D__ASSEMBLY__)
$(SHADOW)/obj/%.o: % $(wildcard tests/shadow/hooks.*) tests/shadow/build.mk tools/make/20-kernel.mk Makefile | $(GEN_STAMP) $(GEN)/offsets.h
	$(call say,CC,$< (watched))
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(SHADOW_COMPILE)' > $@.command
	$(Q)$(SHADOW_COMPILE) -c $< -o $@

$(SHADOW)/kernel.elf: $(SHADOW_OBJECTS) $(BUILD)/linker/kernel.ld
	$(call say,LD,$@)
	$(Q)$(SHADOW_LINK) $(filter %.o,$^) -lc -lgcc -o $@

$(SHADOW)/Image: $(SHADOW)/kernel.elf
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(shell test -d $(SHADOW) && find $(SHADOW) -name '*.d')

# For the mutants: what is linked with what.
$(SHADOW)/how: $(SHADOW)/Image $(BUILD)/servers/pager
	$(Q){ echo 'server=$(CC) $(SERVER_CFLAGS) -Iservers/pager'; \
	    echo 'kernel=$(SHADOW_LINK) $(SHADOW_OBJECTS) -lc -lgcc'; \
	    echo 'pager=$(CC) $(SERVER_LDFLAGS) $(patsubst %,$(BUILD)/obj/server/%.o,$(wildcard servers/pager/*.[cS])) $(LIBSYS)'; \
	    echo 'archive=$(MAKE_ARCHIVE)'; echo 'members=$(ARCHIVE_MEMBERS)'; } > $@

.PHONY: shadow-tests
SHADOW_READY = $(SHADOW)/how $(SYSTEM_ARCHIVE) $(TESTS)/kernel/scrub.cpio
SHADOW_TESTS := tests/shadow/mutants.py
shadow-tests: $(SHADOW_READY)
	@$(TEST_RUN) $(SHADOW_TESTS)
