# Tests: on the host (unit, model), gates on what was built, on the target (TAP from QEMU).

#: Test
#:   make test                 everything; the last line is "N passed, N failed"
#:   make host-tests           build and run the unit tests and the model checker
#:   make target-tests         build and run the tests in QEMU; ONLY=test or folder
#:        HARTS='1 4'          with so many harts each
#:        SEED=n[,us]          preempt at random, each so many microseconds, and with several harts
#:                             let them take turns of another length; a seed is a run, exactly
#:   make board-tests          boot every BOARD and run a line on it; the card's image, writing it
#:   make gates                check the laws on the built kernel
#:   make profile NAME=fork_16 where the instructions of one operation of the bench go
#:   make stress               siblings write on 4 harts while one forks, unmaps, exits: ROUNDS=1000000, from seed FIRST=1
#:   make bench                what each operation costs, in instructions; SMALL=1 without the gigabytes
#:   make bench-check          all of it, held against tests/bench/budget.json; part of make test
#:   make bench-update         write tests/bench/budget.json anew
#:   make bench-linux          the same program for Linux: build/linux/; KERNEL=Image runs it beside ours
#:   make performance-tables   fill docs/performance.md from the last bench and target tests
#:   make harts-curve          docs/figures/curve_harts.svg: 2 and 4 harts beside 1; CLOCK=host: in the host's time
#:   make curves               docs/figures/curve_*.svg: how operations grow (all, or NAME=); needs gnuplot

TESTS := $(BUILD)/tests
JOBS ?= 2
TEST_RUN := tests/run -j $(JOBS) $(if $(filter 1,$(V)),-v)
HOST_CFLAGS := -std=gnu2x -O1 -g $(WARNINGS) -Wno-missing-prototypes -fno-omit-frame-pointer \
               -fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
HOST_INCLUDES := -I. -Itests/host -Ikernel -Iboot -Ilinker -I$(GEN)/host -Ilibsys/include/host \
                 -Ilibsys/include $(ABI_INCLUDES)

# -------------------------------------------------------------------------------- host tests
# tests/host/.../NAME_test.c; the lines "sources: FILE..." in its first comment name what is linked in.
HOST_TEST_SOURCES := $(shell test -d tests/host && find tests/host -name '*_test.c' | sort)
HOST_TESTS := $(HOST_TEST_SOURCES:tests/host/%.c=$(TESTS)/host/%)
linked_sources = $(wildcard $(shell sed -n 's/^[ /*]*sources: *\([^*]*\).*/\1/p' $(1)))
# A server's own headers are found from its sources and from the tests that mirror them.
server_include = $(if $(filter servers/% tests/host/servers/%,$(1)),-Iservers/$(word 1,$(subst /, ,$(patsubst servers/%,%,$(patsubst tests/host/%,%,$(1))))))

$(TESTS)/obj/%.o: % Makefile tools/make/70-tests.mk | $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $(call server_include,$<) $(HOST_INCLUDES) -c $< -o $@

$(TESTS)/obj/names.o: $(GEN)/names.c
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $(HOST_INCLUDES) -c $< -o $@

define host_test_rule
$(TESTS)/host/$(1): $(TESTS)/obj/tests/host/$(1).c.o $(patsubst %,$(TESTS)/obj/%.o,$(call linked_sources,tests/host/$(1).c)) $(TESTS)/obj/names.o
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -fsanitize=address,undefined $$^ -lcmocka -o $$@
endef
$(foreach test,$(HOST_TEST_SOURCES:tests/host/%.c=%),$(eval $(call host_test_rule,$(test))))

# Threads that race: NAME_race.c, with the same first comment, under the sanitizer that sees races, which goes with
# no other.
HOST_RACE_SOURCES := $(shell test -d tests/host && find tests/host -name '*_race.c' | sort)
HOST_RACE_CFLAGS := $(filter-out -fsanitize=%,$(HOST_CFLAGS)) -fsanitize=thread
HOST_TESTS += $(HOST_RACE_SOURCES:tests/host/%.c=$(TESTS)/host/%)

$(TESTS)/race/%.o: % Makefile tools/make/70-tests.mk | $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_RACE_CFLAGS) $(call server_include,$<) $(HOST_INCLUDES) -c $< -o $@

define host_race_rule
$(TESTS)/host/$(1): $(patsubst %,$(TESTS)/race/%.o,tests/host/$(1).c $(call linked_sources,tests/host/$(1).c))
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -fsanitize=thread $$^ -lcmocka -o $$@
endef
$(foreach test,$(HOST_RACE_SOURCES:tests/host/%.c=%),$(eval $(call host_race_rule,$(test))))

-include $(shell test -d $(TESTS)/obj && find $(TESTS)/obj $(wildcard $(TESTS)/race) -name '*.d')

# --------------------------------------------------------------------------------- the model
MODEL_TESTS :=
-include tests/model/build.mk
-include tests/shadow/build.mk

# ------------------------------------------------------------------------------ target tests
# tests/target/kernel/NAME.c: the test is init, alone with the kernel.
KERNEL_TEST_NAMES := $(patsubst tests/target/kernel/%.c,%,$(wildcard tests/target/kernel/*.c))
KERNEL_TEST_SUPPORT := $(patsubst %,$(BUILD)/obj/server/%.o,$(wildcard tests/target/kernel/support/*.[cS]))
KERNEL_TEST_ARCHIVES := $(KERNEL_TEST_NAMES:%=$(TESTS)/kernel/%.cpio)
$(BUILD)/obj/server/tests/target/%: SERVER_CFLAGS += -Itests/target/kernel

$(TESTS)/kernel/%.elf: $(BUILD)/obj/server/tests/target/kernel/%.c.o $(KERNEL_TEST_SUPPORT) \
                       $(BUILD)/obj/server/names.o $(BUILD)/linker/server.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_LDFLAGS) $(filter %.o,$^) -o $@

$(TESTS)/kernel/%.cpio: $(TESTS)/kernel/%.elf tools/archive.py
	$(Q)$(MAKE_ARCHIVE) $@ servers/init=$<

# tests/target/PROPERTY/NAME.c: programs, added to the boot archive.
TEST_PROGRAM_SOURCES := $(filter-out tests/target/kernel/% tests/target/support/%, \
                        $(wildcard tests/target/*/*.c))
TEST_PROGRAM_NAMES := $(notdir $(TEST_PROGRAM_SOURCES:.c=))
TEST_PROGRAMS := $(TEST_PROGRAM_NAMES:%=$(TESTS)/programs/%)
TEST_PROGRAM_SUPPORT := $(patsubst %,$(BUILD)/obj/program/%.o,$(wildcard tests/target/support/*.c))
$(BUILD)/obj/program/tests/%: PROGRAM_CFLAGS += -Itests/target

define test_program_rule
$(TESTS)/programs/$(notdir $(1:.c=)): $(BUILD)/obj/program/$(1).o $(TEST_PROGRAM_SUPPORT) $(CRT0) $(LIBBYRE) $(BUILD)/linker/program.ld
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(PROGRAM_LDFLAGS) $$(filter %.o,$$^) $(PROGRAM_LIBRARIES) -o $$@
endef
$(foreach source,$(TEST_PROGRAM_SOURCES),$(eval $(call test_program_rule,$(source))))

# tests/bench/system/: one program of many files, in the same archive.
BENCH_PROGRAM := $(TESTS)/programs/bench
BENCH_SOURCES := $(filter-out tests/bench/system/linux.c,$(wildcard tests/bench/system/*.c))
$(BENCH_PROGRAM): $(BENCH_SOURCES:%=$(BUILD)/obj/program/%.o) $(CRT0) $(LIBBYRE) $(BUILD)/linker/program.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(PROGRAM_LDFLAGS) $(filter %.o,$^) $(PROGRAM_LIBRARIES) -o $@

SYSTEM_ARCHIVE := $(TESTS)/system.cpio
$(SYSTEM_ARCHIVE): $(ARCHIVE) $(TEST_PROGRAMS) $(BENCH_PROGRAM)
	$(call say,ARCHIVE,$@)
	$(Q)$(MAKE_ARCHIVE) $@ $(ARCHIVE_MEMBERS) bin/bench=$(BENCH_PROGRAM) \
	    $(foreach name,$(TEST_PROGRAM_NAMES),bin/$(name)=$(TESTS)/programs/$(name))

# Those in planted/ fail on purpose: by name alone. On N harts: FILE@N.
TARGET_TESTS := $(filter $(if $(ONLY),%/$(ONLY).c tests/target/$(ONLY)/%,%),$(wildcard tests/target/kernel/*.c) \
                $(filter-out $(if $(ONLY),,tests/target/planted/%),$(TEST_PROGRAM_SOURCES)))
HARTS := 1 4
TARGET_RUNS = $(foreach n,$(HARTS),$(TARGET_TESTS:%=%$(if $(filter 1,$(n)),,@$(n))))
TARGET_READY := $(BUILD)/Image $(KERNEL_TEST_ARCHIVES) $(SYSTEM_ARCHIVE) $(BUILD)/profile/stretch.so $(BUILD)/profile/path.so
GATES := $(filter-out %/tap.py %/elf.py %/stub.py,$(wildcard tests/gates/*.py))
SDK_TESTS := $(wildcard tests/sdk/*.py)
BOARD_TESTS := $(wildcard tests/boards/*.py)
BENCH_CHECK := $(wildcard tests/bench/check.py)
# What looks at the logs of the target tests.
AFTER_TESTS := $(wildcard tests/target/coverage.py tests/bench/latency.py)

# --------------------------------------------------------------------------------- the bench
# The kernel bench is an init of its own, as the kernel tests are.
KERNEL_BENCH := $(TESTS)/bench/kernel.cpio
KERNEL_BENCH_OBJECTS := $(patsubst %,$(BUILD)/obj/server/%.o,$(wildcard tests/bench/kernel/*.c))
$(BUILD)/obj/server/tests/bench/%: SERVER_CFLAGS += -Itests/target/kernel

$(TESTS)/bench/kernel.elf: $(KERNEL_BENCH_OBJECTS) $(KERNEL_TEST_SUPPORT) \
                           $(BUILD)/obj/server/names.o $(BUILD)/linker/server.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SERVER_LDFLAGS) $(filter %.o,$^) -o $@

$(KERNEL_BENCH): $(TESTS)/bench/kernel.elf tools/archive.py
	$(Q)$(MAKE_ARCHIVE) $@ servers/init=$<

# Plugins of QEMU's that count.
PLUGINS := $(patsubst tools/profile/%.c,$(BUILD)/profile/%.so,$(wildcard tools/profile/*.c))
$(BUILD)/profile/%.so: tools/profile/%.c tools/profile/plugin.h
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu2x -O2 $(WARNINGS) -shared -fPIC $< -o $@

BENCH_READY := $(BUILD)/Image $(ARCHIVE) $(KERNEL_BENCH) $(SYSTEM_ARCHIVE) $(PLUGINS)

# ---------------------------------------------------------------------------------- run them
.PHONY: test host-tests target-tests board-tests gates profile curves harts-curve
.PHONY: bench bench-check bench-update bench-linux performance-tables
test: $(PROBE) $(RACE) $(HOST_TESTS) $(MODEL_TESTS) $(TARGET_READY) $(BUILD)/kernel.elf sdk $(BENCH_READY) $(SHADOW_READY)
	@$(TEST_RUN) $(BENCH_CHECK) $(SHADOW_TESTS) $(HOST_TESTS) $(MODEL_TESTS) $(GATES) $(SDK_TESTS) $(BOARD_TESTS) $(TARGET_RUNS) $(AFTER_TESTS:%=--after %)

.PHONY: stress
stress: $(TARGET_READY)
	@$(PYTHON) tests/target/stress.py $(or $(ROUNDS),1000000) $(or $(FIRST),1)

host-tests: $(HOST_TESTS) $(MODEL_TESTS)
	@$(TEST_RUN) $^

target-tests: $(TARGET_READY)
	@$(TEST_RUN) $(TARGET_RUNS) $(if $(ONLY),,$(AFTER_TESTS:%=--after %))

gates: $(BUILD)/Image $(ARCHIVE) $(TESTS)/kernel/scrub.cpio $(SYSTEM_ARCHIVE) $(BUILD)/profile/path.so
	@$(TEST_RUN) $(GATES)

board-tests: $(BUILD)/Image $(ARCHIVE) $(PROBE) $(RACE) $(BUILD)/profile/aligned.so
	@$(TEST_RUN) $(BOARD_TESTS)

bench: $(BENCH_READY)
	@$(PYTHON) tests/bench/report.py $(if $(SMALL),--small)

bench-check: $(BENCH_READY)
	@$(TEST_RUN) tests/bench/check.py

bench-update: $(BENCH_READY)
	@$(PYTHON) tests/bench/check.py --update

# The same program for Linux, and an archive that a Linux kernel starts it from: /init is the bench.
# Linux keeps instret from user mode; under -icount one step of the clock is a hundred instructions.
LINUX_CC := riscv64-linux-gnu-gcc -std=gnu2x -O2 $(WARNINGS) -static
LINUX_BENCH := $(BUILD)/linux/bench
LINUX_ARCHIVE := $(BUILD)/linux/archive.cpio

bench-linux: $(LINUX_ARCHIVE) $(if $(KERNEL),$(BENCH_READY))
	@$(if $(KERNEL),$(PYTHON) tests/bench/linux.py '$(KERNEL)' $(LINUX_ARCHIVE) $(if $(LARGE),--large),:)

$(LINUX_BENCH): $(filter-out %/byre.c,$(wildcard tests/bench/system/*.[ch])) tests/bench/sample.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINUX_CC) -DSAMPLE_COUNTER='"time"' -DSAMPLE_SCALE=100 $(filter %.c,$^) -o $@

$(BUILD)/linux/%: programs/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINUX_CC) $< -lm -o $@

$(LINUX_ARCHIVE): $(LINUX_BENCH) $(BUILD)/linux/true $(BUILD)/linux/sleep tools/archive.py
	$(call say,ARCHIVE,$@)
	$(Q)$(MAKE_ARCHIVE) $@ init=$(LINUX_BENCH) true=$(BUILD)/linux/true sleep=$(BUILD)/linux/sleep

performance-tables:
	@$(PYTHON) tests/bench/tables.py

curves: $(BENCH_READY)
	@command -v gnuplot >/dev/null || { echo "curves: gnuplot is missing: run 'tools/deps figures'" >&2; exit 1; }
	@$(PYTHON) tests/bench/curves.py $(NAME)

harts-curve: $(BENCH_READY)
	@command -v gnuplot >/dev/null || { echo "harts-curve: gnuplot is missing: run 'tools/deps figures'" >&2; exit 1; }
	@CLOCK=$(CLOCK) $(PYTHON) tests/bench/harts.py

profile: $(BENCH_READY)
	@$(PYTHON) tests/bench/profile.py $(or $(NAME),fork_16)
