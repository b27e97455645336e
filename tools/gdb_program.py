"""Loaded into gdb by tools/gdb.py: breakpoints in PROGRAM stop in that program alone.

All programs are linked at one address, and a breakpoint is a virtual address: it would stop in the
first process that passes it, whatever runs there. So each breakpoint below the kernel gets the
condition that the memory around pc is what the program's file has there.
"""

import struct

import gdb

COMPARED_BYTES = 256
PAGE_BYTES = 4096
KERNEL_FIRST = 1 << 63


def load(path):
    """[(address, bytes)] of the file's executable segments."""
    with open(path, "rb") as file:
        image = file.read()
    offset, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    segments = []
    for i in range(count):
        kind, flags, at, address, _, length = struct.unpack_from("<IIQQQQ", image, offset + i * size)
        if kind == 1 and flags & 1:
            segments.append((address, image[at:at + length]))
    return segments


class InProgram(gdb.Function):
    """$in_program(): the hart is about to run PROGRAM's code."""

    def __init__(self, path):
        super().__init__("in_program")
        self.segments = load(path)

    def invoke(self):
        pc = int(gdb.parse_and_eval("(unsigned long)$pc"))
        for address, content in self.segments:
            if address <= pc < address + len(content):
                expected = content[pc - address:][:min(COMPARED_BYTES, PAGE_BYTES - pc % PAGE_BYTES)]
                try:
                    return bytes(gdb.selected_inferior().read_memory(pc, len(expected))) == expected
                except gdb.MemoryError:
                    return False
        return True


def condition_new(breakpoint):
    if breakpoint.type not in (gdb.BP_BREAKPOINT, gdb.BP_HARDWARE_BREAKPOINT) or breakpoint.condition:
        return
    if all(at.address < KERNEL_FIRST for at in breakpoint.locations):
        breakpoint.condition = "$in_program()"


def begin(path):
    InProgram(path)
    gdb.events.breakpoint_created.connect(condition_new)
