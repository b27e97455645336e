"""What the gates read of ELF files, through binutils."""

import re
import subprocess

CROSS = "riscv64-unknown-elf-"
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"([0-9a-f]+) <")


class Instruction:
    def __init__(self, address, name, operands):
        self.address = address
        self.name = name
        self.operands = operands
        self.is_branch_target = False


def run(tool, *arguments, text=None):
    return subprocess.run([CROSS + tool, *map(str, arguments)], check=True, capture_output=True,
                          text=True, input=text).stdout


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return None


def section_sizes(path):
    """{section name: bytes}."""
    return {words[0]: int(words[1]) for words in map(str.split, run("size", "-A", path).splitlines())
            if len(words) == 3 and words[0].startswith(".")}


def symbols(path):
    return [line.split()[-1] for line in run("nm", "--defined-only", path).splitlines()]


def addresses(path):
    """{symbol: address}."""
    lines = map(str.split, run("nm", "--defined-only", path).splitlines())
    return {name: int(address, 16) for address, _, name in lines}


def segment_flags(path):
    """Flags of each LOAD segment, such as "R E"."""
    lines = run("readelf", "-lW", path).splitlines()
    return [line[line.rindex("0x") - 4:line.rindex("0x")] for line in lines
            if line.strip().startswith("LOAD")]


def disassembly(path):
    """[(function, [Instruction])] of the executable sections."""
    functions, targets = [("", [])], set()
    for text in run("objdump", "-d", "--no-show-raw-insn", path).splitlines():
        begin, line = FUNCTION.match(text), LINE.match(text)
        if begin:
            functions.append((begin.group(1), []))
        elif line:
            address, name, rest = int(line.group(1), 16), line.group(2), line.group(3)
            operands = rest.split("#")[0].strip().split(",") if rest else []
            functions[-1][1].append(Instruction(address, name, operands))
            target = TARGET.search(rest)
            if target and name not in ("jal", "auipc"):
                targets.add(int(target.group(1), 16))
    for _, instructions in functions:
        for instruction in instructions:
            instruction.is_branch_target = instruction.address in targets
    return functions
