# The boot archive, and the machine: run, gdb.

#: Run
#:   make run                  boot to the shell in QEMU (wants a terminal)
#:   make run RUN='ps; mem'    boot, run that line, power off; its output on stdout, its status
#:                             printed and, when not 0, make's failure
#:        BOARD=qemu           or qemu-u54, sifive_u, icicle (a stand-in for the VisionFive 2), uboot
#:                             (from a disk image), uboot-vf2 (at the VisionFive 2's addresses)
#:        TREE=upstream        with icicle and uboot-vf2: or vendor, old: whose device tree
#:        ROOT=dir             files of dir over the root of the boot archive (bin/ is searched)
#:        MEM=128M SMP=1       size of the machine: memory, and harts, 1 to 8 (sifive_u, icicle: to 4)
#:        TIMEOUT=seconds      end it then (default with RUN: 120)
#:        BOOTARGS='...'       for the kernel and init: overcommit testhooks preempt=SEED asid_bits=N
#:        QEMU_ARGS='...'      for QEMU
#:        V=1                  with RUN: the machine's and the kernel's log on stderr
#:   make gdb PROGRAM=name     debug kernel and program or server in gdb; RUN=, ROOT= as above

# As they were typed: a $ in RUN is the shell's in Byre, not make's.
# An empty line is one, too: it does nothing, and ends.
empty :=
override RUN := $(if $(filter command,$(origin RUN))$(value RUN),$(if $(value RUN),$(value RUN),$(empty) $(empty)))
override BOOTARGS := $(value BOOTARGS)
override QEMU_ARGS := $(value QEMU_ARGS)
override ROOT := $(value ROOT)
export BOARD TREE ROOT RUN BOOTARGS QEMU_ARGS MEM SMP TIMEOUT V PROGRAM GDB_ARGS

ARCHIVE := $(BUILD)/archive.cpio
ARCHIVE_MEMBERS := $(if $(filter init,$(SERVER_NAMES)),servers/init=$(BUILD)/servers/init) \
                   $(foreach name,$(filter-out init,$(SERVER_NAMES)),servers/$(name)=$(BUILD)/servers/$(name)) \
                   $(if $(wildcard servers/manifest),etc/manifest=servers/manifest) \
                   $(foreach name,$(PROGRAM_NAMES),bin/$(name)=$(BUILD)/programs/$(name))
MAKE_ARCHIVE = $(PYTHON) tools/archive.py --strip $(CROSS)strip

$(ARCHIVE): $(SERVERS) $(PROGRAMS) $(wildcard servers/manifest) tools/archive.py
	$(call say,ARCHIVE,$@)
	$(Q)$(MAKE_ARCHIVE) $@ $(ARCHIVE_MEMBERS)

.PHONY: archive run gdb quiet-doctor
archive: $(ARCHIVE)
all: archive

# With ROOT the archive is made anew each time: the folder may have changed.
RUN_ARCHIVE := $(if $(ROOT),$(BUILD)/run/archive.cpio,$(ARCHIVE))
$(BUILD)/run/archive.cpio: $(SERVERS) $(PROGRAMS) FORCE
	$(Q)$(MAKE_ARCHIVE) $@ --overlay "$$ROOT" $(ARCHIVE_MEMBERS)

.PHONY: FORCE
FORCE:

quiet-doctor:
	@QUIET=1 tools/deps check

# Building must not write on stdout, which is the run's. Without a line the console is the terminal's.
run: quiet-doctor
	@test -n "$$RUN" || test -t 0 || \
	    { echo "run: standard input is no terminal; give RUN='...' (RUN=sh reads lines from it)" >&2; exit 2; }
	@$(MAKE) --no-print-directory run-ready >&2
	@$(PYTHON) tools/run.py $(BUILD)/Image $(RUN_ARCHIVE)

.PHONY: run-ready
run-ready: $(BUILD)/Image $(RUN_ARCHIVE)
	@:

gdb: quiet-doctor run-ready
	@$(PYTHON) tools/gdb.py $(BUILD)/kernel.elf $(BUILD)/Image $(RUN_ARCHIVE)

.PHONY: print-archive-members
print-archive-members:
	@echo $(ARCHIVE_MEMBERS)
