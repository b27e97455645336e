"""The image of a card or disk that U-Boot boots Byre from: `make image BOARD=...`.

    card.py BOARD KERNEL ARCHIVE IMAGE      settings in the environment: BOOTARGS

Needs no root: sgdisk writes the partitions, mtools the file system. Bit for bit the same from the same
files. The layout is the one that StarFive's firmware expects, and any U-Boot finds its way in it:

    1  spl    2 MiB   empty: the firmware is in the board's flash
    2  uboot  4 MiB   empty
    3  boot   8 MiB   FAT: Image, archive.cpio, extlinux/extlinux.conf, vf2_uEnv.txt, and Probe if it was built
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BOARDS = ("visionfive2", "qemu")
MIB = 1 << 20
SECTOR_BYTES = 512
BOOT_START = 8 * MIB
BOOT_BYTES = 56 * MIB          # FAT32 wants 65,525 clusters, here of one sector
END_BYTES = MIB                # the second copy of the partition table
BYRE_ID = "62797265-0000-4000-8000-0000000000"
EPOCH = "1700000000"           # of every file, unless SOURCE_DATE_EPOCH says otherwise

# number, name, start, bytes, type
PARTITIONS = (
    (1, "spl", 2 * MIB, 2 * MIB, "2E54B353-1271-4842-806F-E436D6AF6985"),
    (2, "uboot", 4 * MIB, 4 * MIB, "5B193300-FC78-40CD-8002-E86C45580B47"),
    (3, "boot", BOOT_START, BOOT_BYTES, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
)
FILES_BYTES_MAX = BOOT_BYTES - 2 * MIB     # what its tables and folders take is less
BOOTABLE = 2                   # attribute bit of partition 3, which U-Boot looks for

# StarFive's U-Boot reads this from partition 3 and then runs boot2. Its extlinux cannot be used: it
# insists on a tree in a file. `fdt move` comes before `fdt memory`: its own tree lies in its data.
VENDOR_ENVIRONMENT = """\
boot2=test -n "${bootdev}" || setenv bootdev mmc; \
if fatload ${bootdev} ${devnum}:3 ${kernel_addr_r} Image && \
fatload ${bootdev} ${devnum}:3 ${ramdisk_addr_r} archive.cpio; then \
setenv byre_archive ${ramdisk_addr_r}:${filesize}; \
fdt addr ${fdtcontroladdr}; fdt move ${fdtcontroladdr} ${fdt_addr_r} 0x20000; \
fdt memory ${memory_addr} ${memory_size}; \
booti ${kernel_addr_r} ${byre_archive} ${fdt_addr_r}; fi
"""


class Refused(Exception):
    """There is no such image."""


def checked_bootargs(bootargs):
    if "\n" in bootargs:
        sys.exit("card: boot arguments stand on one line in U-Boot's files")
    return bootargs


def extlinux(bootargs):
    """U-Boot takes quotes and $ in `append` for its own unless they are escaped."""
    escaped = "".join(f"\\{letter}" if letter in "\\'$" else letter for letter in bootargs)
    lines = ["default byre", "timeout 1", "label byre", "    kernel /Image", "    initrd /archive.cpio"]
    return "\n".join(lines + ([f"    append {escaped}"] if bootargs else []) + [""])


def vendor_environment(bootargs):
    escaped = bootargs.replace("\\", "\\\\")  # import takes one level off
    return f"bootargs={escaped}\n" + VENDOR_ENVIRONMENT


def run(*command):
    """Everything gets one date, the volume's label too: mtools takes now from the environment."""
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(epoch()), TZ="UTC", MTOOLS_SKIP_CHECK="1",
                       MTOOLSRC="/dev/null", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, env=environment)


def epoch():
    return int(os.environ.get("SOURCE_DATE_EPOCH") or EPOCH)


def write_partitions(image):
    command = ["sgdisk", "--clear", "--set-alignment=2048", f"--disk-guid={BYRE_ID}00"]
    for number, name, start, size, kind in PARTITIONS:
        first = start // SECTOR_BYTES
        command += [f"--new={number}:{first}:{first + size // SECTOR_BYTES - 1}",
                    f"--change-name={number}:{name}", f"--typecode={number}:{kind}",
                    f"--partition-guid={number}:{BYRE_ID}{number:02}"]
    run(*command, f"--attributes=3:set:{BOOTABLE}", image)


def write_files(image, files):
    """files: path in the boot partition -> bytes, or the path of a file."""
    drive = f"{image}@@{BOOT_START}"
    run("mformat", "-i", drive, "-F", "-c", 1, "-h", 255, "-s", 63, "-T", BOOT_BYTES // SECTOR_BYTES,
        "-H", BOOT_START // SECTOR_BYTES, "-N", "62797265", "-v", "BYRE", "::")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                shutil.copyfile(content, path)
        for path in sorted(pathlib.Path(folder).rglob("*"), reverse=True):
            os.utime(path, (epoch(), epoch()))
        for path in sorted(pathlib.Path(folder).iterdir()):
            run("mcopy", "-s", "-m", "-i", drive, path, "::/")


def check_room(files):
    size = sum(len(content) if isinstance(content, bytes) else os.stat(content).st_size for content in files.values())
    if size > FILES_BYTES_MAX:
        raise Refused(f"the card's partition has room for {FILES_BYTES_MAX // MIB} MiB, "
                      f"kernel and archive have {-(-size // MIB)} (is ROOT= too large?)")


def build(image, files):
    check_room(files)
    image = pathlib.Path(image)
    image.parent.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    with open(image, "wb") as file:
        file.truncate(BOOT_START + BOOT_BYTES + END_BYTES)
    write_partitions(image)
    write_files(image, files)


def byre_files(kernel, archive, bootargs=""):
    bootargs = checked_bootargs(bootargs)
    probe = pathlib.Path(kernel).parent / "probe/Image"
    extra = {"Probe": probe} if probe.is_file() else {}
    return extra | {"Image": kernel, "archive.cpio": archive,
            "extlinux/extlinux.conf": extlinux(bootargs).encode(),
            "vf2_uEnv.txt": vendor_environment(bootargs).encode()}


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: card.py BOARD KERNEL ARCHIVE IMAGE")
    board, kernel, archive, image = sys.argv[1:]
    if board not in BOARDS:
        sys.exit(f"image: no BOARD named {board}; there are: {' '.join(BOARDS)}")
    try:
        build(image, byre_files(kernel, archive, os.environ.get("BOOTARGS", "")))
    except Refused as refused:
        sys.exit(f"image: {refused}")
    print(f"{image}: {os.stat(image).st_size // MIB} MiB")


if __name__ == "__main__":
    main()
