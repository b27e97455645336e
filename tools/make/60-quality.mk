# What keeps the house in order: format, lint, compile_commands.json.

#: Quality
#:   make format               clang-format all C files
#:   make lint                 formatting, rooms, sizes, cppcheck, shellcheck
#:   make compile_commands.json   for editors and language servers

C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' | sort -u)
SHELL_FILES = $(shell git grep -lI '^\#!/bin/sh' -- ':!*.mk')

.PHONY: format lint lint-format lint-rooms lint-c lint-shell
format:
	clang-format -i $(wildcard $(C_FILES))

lint: lint-format lint-rooms lint-c lint-shell

lint-format:
	$(call say,LINT,formatting)
	$(Q)clang-format --dry-run -Werror $(wildcard $(C_FILES))

lint-rooms:
	$(call say,LINT,rooms and sizes)
	$(Q)$(PYTHON) tools/rooms.py

CPPCHECK_FLAGS := --quiet --error-exitcode=1 --std=c11 --inline-suppr --suppress=missingIncludeSystem \
                  --enable=warning,portability --suppress=unusedStructMember -j2 \
                  --suppressions-list=tools/cppcheck-suppressions
lint-c: $(GEN_STAMP) $(GEN)/byre/gen/programs.inc
	$(call say,LINT,cppcheck)
	$(Q)cppcheck $(CPPCHECK_FLAGS) -D__riscv -D__riscv_xlen=64 -Iabi -I$(GEN) -Ikernel -Iboot \
	    -Ilinker -Ilibsys/include $(wildcard boot kernel libsys servers programs)

lint-shell:
	$(call say,LINT,shellcheck)
	$(Q)shellcheck $(SHELL_FILES)

.PHONY: compile_commands.json
compile_commands.json: $(GEN_STAMP) $(GEN)/byre/gen/programs.inc $(if $(wildcard kernel/riscv/offsets.c),$(GEN)/offsets.h)
	$(call say,WRITE,$@)
	$(Q)$(MAKE) --no-print-directory -Bnk V=1 kernel servers programs host-tests 2>/dev/null | \
	    $(PYTHON) tools/compile_commands.py > $@.new; mv $@.new $@
