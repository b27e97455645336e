# Generated headers: from abi/*.toml into build/gen.

ABI_FILES := $(wildcard abi/*.toml)
GEN_STAMP := $(GEN)/.stamp

$(GEN_STAMP): $(ABI_FILES) $(wildcard tools/abigen/*.py)
	$(call say,GEN,abi/*.toml)
	$(Q)mkdir -p $(GEN)
	$(Q)$(PYTHON) tools/abigen abi $(GEN)
	$(Q)mkdir -p $(BUILD)/docs && cp $(GEN)/reference.md $(BUILD)/docs/reference.md
	$(Q)touch $@

# The generator leaves what did not change alone, so only users of what did are built again.
$(GEN)/names.c: $(GEN_STAMP) ;
$(GEN)/byre/gen/%: $(GEN_STAMP) ;
$(GEN)/host/byre/gen/%: $(GEN_STAMP) ;

# Linker scripts are preprocessed: addresses stand in one header.
$(BUILD)/linker/%.ld: linker/%.ld $(wildcard linker/*.in linker/*.h)
	$(call say,CPP,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -undef -x c -Ilinker $< -o $@

.PHONY: gen docs
gen: $(GEN_STAMP)

#: Book
#:   make docs                 build/docs/reference.md: system calls, errors, protocols
docs: $(GEN_STAMP)
	@echo $(BUILD)/docs/reference.md
