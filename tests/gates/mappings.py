"""Gates on the page tables of the running kernel, as the machine's own monitor reads them.

Law 2: no mapping of the kernel's shows USER memory. W^X, in every space that is looked at. The kernel's
text and constants have one mapping each, their own, so nobody can write them. Law 4: user mode reaches
USER memory, devices, and tables to read, and nothing else of memory.

A debugger's stub stops the machine many times, each in another state: while cowtest forks, and while the
kernel's own test of scrubs makes chunks of every kind into others, at each opening and closing of the window.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, "tools")
import elf
import machine
from stub import Stub
from tap import Tap

# Archive, harts, boot arguments, where to stop and how often.
FORKS = [("core_fault", 25), ("core_call", 25), ("core_reply_receive", 25), ("core_fault", 25)]
SCRUBS = [("arch_window_open", 1), ("arch_window_close", 1)] * 12
RUNS = [(archive, harts, machine.bootargs_with_run("", line), stops) for harts in (1, 4) for archive, line, stops in
        (("build/archive.cpio", "cowtest", FORKS), ("build/tests/kernel/scrub.cpio", "", SCRUBS))]
CHUNK_SHIFT, CHUNK_RECORD_BYTES, PAGE_BYTES = 21, 16, 4096
UPPER_HALF = 1 << 63
ROW = re.compile(r"^([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) ([a-z-]{7})$", re.M)
KIND = re.compile(r"\bKIND_([A-Z]+) = (\d+)")

# Where it is, what it shows, and letters of rwxug.
Mapping = collections.namedtuple("Mapping", "address physical bytes rights kinds")


def kind_names():
    text = pathlib.Path("build/gen/byre/gen/kernel.h").read_text(encoding="utf-8")
    return {int(number): name for name, number in KIND.findall(text)}


class Look:
    """All mappings that the hart has while the machine stands still."""

    def __init__(self, stub, symbols, names):
        records, first, count = stub.words(symbols["chunks"], 3)
        kinds = stub.memory(records, count * CHUNK_RECORD_BYTES)[::CHUNK_RECORD_BYTES]
        self.kinds = {first + i: names[kind] for i, kind in enumerate(kinds)}
        self.mappings = [self.mapping(*(int(text, 16) for text in row[:3]), row[3])
                         for row in ROW.findall(stub.monitor("info mem"))]

    def mapping(self, address, physical, size, rights):
        chunks = range(physical >> CHUNK_SHIFT, (physical + size - 1 >> CHUNK_SHIFT) + 1)
        return Mapping(address, physical, size, rights[:5],
                       frozenset(self.kinds.get(chunk, "NONE") for chunk in chunks))

    def kernel(self):
        return [mapping for mapping in self.mappings if mapping.address >= UPPER_HALF]

    def user(self):
        return [mapping for mapping in self.mappings if mapping.address < UPPER_HALF]


class Image:
    """The parts of the kernel's image that nobody may write."""

    def __init__(self, symbols, physical):
        self.start = symbols["text_start"]
        self.physical = physical
        self.guard = symbols["stack_guard"]
        self.parts = {"r-x-g": (self.start, symbols["text_end"]),
                      "r---g": (symbols["rodata_start"], symbols["rodata_end"])}

    def shows(self, mapping, start, end):
        """Does the mapping show any of these bytes of the image, wherever?"""
        offset = self.physical - self.start
        return mapping.physical < end + offset and mapping.physical + mapping.bytes > start + offset

    def is_right(self, mappings):
        return all([(mapping.address, mapping.address + mapping.bytes, mapping.rights)
                    for mapping in mappings if self.shows(mapping, start, end)] == [(start, end, rights)]
                   for rights, (start, end) in self.parts.items())


def wrong_mappings(look):
    """{rule: the mappings that break it}."""
    kernel, user = look.kernel(), look.user()
    tables = {"TABLE"}
    return {
        "nothing is writable and executable":
            [m for m in look.mappings if "w" in m.rights and "x" in m.rights],
        "the kernel's half is the kernel's alone, the lower half the user's":
            [m for m in kernel if "u" in m.rights] + [m for m in user if "u" not in m.rights],
        "law 2: the kernel sees no USER memory":
            [m for m in kernel if "USER" in m.kinds],
        "law 4: user mode writes USER memory and devices alone":
            [m for m in user if "w" in m.rights and not m.kinds <= {"USER", "NONE"}],
        "law 4: user mode reads no object, nor the kernel or the firmware":
            [m for m in user if not m.kinds <= {"USER", "NONE"} | tables],
    }


def looks(socket, stops):
    """A Look and the image at each stop."""
    symbols, names = elf.addresses("build/kernel.elf"), kind_names()
    stub = Stub(socket)
    for function, count in stops:
        for _ in range(count):
            stub.run_to(symbols[function])
            look = Look(stub, symbols, names)
            physical = next(m.physical for m in look.mappings if m.address == symbols["text_start"])
            yield look, Image(symbols, physical)


def judge_run(archive, harts, bootargs, stops, broken, seen):
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/gdb"
        process = machine.start(machine.command(
            "build/Image", archive, harts=harts, bootargs=bootargs,
            extra=["-display", "none", "-monitor", "none", "-serial", "null", "-S",
                   "-gdb", f"unix:{socket},server=on,wait=off"]), stdin=subprocess.DEVNULL)
        try:
            for look, image in looks(socket, stops):
                seen.update(look.mappings)
                for rule, mappings in wrong_mappings(look).items():
                    broken[rule] += mappings
                broken["text and constants are mapped once, by what they are"] += \
                    [] if image.is_right(look.mappings) else look.mappings
                broken["nothing shows the page below the stack at its address"] += \
                    [m for m in look.kernel() if m.address <= image.guard < m.address + m.bytes]
        finally:
            machine.stop(process)


def main():
    machine.exit_on_signals()
    tap = Tap()
    broken, seen = collections.defaultdict(list), set()
    for archive, harts, bootargs, stops in RUNS:
        judge_run(archive, harts, bootargs, stops, broken, seen)
    for rule, mappings in broken.items():
        tap.check(not mappings, rule, sorted({str(mapping) for mapping in mappings})[:20])
    tap.note(f"{len(seen)} different mappings")
    for kinds in ({"USER"}, {"TABLE"}, {"OBJECT", "TABLE"}, {"KERNEL"}, {"NONE"}):
        tap.check(any(mapping.kinds == kinds for mapping in seen), f"mappings of {' and '.join(sorted(kinds))} were seen")
    tap.end()


main()
