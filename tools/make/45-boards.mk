# The card: an image that U-Boot boots, and writing it.

#: Card
#:   make image BOARD=visionfive2   build/byre-visionfive2.img: for an SD card (also BOARD=qemu)
#:        BOOTARGS='...'       for the kernel and init
#:   make flash BOARD=visionfive2 DEV=/dev/sdX   write it to a card, after asking, and read it back
#:        FORCE='mounted fixed'   a device that is in use, or not removable

IMAGE_BOARDS := visionfive2 qemu
CARD := $(BUILD)/byre-$(BOARD).img
export FORCE YES

.PHONY: image flash image-board
image-board:
	@case ' $(IMAGE_BOARDS) ' in *' $(BOARD) '*) ;; *) \
	    echo "image: no BOARD named '$(BOARD)'; there are: $(IMAGE_BOARDS)" >&2; exit 1 ;; esac

# Made anew each time: boot arguments are in it.
image: image-board $(BUILD)/Image $(RUN_ARCHIVE)
	$(call say,IMAGE,$(CARD))
	$(Q)$(PYTHON) tools/card.py $(BOARD) $(BUILD)/Image $(RUN_ARCHIVE) $(CARD)

flash: image
	@$(PYTHON) tools/flash.py $(CARD) '$(DEV)'
