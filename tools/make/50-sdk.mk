# The SDK: build/sdk/bin/byre-cc, gcc for Byre programs.

SDK := $(BUILD)/sdk
SDK_FILES := $(SDK)/bin/byre-cc $(SDK)/lib/libbyre.a $(SDK)/lib/libpthread.a $(SDK)/lib/crt0.o $(SDK)/lib/program.ld

.PHONY: sdk
sdk: $(SDK_FILES) $(SDK)/.include
	$(call say,SDK,$(SDK)/bin/byre-cc)

$(SDK)/bin/byre-cc: tools/byre-cc
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@ && chmod +x $@
$(SDK)/lib/libbyre.a: $(LIBBYRE)
$(SDK)/lib/crt0.o: $(CRT0)
$(SDK)/lib/program.ld: $(BUILD)/linker/program.ld
# Threads are in libbyre.a; -lpthread, which many programs ask for, finds an empty library.
$(SDK)/lib/libpthread.a:
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@
$(SDK)/lib/%:
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

$(SDK)/.include: $(GEN_STAMP) $(shell find abi/byre libsys/include -name '*.h' 2>/dev/null)
	$(Q)rm -rf $(SDK)/include $(SDK)/posix
	$(Q)mkdir -p $(SDK)/include/byre $(SDK)/posix
	$(Q)cp abi/byre/*.h $(SDK)/include/byre
	$(Q)cp -r $(GEN)/byre/gen $(SDK)/include/byre
	$(Q)cp -r libsys/include/libsys $(SDK)/include
	$(Q)if test -d libsys/include/posix; then cp -r libsys/include/posix/. $(SDK)/posix; fi
	$(Q)touch $@
