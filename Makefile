# Byre's build. `make help` lists what it can do. Rooms have their own part in tools/make/.
#
# Promises: everything is built in build/ alone; one object a source, with dependency files; a room
# that does not exist is left out. Until `make deps` has run, nothing here needs more than make, a
# POSIX shell and coreutils.

BUILD := build
GEN := $(BUILD)/gen

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

ifneq ($(and $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS))),)

# `make deps test`: first install, then begin again with what is there now.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
$(filter-out deps,$(MAKECMDGOALS)): deps
	@$(MAKE) --no-print-directory $@
deps:
	@tools/deps install >&2

else

CROSS := riscv64-unknown-elf-
CC := $(CROSS)gcc
AR := $(CROSS)ar
OBJCOPY := $(CROSS)objcopy
NM := $(CROSS)nm
HOST_CC := gcc
PYTHON := PYTHONDONTWRITEBYTECODE=1 python3

WARNINGS := -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wundef -Werror
COMMON_CFLAGS := -std=gnu2x -O2 -g $(WARNINGS) -mcmodel=medany -mstrict-align -fno-common \
                 -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
                 '-ffile-prefix-map=$(CURDIR)/=' -MMD -MP
# Kernel and servers compile with the extensions that binutils wants named, and link without: the
# choice of library goes by the exact string.
INTEGER_CFLAGS := -march=rv64imac_zicsr_zifencei -mabi=lp64
INTEGER_LDFLAGS := -march=rv64imac -mabi=lp64
PROGRAM_ARCH := -march=rv64gc -mabi=lp64d
PICOLIBC := --specs=picolibc.specs --picolibc-buildtype=release
ABI_INCLUDES := -Iabi -I$(GEN)

# Recipes show one short line; V=1 shows the commands.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

include $(sort $(wildcard tools/make/*.mk))

.PHONY: all clean help deps doctor
all: kernel servers programs

deps:
	@tools/deps install

doctor:
	@tools/deps check

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#: //p' Makefile tools/make/*.mk $(wildcard tests/*/*.mk)

# Object files name what they were built from.
-include $(shell test -d $(BUILD)/obj && find $(BUILD)/obj -name '*.d')

endif

#: Set up and build
#:   make deps                 install what is missing (Debian packages); says what and why
#:   make doctor               check that what is needed is there, in the right version
#:   make                      build the kernel, the servers and the programs
#:   make sdk                  build/sdk/bin/byre-cc: compile your own C programs
#:   make clean                remove build/
