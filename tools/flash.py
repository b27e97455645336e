"""Write an image to a card: `make flash BOARD=visionfive2 DEV=/dev/sdX`.

    flash.py IMAGE DEVICE            settings in the environment: FORCE YES

Shows the device's model and size and asks: the answer is the device's name. Refuses what is mounted or
otherwise in use, what is not removable, a partition, and what is too small; FORCE="mounted fixed" allows
the first two. After writing, everything is read back from the device and compared. Exit status 0 only
if it is all there. YES=name answers beforehand.

FLASH_ROOT= is for the tests: sys/ and proc/ are looked for below it, and the device may be a file there.
"""

import fcntl
import os
import pathlib
import stat
import sys

SECTOR_BYTES = 512             # of /sys/block/*/size, whatever the device has
CHUNK_BYTES = 1 << 20
BLKFLSBUF = 0x1261             # linux/fs.h: forget what is cached of a device
MOUNTED, FIXED = "mounted", "fixed"


class Refused(Exception):
    """Nothing was written."""


def read_text(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ""


class Device:
    def __init__(self, path, root):
        self.path = pathlib.Path(path).resolve()
        self.name = self.path.name
        self.root = root
        self.folder = root / "sys/block" / self.name
        self.is_real = root == pathlib.Path("/")

    def check(self, image_bytes, force):
        """Raise Refused if this must not be written."""
        if not self.path.exists():
            raise Refused(f"there is no {self.path}")
        if self.is_real and not stat.S_ISBLK(self.path.stat().st_mode):
            raise Refused(f"{self.path} is no block device")
        if not self.folder.is_dir():
            raise Refused(f"{self.path} is no whole disk: a partition, or nothing that the kernel knows")
        if self.bytes() < image_bytes:
            raise Refused(f"{self.path} holds {self.bytes()} bytes, the image {image_bytes}")
        users = self.users()
        if users and MOUNTED not in force:
            raise Refused(f"{self.path} is in use: {'; '.join(users)} (FORCE={MOUNTED} writes all the same)")
        if not self.is_removable() and FIXED not in force:
            raise Refused(f"{self.path} is not removable, so it may be a disk of this computer"
                          f" (FORCE={FIXED} writes all the same)")

    def bytes(self):
        return int(read_text(self.folder / "size") or 0) * SECTOR_BYTES

    def is_removable(self):
        return read_text(self.folder / "removable") == "1"

    def model(self):
        names = [read_text(self.folder / "device" / name) for name in ("vendor", "model", "name")]
        return " ".join(name for name in names if name) or "an unnamed device"

    def parts(self):
        """The disk and its partitions, as the kernel calls them."""
        return [self.name, *sorted(path.parent.name for path in self.folder.glob("*/partition"))]

    def users(self):
        """Who uses it, in words: mounts, swap, and what is stacked on it (RAID, LVM, encryption)."""
        sources = {f"/dev/{part}": part for part in self.parts()}
        found = []
        for line in read_text(self.root / "proc/self/mounts").splitlines():
            source, place = line.split()[:2]
            if source in sources or os.path.realpath(source) in sources:
                found.append(f"{source} is mounted on {place}")
        for line in read_text(self.root / "proc/swaps").splitlines()[1:]:
            if line.split()[0] in sources:
                found.append(f"{line.split()[0]} is swap")
        for part in self.parts():
            folder = self.folder if part == self.name else self.folder / part
            found += [f"{part} is part of {holder.name}" for holder in sorted(folder.glob("holders/*"))]
        return found


def human(size):
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def is_confirmed(device):
    answer = os.environ.get("YES", "")
    if not answer:
        print(f"All that is on it will be lost. To write, type its name ({device.name}): ", end="", flush=True)
        answer = sys.stdin.readline().strip()
    return answer == device.name


def write(image, device):
    # O_EXCL on a block device: refused by the kernel if anything uses it.
    flags = os.O_WRONLY | (os.O_EXCL if device.is_real else 0)
    target = os.open(device.path, flags)
    try:
        with open(image, "rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                while chunk:
                    chunk = chunk[os.write(target, chunk):]
        os.fsync(target)
    finally:
        os.close(target)


def first_difference(image, path):
    """Where the device first differs from the image, read from the device itself; None: nowhere."""
    with open(path, "rb", buffering=0) as target, open(image, "rb") as source:
        if stat.S_ISBLK(os.fstat(target.fileno()).st_mode):
            fcntl.ioctl(target, BLKFLSBUF, 0)
        os.posix_fadvise(target.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        place = 0
        while wanted := source.read(CHUNK_BYTES):
            got = target.read(len(wanted))
            if got != wanted:
                return place + next((at for at, pair in enumerate(zip(wanted, got)) if pair[0] != pair[1]), len(got))
            place += len(wanted)
    return None


def flash(image, path, root, force):
    device = Device(path, root)
    size = os.stat(image).st_size
    device.check(size, force)
    print(f"{device.path}: {device.model()}, {human(device.bytes())}"
          f"{'' if device.is_removable() else ', NOT removable'}", flush=True)
    for user in device.users():
        print(f"  IN USE: {user}")
    if not is_confirmed(device):
        raise Refused("not confirmed; nothing was written")
    print(f"writing {human(size)} ...", flush=True)
    write(image, device)
    print("reading back ...", flush=True)
    place = first_difference(image, device.path)
    if place is not None:
        sys.exit(f"flash: {device.path} differs from the image at byte {place}: the card is bad or was taken out")
    print(f"{device.path} holds {image}; it can be taken out")


def main():
    if len(sys.argv) != 3 or not sys.argv[2]:
        sys.exit("usage: make flash BOARD=visionfive2 DEV=/dev/sdX")
    force = os.environ.get("FORCE", "").replace(",", " ").split()
    if set(force) - {MOUNTED, FIXED}:
        sys.exit(f'flash: FORCE= knows the words {MOUNTED} and {FIXED}, as in FORCE="{MOUNTED} {FIXED}"')
    try:
        flash(sys.argv[1], sys.argv[2], pathlib.Path(os.environ.get("FLASH_ROOT") or "/"), force)
    except Refused as refused:
        sys.exit(f"flash: {refused}")
    except OSError as error:
        sys.exit(f"flash: {error.strerror}: {sys.argv[2]}")


if __name__ == "__main__":
    main()
