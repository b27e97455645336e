# libsys/, servers/ and programs/: static ELFs.
#
# libsys is built twice: for servers without floating point and without a C library beyond string
# functions, for programs with POSIX over picolibc.

SERVER_CFLAGS := $(COMMON_CFLAGS) $(INTEGER_CFLAGS) $(PICOLIBC) -msmall-data-limit=0 \
                 -Ilibsys/include -Iboot -Ilinker $(ABI_INCLUDES)
SERVER_LDFLAGS := $(INTEGER_LDFLAGS) $(PICOLIBC) -nostartfiles -static -Wl,--gc-sections \
                  -Wl,--build-id=none -Wl,-z,max-page-size=4096 -T $(BUILD)/linker/server.ld
PROGRAM_CFLAGS := $(COMMON_CFLAGS) $(PROGRAM_ARCH) $(PICOLIBC) -msmall-data-limit=0 \
                  -Ilibsys/include/posix -Ilibsys/include $(ABI_INCLUDES)
PROGRAM_LDFLAGS := $(PROGRAM_ARCH) $(PICOLIBC) -nostartfiles -nostdlib -static -Wl,--gc-sections \
                   -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--wrap=vfprintf,--wrap=vfscanf \
                   -T $(BUILD)/linker/program.ld

# ------------------------------------------------------------------------------------ libsys
LIBSYS_SERVER_SOURCES := $(wildcard libsys/core/*.[cS] libsys/load/*.[cS] boot/format/*.c)
LIBSYS_SERVER_OBJECTS := $(LIBSYS_SERVER_SOURCES:%=$(BUILD)/obj/server/%.o) \
                         $(BUILD)/obj/server/names.o
LIBSYS_PROGRAM_SOURCES := $(filter-out libsys/posix/crt0.S,$(wildcard libsys/posix/*.[cS] \
                          libsys/posix/*/*.[cS])) $(wildcard libsys/core/format.c libsys/core/arguments.c)
LIBSYS_PROGRAM_OBJECTS := $(LIBSYS_PROGRAM_SOURCES:%=$(BUILD)/obj/program/%.o) \
                          $(BUILD)/obj/program/names.o
LIBSYS := $(BUILD)/libsys.a
LIBBYRE := $(BUILD)/libbyre.a
CRT0 := $(BUILD)/obj/program/libsys/posix/crt0.S.o

$(LIBSYS): $(LIBSYS_SERVER_OBJECTS)
$(LIBBYRE): $(LIBSYS_PROGRAM_OBJECTS)
$(LIBSYS) $(LIBBYRE):
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

# ----------------------------------------------------------------------------------- objects
$(BUILD)/obj/server/%.o: % Makefile tools/make/30-user.mk | $(GEN_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) $(if $(filter servers/%,$<),-I$(word 1,$(subst /, ,$<))/$(word 2,$(subst /, ,$<))) -c $< -o $@

$(BUILD)/obj/program/%.o: % Makefile tools/make/30-user.mk | $(GEN_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -c $< -o $@

$(BUILD)/obj/server/names.o: $(GEN)/names.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_CFLAGS) -c $< -o $@

$(BUILD)/obj/program/names.o: $(GEN)/names.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -c $< -o $@

# ----------------------------------------------------------------------------------- servers
SERVER_NAMES := $(sort $(foreach source,$(wildcard servers/*/*.c),$(word 2,$(subst /, ,$(source)))))
SERVERS := $(SERVER_NAMES:%=$(BUILD)/servers/%)

.PHONY: servers libsys
servers: $(SERVERS)
libsys: $(LIBSYS)

define server_rule
$(BUILD)/servers/$(1): $(patsubst %,$(BUILD)/obj/server/%.o,$(wildcard servers/$(1)/*.[cS] servers/$(1)/*/*.[cS])) $(LIBSYS) $(BUILD)/linker/server.ld
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(SERVER_LDFLAGS) $$(filter %.o,$$^) $(LIBSYS) -o $$@
endef
$(foreach name,$(SERVER_NAMES),$(eval $(call server_rule,$(name))))

# ---------------------------------------------------------------------------------- programs
# programs/NAME.c, or all of programs/NAME/.
PROGRAM_FILES := $(patsubst programs/%.c,%,$(wildcard programs/*.c))
PROGRAM_FOLDERS := $(sort $(foreach source,$(wildcard programs/*/*.c),$(word 2,$(subst /, ,$(source)))))
PROGRAM_NAMES := $(PROGRAM_FILES) $(PROGRAM_FOLDERS)
PROGRAMS := $(PROGRAM_NAMES:%=$(BUILD)/programs/%)
PROGRAM_LIBRARIES = -Wl,--start-group $(LIBBYRE) -lc -lm -lgcc -Wl,--end-group

.PHONY: programs
programs: $(PROGRAMS)

# What `help` tells of each.
$(GEN)/byre/gen/programs.inc: $(wildcard $(PROGRAM_FILES:%=programs/%.c) $(PROGRAM_FOLDERS:%=programs/%/main.c)) tools/abouts.py
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) tools/abouts.py $(filter %.c,$^) > $@
$(BUILD)/obj/program/programs/sh/help.c.o: $(GEN)/byre/gen/programs.inc

define program_rule
$(BUILD)/programs/$(1): $(patsubst %,$(BUILD)/obj/program/%.o,$(wildcard programs/$(1).c programs/$(1)/*.[cS])) $(CRT0) $(LIBBYRE) $(BUILD)/linker/program.ld
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(PROGRAM_LDFLAGS) $$(filter %.o,$$^) $(PROGRAM_LIBRARIES) -o $$@
endef
$(foreach name,$(PROGRAM_NAMES),$(eval $(call program_rule,$(name))))
