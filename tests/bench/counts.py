"""Machines under the counting plugins of tools/profile/, and what the plugins wrote.

A run gives the lines that the guest printed and, for each measured operation in order, how often each
instruction of its windows was executed, by program and function, and how often the instructions whose
price is not an instruction: traps, writes of satp, fences, firmware calls.
"""

import bisect
import collections
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import machine  # noqa: E402  (found through the line above)

BUILD = pathlib.Path("build")
PLUGINS = BUILD / "profile"
ICOUNT = ["-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "stdio"]
NM = "riscv64-unknown-elf-nm"
FIRMWARE = range(0x80000000, 0x80200000)
KERNEL_FIRST = 0xffffffff80000000
SRET, ECALL, SYSTEM = 0x10200073, 0x73, 0x73
SATP, SFENCE_VMA = 0x180, 0x09
SPECIAL = ("traps", "satp", "fences", "fences_all", "sbi")
# Functions that name a stretch with interrupts off: system calls, and the other reasons to enter.
STRETCH_NAMES = ("sys_", "core_fault", "core_timer", "core_interrupt")


class Program:
    """Functions and code of one ELF file."""

    def __init__(self, path):
        self.name = "bench" if path.parent.name == "bench" else path.name.removesuffix(".elf")
        listing = subprocess.run([NM, "-n", path], capture_output=True, text=True, check=True)
        found = {int(words[0], 16): words[2] for words in map(str.split, listing.stdout.splitlines())
                 if len(words) == 3 and words[1] in "tTwW" and not words[2].startswith((".L", "$"))}
        self.functions = found
        self.addresses, self.names = zip(*sorted(found.items())) if found else ((), ())
        self.image = path.read_bytes()
        self.segments = []
        offset, size, count = (struct.unpack_from("<Q", self.image, 32)[0],
                               *struct.unpack_from("<HH", self.image, 54))
        for i in range(count):
            kind, flags, at, address, _, bytes_, _, _ = struct.unpack_from("<IIQQQQQQ", self.image,
                                                                           offset + i * size)
            if kind == 1 and flags & 1:
                self.segments.append((address, address + bytes_, at))

    def has(self, address, encoding):
        """Whether this instruction stands at that address."""
        for first, end, at in self.segments:
            if first <= address < end:
                where = at + address - first
                bytes_ = 4 if encoding & 3 == 3 else 2
                return int.from_bytes(self.image[where:where + bytes_], "little") == encoding
        return False

    def function(self, address):
        place = bisect.bisect_right(self.addresses, address) - 1
        return self.names[place] if place >= 0 else "?"

    def address_of(self, function):
        return next((a for a, name in self.functions.items() if name == function), None)


def programs():
    paths = [BUILD / "kernel.elf", *sorted((BUILD / "servers").glob("*")),
             BUILD / "tests/programs/bench", BUILD / "tests/bench/kernel.elf",
             BUILD / "programs/true", BUILD / "programs/sleep", BUILD / "programs/sh"]
    return [Program(path) for path in paths if path.is_file() and path.suffix in ("", ".elf")]


def owner(known, address, encoding):
    for program in known:
        if program.has(address, encoding):
            return f"{program.name}:{program.function(address)}"
    return "firmware" if address in FIRMWARE else f"?:{address:#x}"


def special_of(address, encoding):
    """The name of an instruction whose price is not an instruction, or None."""
    if address < KERNEL_FIRST:
        return None
    if encoding == SRET:
        return "traps"
    if encoding == ECALL:
        return "sbi"
    if encoding & 0x7f == SYSTEM and encoding >> 25 == SFENCE_VMA and encoding >> 12 & 7 == 0:
        return "fences" if encoding >> 15 & 31 else "fences_all"
    if encoding & 0x7f == SYSTEM and encoding >> 20 == SATP and encoding >> 12 & 7 == 1:
        return "satp"
    return None


class Operation:
    """What the windows of one measured operation executed."""

    def __init__(self):
        self.windows = 0
        self.functions = collections.Counter()
        self.special = collections.Counter()
        self.stretch = 0  # the longest with interrupts off, in windows
        self.stretch_all = 0  # and since the operation before


class Run:
    def __init__(self):
        self.lines = []
        self.operations = []
        self.stretches = {}  # name: (length, {function: instructions})


def read_windows(path, known):
    owners, operations = {}, []
    for line in path.read_text().splitlines():
        words = line.split()
        if words[0] == "operation":
            operations.append(Operation())
            operations[-1].windows = int(words[1])
        elif len(words) == 3:
            address, encoding, count = (int(word, 16) for word in words)
            if (address, encoding) not in owners:
                owners[address, encoding] = (owner(known, address, encoding),
                                             special_of(address, encoding))
            function, special = owners[address, encoding]
            operations[-1].functions[function] += count
            if special:
                operations[-1].special[special] += count
    return operations


def read_stretches(path, kernel):
    """[(longest in windows, longest) of each operation], {name: (length, {function: instructions})}."""
    by_operation, stretches, current = [], {}, None
    for line in path.read_text().splitlines():
        words = line.split()
        if words[0] == "operation":
            by_operation.append((int(words[1]), int(words[2])))
        elif words[0] == "stretch":
            current = collections.Counter()
            stretches[words[2]] = (int(words[1]), current)
        else:
            address = int(words[0], 16)
            current["firmware" if address in FIRMWARE else kernel.function(address)] += int(words[1])
    return by_operation, stretches


def stretch_arguments(out, names, kernel):
    """QEMU's arguments that load the plugin for stretches."""
    names.write_text("".join(f"{address:x} {name}\n" for address, name in kernel.functions.items()
                             if name.startswith(STRETCH_NAMES)))
    entry = kernel.address_of("trap_entry")
    return ["-plugin", f"{PLUGINS / 'stretch.so'},out={out},entry={entry:x},names={names}"]


def run(image, archive, memory, bootargs, known, extra=(), timeout=900, counted=True):
    """Boot, wait for the end, read what the plugins wrote."""
    result, kernel = Run(), known[0] if known else None
    with tempfile.TemporaryDirectory() as folder:
        windows, stretches, names = (pathlib.Path(folder, n) for n in ("windows", "stretch", "names"))
        plugins = []
        if counted:
            plugins = ["-plugin", f"{PLUGINS / 'windows.so'},out={windows}",
                       *stretch_arguments(stretches, names, kernel)]
        command = machine.command(image, archive, memory=memory, bootargs=bootargs,
                                  extra=[*ICOUNT, *plugins, *extra])
        text, status = machine.listen(command, timeout, "bench")
        if status != 0:
            sys.stderr.write(text[-3000:])
            sys.exit(f"bench: the machine ended with status {status}")
        result.lines = text.splitlines()
        if counted:
            result.operations = read_windows(windows, known)
            by_operation, result.stretches = read_stretches(stretches, kernel)
            for operation, longest in zip(result.operations, by_operation):
                operation.stretch, operation.stretch_all = longest
    return result


def boot_count(image, archive, known, timeout=60):
    """Instructions from the kernel's first to the first of the shell's prompt."""
    shell = next(program for program in known if program.name == "sh")
    prompt = shell.address_of("print_prompt")
    first, _, at = next(s for s in shell.segments if s[0] <= prompt < s[1])
    where = at + prompt - first
    encoding = int.from_bytes(shell.image[where:where + 2], "little")
    if encoding & 3 == 3:
        encoding = int.from_bytes(shell.image[where:where + 4], "little")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "boot")
        plugin = (f"{PLUGINS / 'windows.so'},out={out},from={FIRMWARE.stop:x},until={prompt:x},"
                  f"encoding={encoding:x}")
        command = machine.command(image, archive, extra=["-icount", "shift=0,sleep=off", "-display",
                                  "none", "-monitor", "none", "-serial", "null", "-plugin", plugin])
        child = machine.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            for _ in range(timeout * 10):
                if out.exists() and out.read_text().startswith("boot "):
                    return int(out.read_text().split()[1])
                if child.poll() is not None:
                    break
                try:
                    child.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            machine.stop(child)
    sys.exit("bench: the prompt did not come")


def chdir_to_root():
    os.chdir(pathlib.Path(__file__).resolve().parents[2])
