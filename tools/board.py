"""The boards of `make run BOARD=...`: each is a QEMU machine and a way to start it.

SMP counts the harts that run Byre. Where the chip has a monitor core besides, hart 0, QEMU gets one more. MEM is the memory that the device tree names. Every board takes the same kernel and archive.

Boards without a device that ends QEMU with a status get a word to say: see `farewell` below.
"""

import dataclasses
import os
import pathlib
import re
import secrets
import subprocess
import zlib

import card
import jh7110
import machine

MIB = 1 << 20
VIRT_HARTS_MAX = 8                      # with a hundred, QEMU is minutes on its way to Byre
FOLDER = pathlib.Path("build/run")      # images and trees of runs, each in a folder of its own
U_BOOT = "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf"
U54 = ["-cpu", "sifive-u54"]
NO_NETWORK = ["-nic", "none"]

# The VisionFive 2's addresses, as its U-Boot's environment has them.
VF2_MEMORY, VF2_KERNEL, VF2_TREE, VF2_ARCHIVE = 0x40000000, 0x40200000, 0x46000000, 0x46100000
# Where a stand-in's archive is loaded: beyond the kernel, within the smallest memory.
ICICLE_MEMORY, ICICLE_ARCHIVE, ICICLE_QEMU_MEMORY = 0x80000000, 0x82000000, "2G"
HIGH_BAR, BAR_MAX = 0x7f000000, 512 * MIB
VIRT_MEMORY = 0x80000000
BANK_BYTES = VIRT_MEMORY - VF2_MEMORY + 256 * MIB


# QEMU puts the archive half-way up the memory, or so high at most; the tree above it, and Byre besides.
ARCHIVE_OFFSET_MAX, BESIDES_ARCHIVE = 128 * MIB, 6 * MIB


class Refused(card.Refused):
    """The board cannot be had with these settings."""


@dataclasses.dataclass
class Request:
    kernel: str
    archive: str
    memory: str
    harts: int
    bootargs: str
    tree: str                    # flavour of the JH7110's
    folder: pathlib.Path         # for images and trees of this run

    def bytes(self):
        found = re.fullmatch(r"(\d+)([MGmg]?)", self.memory)
        if not found:
            raise Refused(f"MEM= wants a size, as 128M or 1G, not {self.memory}")
        return int(found[1]) * (1024 if found[2] in ("G", "g") else 1) * MIB


def check_room(request, offset):
    """Refuse an archive that does not fit from there to the end of the memory. With a small one the
    kernel says itself what it lacks."""
    size, room = os.stat(request.archive).st_size, request.bytes() - offset - BESIDES_ARCHIVE
    if size > max(room, MIB):
        raise Refused(f"the boot archive has {-(-size // MIB)} MiB, and MEM={request.memory} has room for one of "
                      f"{max(room, 0) // MIB} (is ROOT= too large, or MEM= too small?)")


def check_room_behind_kernel(request):
    check_room(request, min(request.bytes() // 2, ARCHIVE_OFFSET_MAX))


def start_of(name, *arguments):
    return ["qemu-system-riscv64", "-machine", name, "-bios", "default", "-no-reboot", *NO_NETWORK, *arguments]


def direct(request, name, harts, *arguments):
    check_room_behind_kernel(request)
    command = start_of(name, *arguments, "-m", request.memory, "-smp", str(harts), "-kernel", str(request.kernel),
                       "-initrd", str(request.archive))
    return command + (["-append", request.bootargs] if request.bootargs else [])


def qemu(request):
    check_room_behind_kernel(request)
    return machine.command(request.kernel, request.archive, request.memory, str(request.harts), request.bootargs)


def qemu_u54(request):
    return direct(request, "virt", request.harts, *U54)


def sifive_u(request):
    return direct(request, "sifive_u", request.harts + 1)


def icicle(request):
    """Our tree says what there is, in the JH7110's way; QEMU insists on more memory than that."""
    if not 64 * MIB <= request.bytes() <= 1024 * MIB:
        raise Refused("icicle wants MEM=64M to 1G")
    check_room(request, ICICLE_ARCHIVE - ICICLE_MEMORY)
    end = ICICLE_ARCHIVE + os.stat(request.archive).st_size
    stand_in = jh7110.Machine(
        memory_start=ICICLE_MEMORY, memory_bytes=request.bytes(), harts=request.harts, timebase_hz=1000000,
        uart='compatible = "starfive,jh7110-uart", "snps,dw-apb-uart"; interrupts = <90>; reg-shift = <2>; '
             'reg-io-width = <4>; clock-frequency = <24000000>;',
        uart_start=0x20000000, plic_sources=187, flavour=request.tree, bootargs=request.bootargs,
        archive=(ICICLE_ARCHIVE, end))
    tree = request.folder / "jh7110.dtb"
    jh7110.compile_tree(jh7110.source(stand_in), tree)
    return start_of("microchip-icicle-kit", "-m", ICICLE_QEMU_MEMORY, "-smp", str(request.harts + 1),
                    "-kernel", str(request.kernel), "-dtb", str(tree), "-device",
                    f"loader,file={request.archive},addr={ICICLE_ARCHIVE:#x},force-raw=on")


def disk(image, number):
    return ["-drive", f"file={image},format=raw,if=none,id=disk{number}", "-device",
            f"virtio-blk-device,drive=disk{number}"]


def uboot(request):
    """OpenSBI, U-Boot, and the card's image, found hands-off by extlinux."""
    if request.bytes() < 256 * MIB:
        raise Refused("uboot wants MEM=256M or more: U-Boot loads the archive 195 MiB above the start of memory")
    image = request.folder / "card.img"
    card.build(image, card.byre_files(request.kernel, request.archive, request.bootargs))
    return start_of("virt", "-m", request.memory, "-smp", str(request.harts), "-kernel", U_BOOT, *disk(image, 0))


# What StarFive's U-Boot has in its environment; the tree it passes on is the one it carries in itself.
# First the BAR of ivshmem, QEMU's memory behind PCI, becomes the board's memory at the board's address.
VF2_SCRIPT = """\
pci enum
pci write.w 0.3.0 4 0
pci write.l 0.3.0 10 {high_bar:#x}
pci write.l 0.3.0 18 {memory:#x}
pci write.l 0.3.0 1c 0
pci write.w 0.3.0 4 6
setenv initrd_high 0xffffffffffffffff
setenv fdt_high 0xffffffffffffffff
setenv bootdev virtio
setenv devnum 1
setenv kernel_addr_r {kernel:#x}
setenv fdt_addr_r {tree:#x}
setenv ramdisk_addr_r {archive:#x}
setenv memory_addr {memory:#x}
setenv memory_size {bytes:#x}
fatload virtio 0:3 0x84000000 jh7110.dtb
setenv fdtcontroladdr 0x84000000
fatload virtio ${{devnum}}:3 0x85000000 vf2_uEnv.txt
env import -t 0x85000000 ${{filesize}}
run boot2
"""


def boot_script(text):
    """A script as U-Boot's distro boot looks for it: its old image format, doc/usage/cmd/source.rst."""
    data = len(text).to_bytes(4, "big") + bytes(4) + text.encode()
    fields = [0x27051956, 0, 0, len(data), 0, 0, zlib.crc32(data)]      # magic, its own crc, time, size, load, entry
    header = b"".join(field.to_bytes(4, "big") for field in fields) + bytes([5, 26, 6, 0]) + bytes(32)
    return header[:4] + zlib.crc32(header).to_bytes(4, "big") + header[8:] + data


def virt_tree(request):
    """QEMU's own tree for U-Boot, which loads files only into memory that it knows of. It knows one bank,
    and we say that it goes from the board's memory (which VF2_SCRIPT brings about) into virt's own; of
    that there is as much, because U-Boot moves itself to the end of so much memory in virt's place."""
    path = request.folder / "virt.dtb"
    subprocess.run(["qemu-system-riscv64", "-machine", f"virt,dumpdtb={path}", *U54, "-m", str(BANK_BYTES // MIB),
                    "-smp", str(request.harts), "-display", "none", *NO_NETWORK], check=True,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["fdtput", "-t", "x", str(path), f"/memory@{VIRT_MEMORY:x}", "reg", "0", f"{VF2_MEMORY:x}", "0",
                    f"{BANK_BYTES:x}"], check=True)
    return path


def uboot_vf2(request):
    """As on the VisionFive 2: its addresses, its card image, and what its U-Boot does with vf2_uEnv.txt."""
    size = request.bytes()
    if not 128 * MIB <= size <= BAR_MAX or size & (size - 1):
        raise Refused("uboot-vf2 wants MEM=128M, 256M or 512M")
    stand_in = jh7110.Machine(
        memory_start=VF2_MEMORY, memory_bytes=size, harts=request.harts, timebase_hz=10000000,
        uart='compatible = "ns16550a"; interrupts = <10>; clock-frequency = <3686400>;',
        uart_start=0x10000000, plic_sources=95, has_monitor=False, reserves_firmware=True, flavour=request.tree)
    tree, image, starter = (request.folder / name for name in ("jh7110.dtb", "card.img", "starter.img"))
    jh7110.compile_tree(jh7110.source(stand_in), tree)
    card.build(image, card.byre_files(request.kernel, request.archive, request.bootargs))
    script = VF2_SCRIPT.format(high_bar=HIGH_BAR, memory=VF2_MEMORY, kernel=VF2_KERNEL, tree=VF2_TREE,
                               archive=VF2_ARCHIVE, bytes=size)
    card.build(starter, {"boot.scr": boot_script(script), "jh7110.dtb": tree})
    return start_of("virt", *U54, "-m", str(BANK_BYTES // MIB), "-smp", str(request.harts), "-kernel", U_BOOT,
                    "-dtb", str(virt_tree(request)), *disk(starter, 0), *disk(image, 1), "-object",
                    f"memory-backend-ram,id=board,size={size}", "-device",
                    "ivshmem-plain,memdev=board,addr=03.0")


@dataclasses.dataclass
class Board:
    command: object
    memory: str                  # default of MEM=
    harts_max: int
    has_status: bool             # QEMU ends with the machine's exit status


BOARDS = {
    "qemu": Board(qemu, "128M", VIRT_HARTS_MAX, True),
    "qemu-u54": Board(qemu_u54, "128M", VIRT_HARTS_MAX, True),
    "sifive_u": Board(sifive_u, "128M", 4, False),
    "icicle": Board(icicle, "128M", 4, False),
    "uboot": Board(uboot, "256M", VIRT_HARTS_MAX, True),
    "uboot-vf2": Board(uboot_vf2, "256M", VIRT_HARTS_MAX, False),
}


def prepare(name, folder, kernel, archive, memory="", harts="", bootargs="", extra=(), tree=""):
    """QEMU's arguments without those for the console, and the word that init will say at the end or ""."""
    if name not in BOARDS:
        raise Refused(f"no BOARD named {name}; there are: {' '.join(BOARDS)}")
    board = BOARDS[name]
    if not str(harts or 1).isdigit() or not 1 <= int(harts or 1) <= board.harts_max:
        raise Refused(f"{name} takes SMP=1 to SMP={board.harts_max}, not {harts}")
    if tree and tree not in jh7110.FLAVOURS:
        raise Refused(f"no TREE named {tree}; there are: {' '.join(jh7110.FLAVOURS)}")
    farewell = "" if board.has_status else secrets.token_hex(8)
    if farewell:
        bootargs = f"farewell={farewell} {bootargs}".strip()
    request = Request(kernel, archive, memory or board.memory, int(harts or 1), bootargs,
                      tree or "upstream", pathlib.Path(folder))
    return board.command(request) + list(extra), farewell


def prepare_run(folder, kernel, archive):
    """As the variables of the make command line say."""
    return prepare(machine.setting("BOARD", "qemu"), folder, kernel, archive, machine.setting("MEM"),
                   machine.setting("SMP"),
                   machine.bootargs_with_run(machine.setting("BOOTARGS"), machine.setting("RUN")),
                   machine.extra_arguments(machine.setting("QEMU_ARGS")), machine.setting("TREE"))
