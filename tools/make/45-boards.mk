# The card: an image that U-Boot boots, and writing it; the probe.

#: Card
#:   make image BOARD=visionfive2   build/byre-visionfive2.img: for an SD card (also BOARD=qemu)
#:        BOOTARGS='...'       for the kernel and init
#:   make flash BOARD=visionfive2 DEV=/dev/sdX   write it to a card, after asking, and read it back
#:        FORCE='mounted fixed'   a device that is in use, or not removable
#:   make probe                build/probe/Image: boots in Byre's place and tells what firmware and hart do

# The probe, a program of its own in the kernel's place: what firmware and hart of a board really do.
PROBE := $(BUILD)/probe/Image
PROBE_OBJECTS := $(patsubst %,$(BUILD)/obj/kernel/%.o,$(wildcard tests/probe/*.[cS]) boot/machine.c boot/ranges.c boot/format/fdt.c)
$(BUILD)/obj/kernel/tests/probe/%: KERNEL_CFLAGS += -fno-jump-tables -fno-tree-switch-conversion -mno-relax

.PHONY: probe
probe: $(PROBE)
$(PROBE): $(PROBE_OBJECTS) tests/probe/probe.ld
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_LDFLAGS) -Wl,--no-relax -T tests/probe/probe.ld $(PROBE_OBJECTS) -lc -lgcc -o $(@D)/probe.elf
	$(Q)$(OBJCOPY) -O binary $(@D)/probe.elf $@

# What firmware that starts harts at the wrong place would do: tests/boards/harts.py.
RACE := $(BUILD)/tests/race/Image
$(RACE): tests/boards/race.S
	$(call say,AS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -march=rv64imac_zicsr -mabi=lp64 -Wl,-Ttext=0,--no-relax $< -o $(@D)/race.elf
	$(Q)$(OBJCOPY) -O binary $(@D)/race.elf $@

IMAGE_BOARDS := visionfive2 qemu
CARD := $(BUILD)/byre-$(BOARD).img
override DEV := $(value DEV)
export FORCE YES DEV

.PHONY: image flash image-board
image-board:
	@case ' $(IMAGE_BOARDS) ' in *' $(BOARD) '*) ;; *) \
	    echo "image: no BOARD named '$(BOARD)'; there are: $(IMAGE_BOARDS)" >&2; exit 1 ;; esac

# Made anew each time: boot arguments are in it.
image: image-board $(BUILD)/Image $(RUN_ARCHIVE) $(PROBE)
	$(call say,IMAGE,$(CARD))
	$(Q)$(PYTHON) tools/card.py $(BOARD) $(BUILD)/Image $(RUN_ARCHIVE) $(CARD)

flash: image
	@$(PYTHON) tools/flash.py $(CARD) "$$DEV"
