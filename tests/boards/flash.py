"""make flash's tool writes where it may, refuses where it must, and notices a bad card.

The devices are files below a root with the sys/ and proc/ that the tool reads.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/gates")
sys.path.insert(0, "tools")
import flash
from tap import Tap

SECTOR = 512
IMAGE = bytes(range(256)) * 8192         # 2 MiB
CARD_SECTORS = 3 * len(IMAGE) // SECTOR


class World:
    """A computer with a card sdz of one partition, as the tool sees it."""

    def __init__(self, folder, removable="1", mounts="", swaps="", sectors=CARD_SECTORS):
        self.root = folder / "root"
        block = self.root / "sys/block/sdz"
        (block / "sdz1/holders").mkdir(parents=True)
        (block / "device").mkdir()
        (self.root / "proc/self").mkdir(parents=True)
        self.holders = block / "sdz1/holders"
        for path, text in ((block / "size", sectors), (block / "removable", removable),
                           (block / "device/vendor", "Generic "), (block / "device/model", "MultiCard"),
                           (block / "sdz1/partition", 1), (self.root / "proc/self/mounts", mounts),
                           (self.root / "proc/swaps", "Filename Type\n" + swaps)):
            path.write_text(f"{text}\n")
        self.card = folder / "sdz"
        self.card.write_bytes(b"\xaa" * (sectors * SECTOR))
        self.image = folder / "image"
        self.image.write_bytes(IMAGE)

    def flash(self, answer="sdz", device=None, **environment):
        cleared = {"FORCE": "", "YES": "", "FLASH_ROOT": str(self.root)}
        return subprocess.run([sys.executable, "tools/flash.py", self.image, device or self.card],
                              input=f"{answer}\n", capture_output=True, text=True,
                              env=dict(os.environ, **cleared) | environment)

    def is_untouched(self):
        return set(self.card.read_bytes()) == {0xaa}


def worlds():
    """A fresh one for each question."""
    while True:
        with tempfile.TemporaryDirectory() as name:
            yield pathlib.Path(name)


def writing(tap, fresh):
    world = World(next(fresh))
    result = world.flash()
    tap.check(result.returncode == 0 and "Generic MultiCard, 6.3 MB" in result.stdout,
              "the model and the size are shown, and the name confirms", [result.stdout, result.stderr])
    written = world.card.read_bytes()
    tap.check(written[:len(IMAGE)] == IMAGE, "the image is on the card")
    tap.check(set(written[len(IMAGE):]) == {0xaa}, "and nothing behind it was touched")
    world = World(next(fresh))
    tap.check(world.flash(answer="", YES="sdz").returncode == 0, "YES= answers beforehand")
    spoiled = bytearray(IMAGE)
    spoiled[1234567] ^= 1
    world.card.write_bytes(bytes(spoiled))
    tap.check(flash.first_difference(world.image, world.card) == 1234567, "reading back finds one wrong bit")
    world.card.write_bytes(IMAGE[:-1])
    tap.check(flash.first_difference(world.image, world.card) == len(IMAGE) - 1, "and an end that is missing")


def is_refused(world, word, **arguments):
    result = world.flash(**arguments)
    return result.returncode != 0 and word in result.stderr and world.is_untouched(), \
        [result.stdout, result.stderr]


def refusals(tap, fresh):
    for answer in ("", "y", "yes", "sdy"):
        tap.check(*reordered(is_refused(World(next(fresh)), "not confirmed", answer=answer),
                             f"{answer!r} does not confirm"))
    cases = [
        ("a mounted card", {"mounts": "/dev/sdz1 /media/card vfat rw 0 0"}, "mounted on /media/card", "mounted"),
        ("a card that holds swap", {"swaps": "/dev/sdz1 partition 1 0 -2"}, "is swap", "mounted"),
        ("a disk that is not removable", {"removable": "0"}, "not removable", "fixed"),
    ]
    for name, arguments, word, force in cases:
        tap.check(*reordered(is_refused(World(next(fresh), **arguments), word), f"{name} is refused"))
        other = "fixed" if force == "mounted" else "mounted"
        tap.check(*reordered(is_refused(World(next(fresh), **arguments), word, FORCE=other),
                             f"{name} is refused with FORCE={other}"))
        result = World(next(fresh), **arguments).flash(FORCE=force)
        tap.check(result.returncode == 0, f"{name} is written with FORCE={force}", [result.stderr])
    world = World(next(fresh))
    (world.holders / "dm-0").mkdir()
    tap.check(*reordered(is_refused(world, "part of dm-0"), "a card that something is stacked on is refused"))
    world = World(next(fresh), sectors=len(IMAGE) // SECTOR - 1)
    tap.check(*reordered(is_refused(world, "holds", FORCE="mounted fixed"), "a card that is too small is refused"))
    world = World(next(fresh))
    (world.card.parent / "sdz1").write_bytes(b"x")
    tap.check(*reordered(is_refused(world, "no whole disk", device=world.card.parent / "sdz1"),
                         "a partition is refused"))
    tap.check(*reordered(is_refused(world, "there is no", device="/dev/nothing"), "no device is refused"))
    tap.check(*reordered(is_refused(world, "FORCE=", FORCE="yes"), "an unknown word in FORCE= is refused"))
    tap.check(*reordered(is_refused(world, "no block device", device="/dev/null", FLASH_ROOT=""),
                         "what is no block device is refused"))


def reordered(verdict, name):
    return verdict[0], name, verdict[1]


def main():
    tap = Tap()
    fresh = worlds()
    writing(tap, fresh)
    refusals(tap, fresh)
    fresh.close()
    tap.end()


main()
