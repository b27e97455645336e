#!/usr/bin/env python3
"""Where the instructions of one operation go: `make profile NAME=fork_16`.

    profile.py IMAGE ARCHIVE PLUGIN NAME [--kernel]

Boots the bench for one operation under tools/profile/plugin.c, which counts each instruction executed
between the bench's markers, and prints them by function: which program, how many per operation. Below
stand the costs that instructions do not show: traps, writes of satp, fences, firmware calls.
"""

import bisect
import collections
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import machine  # noqa: E402  (found through the line above)

PREFIX = "riscv64-unknown-elf-"
OUT = pathlib.Path("build/profile.out")
TIMEOUT_SECONDS = 300
FIRMWARE = range(0x80000000, 0x80200000)
KERNEL_FIRST = 0xffffffff80000000
SATP, SRET, ECALL = 0x180, 0x10200073, 0x73
SHOWN = 60


class Program:
    """The symbols and the code of one ELF file."""

    def __init__(self, path):
        self.name = path.name.removesuffix(".elf")
        symbols = {}
        listing = subprocess.run([PREFIX + "nm", "-n", path], capture_output=True, text=True, check=True)
        for line in listing.stdout.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tTwW":
                symbols[int(words[0], 16)] = words[2]
        self.addresses, self.names = zip(*sorted(symbols.items())) if symbols else ((), ())
        self.code = {}
        raw = subprocess.run([PREFIX + "objdump", "-d", path], capture_output=True, text=True, check=True)
        for line in raw.stdout.splitlines():
            words = line.split()
            if len(words) > 2 and words[0].endswith(":"):
                try:
                    self.code[int(words[0][:-1], 16)] = int(words[1], 16)
                except ValueError:
                    continue

    def function(self, address):
        place = bisect.bisect_right(self.addresses, address) - 1
        return self.names[place] if place >= 0 else "?"


def owner(programs, address, encoding):
    for program in programs:
        if program.code.get(address) == encoding:
            return program.name, program.function(address)
    if address in FIRMWARE:
        return "firmware", ""
    return "?", f"{address:#x}"


def boot(image, archive, plugin, name, kernel):
    command = machine.command(
        image, archive, memory="4G" if "1g" in name or "262144" in name else "256M",
        bootargs="" if kernel else machine.bootargs_with_run("", f"bench {name}"),
        extra=["-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none",
               "-serial", "stdio", "-plugin", f"{plugin},out={OUT}"])
    child = machine.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        output, _ = child.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        machine.stop(child)
    for line in output.decode(errors="replace").splitlines():
        if line.lstrip("\x02").startswith("bench "):
            print(line.strip("\x02\x03\r"))


def special(address, encoding, counts, count):
    """The instructions whose price is not an instruction."""
    opcode, kernel = encoding & 0x7f, address >= KERNEL_FIRST
    if encoding == SRET and kernel:
        counts["returns to user mode"] += count
    elif encoding == ECALL and kernel:
        counts["firmware calls"] += count
    elif opcode == 0x73 and encoding >> 25 == 0x09 and kernel:
        counts["sfence.vma"] += count
    elif opcode == 0x73 and encoding >> 20 == SATP and encoding >> 12 & 7 and encoding >> 15 & 31:
        counts["writes of satp"] += count


def main():
    arguments = [a for a in sys.argv[1:] if a != "--kernel"]
    if len(arguments) != 4:
        sys.exit(__doc__)
    machine.exit_on_signals()
    image, archive, plugin, name = arguments
    boot(image, archive, plugin, name, "--kernel" in sys.argv)
    paths = [pathlib.Path("build/kernel.elf"), *pathlib.Path("build/servers").glob("*"),
             pathlib.Path("build/tests/programs/bench"), pathlib.Path("build/tests/bench/kernel.elf"),
             pathlib.Path("build/programs/true")]
    programs = [Program(path) for path in paths if path.is_file() and path.suffix in ("", ".elf")]
    by_function, counts = collections.Counter(), collections.Counter()
    lines = OUT.read_text().splitlines()
    windows = int(lines[0].split()[1])
    for line in lines[1:]:
        address, encoding, count = (int(word, 16) for word in line.split())
        by_function[owner(programs, address, encoding)] += count
        special(address, encoding, counts, count)
    if windows == 0:
        sys.exit("profile: the bench opened no window")
    print(f"{sum(by_function.values()) / windows:12.1f}  per operation, {windows} operations")
    for (program, function), count in by_function.most_common(SHOWN):
        print(f"{count / windows:12.1f}  {program:10} {function}")
    for what, count in counts.items():
        print(f"{count / windows:12.2f}  {what}")


main()
