# tests/model: the pager's own sources against a second kernel, a bad machine and a flat oracle.

MODEL := $(BUILD)/model
MODEL_LEFT_OUT := main.c start.c audit.c
MODEL_PAGER := $(filter-out $(addprefix servers/pager/,$(MODEL_LEFT_OUT)),$(wildcard servers/pager/*.c))
MODEL_OBJECTS := $(patsubst servers/pager/%.c,$(MODEL)/pager/%.o,$(MODEL_PAGER)) \
                 $(patsubst tests/model/%.c,$(MODEL)/checker/%.o,$(wildcard tests/model/*.c))
MODEL_COMPILE := $(HOST_CC) -std=gnu2x -O2 -g $(WARNINGS) -fsanitize=undefined \
                 -fno-sanitize-recover=all $(MODEL_CFLAGS) -Itests/model -Iservers/pager \
                 -I$(GEN)/host -Ilibsys/include/host -Ilibsys/include $(ABI_INCLUDES)
MODEL_SUITE := 12

$(MODEL)/pager/%.o: servers/pager/%.c $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MODEL_COMPILE) -MMD -MP -c $< -o $@

$(MODEL)/checker/%.o: tests/model/%.c $(GEN_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MODEL_COMPILE) -MMD -MP -c $< -o $@

$(MODEL)/model: $(MODEL_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(MODEL_COMPILE) $^ -o $@
	$(Q)echo '$(MODEL_COMPILE)' > $(MODEL)/compile
	$(Q)echo '$^' > $(MODEL)/objects

-include $(MODEL_OBJECTS:.o=.d)

.PHONY: model mutants
#: Model of the pager
#:   make model                the pager against a model machine, 720,000 random steps
#:   make mutants              the pager with each protection taken out must fail there
model: $(MODEL)/model
	$(Q)$(MODEL)/model --suite $(MODEL_SUITE)

mutants: $(MODEL)/model
	$(Q)$(PYTHON) tests/model/mutants.py $(MODEL)
