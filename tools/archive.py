"""Make the boot archive: cpio (newc), the data of each file on a 4 KiB boundary.

    archive.py OUTPUT [--strip STRIP] [--overlay DIRECTORY] NAME=FILE...

Promises: the same files give the same bytes; servers/init is the first member, laid out as
abi/byre/init_image.h says; the others come in the order given, those that only the overlay has after
them by name; data begins on a page boundary because NULs pad the member's name (its
length counts them), so that text maps in place. --strip runs that command on ELF files first. Does
not make directories: a member's name is its whole path. An ELF file that is no whole RISC-V program,
and an init that is none, is refused in a sentence that names it.
"""

import argparse
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

PAGE = 4096
HEADER_BYTES = 110
REGULAR_FILE = 0o100000
TRAILER = "TRAILER!!!"
INIT = "servers/init"
INIT_IMAGE_MAGIC = b".iimage0"
INIT_IMAGE_PAGES_MAX = 256
ELF_MAGIC = b"\x7fELF"
ELF_HEADER_BYTES, ELF_SEGMENT_BYTES, ELF_SECTION_BYTES = 64, 56, 64
ELF_64_LITTLE = b"\x02\x01"
ELF_RISCV = 243
PROGRAM_LOAD = 1
TEXT, RODATA, DATA = range(3)
KIND_OF_FLAGS = {5: TEXT, 4: RODATA, 6: DATA}  # PF_R, PF_W, PF_X


def padded(data, alignment):
    return data + bytes(-len(data) % alignment)


def member(offset, number, name, data, executable):
    """One member that begins at offset; its data begins a page."""
    name_bytes = os.fsencode(name) + b"\0"
    if data:
        start = offset + HEADER_BYTES + len(name_bytes)
        name_bytes += bytes(-start % PAGE)
    mode = REGULAR_FILE | (0o755 if executable else 0o644) if number else 0
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name_bytes), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + name_bytes, 4) + padded(data, 4)


def pages_of(count):
    return -(-count // PAGE)


def init_image(elf, path):
    """abi/byre/init_image.h: a program's segments in whole pages behind a header."""
    entry, = struct.unpack_from("<Q", elf, 24)
    table, = struct.unpack_from("<Q", elf, 32)
    count, = struct.unpack_from("<H", elf, 56)
    contents = [b"", b"", b""]
    pages = [0, 0, 0]
    end = None
    for number in range(count):
        kind, flags, offset, address, _, in_file, in_memory, _ = \
            struct.unpack_from("<IIQQQQQQ", elf, table + number * 56)
        if kind != PROGRAM_LOAD or in_memory == 0:
            continue
        place = KIND_OF_FLAGS.get(flags)
        if place is None or any(pages[place:]) or address % PAGE or end not in (None, address):
            sys.exit(f"archive: {path}: not text, rodata, data on consecutive pages")
        contents[place] = padded(elf[offset:offset + in_file], PAGE)
        pages[place] = pages_of(in_memory)
        end = address + pages[place] * PAGE
    bss = pages[DATA] - len(contents[DATA]) // PAGE
    if sum(pages) > INIT_IMAGE_PAGES_MAX or any(
            len(contents[kind]) != pages[kind] * PAGE for kind in (TEXT, RODATA)):
        sys.exit(f"archive: {path}: larger than init may be, or bss where none belongs")
    header = INIT_IMAGE_MAGIC + struct.pack("<QHHHH", entry, pages[TEXT], pages[RODATA],
                                            len(contents[DATA]) // PAGE, bss)
    return padded(header, PAGE) + b"".join(contents)


def check_program(elf, path):
    """Refuse what was not compiled for Byre, or has lost its end."""
    if not elf.startswith(ELF_MAGIC):
        sys.exit(f"archive: {path} is no ELF file; compile it with build/sdk/bin/byre-cc")
    if len(elf) < ELF_HEADER_BYTES:
        sys.exit(f"archive: {path} is cut off: it ends within its ELF header")
    if elf[4:6] != ELF_64_LITTLE or struct.unpack_from("<H", elf, 18)[0] != ELF_RISCV:
        sys.exit(f"archive: {path} is no RISC-V program of 64 bits; compile it with build/sdk/bin/byre-cc")
    segments, sections = struct.unpack_from("<QQ", elf, 32)
    segment_count, _, section_count = struct.unpack_from("<HHH", elf, 56)
    end = max(segments + segment_count * ELF_SEGMENT_BYTES, sections + section_count * ELF_SECTION_BYTES)
    if end <= len(elf):
        for number in range(segment_count):
            offset, _, _, in_file = struct.unpack_from("<QQQQ", elf, segments + number * ELF_SEGMENT_BYTES + 8)
            end = max(end, offset + in_file)
    if end > len(elf):
        sys.exit(f"archive: {path} is cut off or damaged: its headers name {end} bytes, it has {len(elf)}")


def contents(name, path, strip):
    data = path.read_bytes()
    if name == INIT or data.startswith(ELF_MAGIC):
        check_program(data, path)
    if not strip or not data.startswith(ELF_MAGIC):
        return data
    with tempfile.TemporaryDirectory() as folder:
        stripped = pathlib.Path(folder) / "stripped"
        result = subprocess.run([strip, "-s", "-o", stripped, path], stderr=subprocess.PIPE, text=True)
        if result.returncode or not stripped.exists():
            said = result.stderr.strip().splitlines() or ["it did not say why"]
            sys.exit(f"archive: {path} is damaged: {said[0]}")
        return stripped.read_bytes()


def members_of(arguments):
    """{name: path}, the overlay's files over the others."""
    files = {}
    for pair in arguments.members:
        name, separator, path = pair.partition("=")
        if not separator:
            sys.exit(f"archive: {pair} is not NAME=FILE")
        files[name] = pathlib.Path(path)
    if arguments.overlay:
        root = pathlib.Path(arguments.overlay)
        if not root.is_dir():
            sys.exit(f"archive: ROOT={root} is not a folder")
        for path in sorted(root.rglob("*")):
            if path.is_file():
                files[path.relative_to(root).as_posix()] = path
    return files


def build(files, strip):
    archive = bytearray()
    order = sorted(files.items(), key=lambda item: item[0] != INIT)
    for number, (name, path) in enumerate(order, 1):
        data = contents(name, path, strip)
        if name == INIT:
            data = init_image(data, path)
        executable = os.access(path, os.X_OK)
        archive += member(len(archive), number, name, data, executable)
    archive += member(len(archive), 0, TRAILER, b"", False)
    return padded(bytes(archive), PAGE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--strip")
    parser.add_argument("--overlay")
    parser.add_argument("members", nargs="*", metavar="NAME=FILE")
    arguments = parser.parse_intermixed_args()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        arguments.output.write_bytes(build(members_of(arguments), arguments.strip))
    except OSError as error:
        sys.exit(f"archive: {error.filename}: {error.strerror}")


main()
