# The pager's own sources against a second kernel, a bad machine and a flat oracle; and mutants of
# them, each of which must fail there.

MODEL := $(BUILD)/model
# Of the pager: all but its main loop, its start and its threads.
MODEL_LEFT_OUT := $(patsubst %,servers/pager/%.c,main start janitor worker lock)
MODEL_PAGER := $(filter-out $(MODEL_LEFT_OUT),$(wildcard servers/pager/*.c))
MODEL_OBJECTS := $(patsubst servers/pager/%.c,$(MODEL)/pager/%.o,$(MODEL_PAGER)) \
                 $(patsubst tests/model/%.c,$(MODEL)/checker/%.o,$(wildcard tests/model/*.c))
MODEL_COMPILE := $(HOST_CC) -std=gnu2x -O2 -g $(WARNINGS) -fsanitize=undefined \
                 -fno-sanitize-recover=all $(MODEL_CFLAGS) -Itests/model -Iservers/pager \
                 -I$(GEN)/host -Ilibsys/include/host -Ilibsys/include $(ABI_INCLUDES)
MODEL_TESTS := $(MODEL)/model $(MODEL)/mutants-test

$(MODEL)/pager/%.o: servers/pager/%.c $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MODEL_COMPILE) -MMD -MP -c $< -o $@

$(MODEL)/checker/%.o: tests/model/%.c $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MODEL_COMPILE) -MMD -MP -c $< -o $@

$(MODEL)/model: $(MODEL_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)$(MODEL_COMPILE) $^ -o $@
	$(Q)echo '$(MODEL_COMPILE)' > $(MODEL)/compile
	$(Q)echo '$^' > $(MODEL)/objects

$(MODEL)/mutants-test: $(MODEL)/model $(wildcard tests/model/*.py)
	$(Q)printf '#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 exec python3 tests/model/mutants.py %s\n' $(MODEL) > $@
	$(Q)chmod +x $@

-include $(MODEL_OBJECTS:.o=.d)

#:   make model                the pager against a model machine: 2,400,000 random steps
#:   make mutants              the same with each protection taken out: every one must fail
.PHONY: model mutants
model: $(MODEL)/model
	$(Q)$(MODEL)/model

mutants: $(MODEL)/mutants-test
	$(Q)$<
