"""Gates on the built kernel and servers, read from their ELF files and disassembly.

Law 1: the kernel never allocates: its data has a fixed, small size and no allocator is linked.
Law 2: the kernel never reaches user memory: no instruction can set SUM.
Also: no segment is writable and executable, and no floating point outside fp.S.
"""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import elf
from tap import Tap

KERNEL = pathlib.Path("build/kernel.elf")
FP_OBJECT = pathlib.Path("build/obj/kernel/kernel/riscv/fp.S.o")
DATA_BYTES_MAX = 16 * 1024
BSS_BYTES_MAX = 64 * 1024
ALLOCATORS = re.compile(r"^_?_?(malloc|calloc|realloc|free|sbrk|brk|alloc|kmalloc|kfree)(_r)?$")
SUM_BIT = 1 << 18
# Registers that are the user's while the kernel runs. Trap entry loads them; boot/ runs before there is
# a user, and alone uses the library's memcpy.
USER_KEEPS = {"t0", "t1", "t2", "t3", "t4", "t5"}
MAY_CHANGE_THEM = ("kernel/riscv/entry.S", "boot/head.S")
MESSAGE = {"a0", "a1", "a2", "a3", "a4", "a5"}
SAVED = {"s0", "fp", *(f"s{number}" for number in range(1, 12))}
STORE_OR_BRANCH = re.compile(r"^(c\.)?(s[bhwd]|b[a-z]+|j|jr|sfence\.vma)$")
FLOATING_POINT = re.compile(r"^(c\.)?f(?!ence)[a-z]+(\.|$|ld|sd|lw|sw)|^f(r|s)(csr|rm|flags)")
CSR_WRITE = re.compile(r"^csrr?[wsc]i?$")


def data_is_fixed(tap):
    sizes = elf.section_sizes(KERNEL)
    data = sizes.get(".data", 0)
    bss = sum(size for name, size in sizes.items() if name in (".bss", ".stack"))
    tap.note(f".data {data} bytes, .bss and stack {bss} bytes, .text {sizes.get('.text', 0)} bytes")
    tap.check(data <= DATA_BYTES_MAX, f"law 1: .data is at most {DATA_BYTES_MAX} bytes")
    tap.check(bss <= BSS_BYTES_MAX, f"law 1: .bss is at most {BSS_BYTES_MAX} bytes")


def no_allocator(tap):
    found = [name for name in elf.symbols(KERNEL) if ALLOCATORS.match(name)]
    tap.check(not found, "law 1: the kernel links no allocator", found)


def constant_after(instruction, registers):
    """Follow constants through the few instructions that load them."""
    name, operands = instruction.name, instruction.operands
    if not operands:
        return
    target, values = operands[0], [registers.get(word) for word in operands[1:]]
    number = elf.number(operands[-1]) if len(operands) > 1 else None
    if name in ("li", "c.li"):
        registers[target] = number
    elif name in ("lui", "c.lui"):
        registers[target] = None if number is None else number << 12
    elif name in ("addi", "addiw", "ori", "slli", "sll") and values[0] is not None and number is not None:
        combine = {"addi": int.__add__, "addiw": int.__add__, "ori": int.__or__,
                   "slli": int.__lshift__, "sll": int.__lshift__}[name]
        registers[target] = combine(values[0], number)
    elif name in ("or", "add") and None not in values:
        registers[target] = values[0] | values[1] if name == "or" else values[0] + values[1]
    elif name == "mv":
        registers[target] = values[0]
    else:
        registers[target] = None


def status_writes(code):
    """(function, address, value or None) of each write of sstatus."""
    for function, instructions in code:
        registers = {"zero": 0}
        for instruction in instructions:
            is_write = CSR_WRITE.match(instruction.name) and "sstatus" in instruction.operands
            if is_write and not instruction.name.startswith(("csrc", "csrrc")):
                source = instruction.operands[-1]
                immediate = instruction.name.endswith("i")
                value = elf.number(source) if immediate else registers.get(source)
                yield function, instruction.address, value
                continue
            if instruction.is_branch_target or instruction.name in ("jal", "jalr", "call"):
                registers = {"zero": 0}
            constant_after(instruction, registers)


def sum_findings(path):
    """(number of writes of sstatus, those that may set SUM)."""
    writes = list(status_writes(elf.disassembly(path)))
    return len(writes), [f"{function} at {address:#x}" for function, address, value in writes
                         if (value is not None and value & SUM_BIT)
                         or value is None]


def never_sets_sum(tap):
    count, bad = sum_findings(KERNEL)
    tap.note(f"{count} instructions write sstatus")
    tap.check(count and not bad, "law 2: no instruction sets SUM in sstatus", bad)


MUTANTS = {
    "by a constant": "li t0, 1 << 18; csrs sstatus, t0",
    "among other bits": "li t0, 0x42100; csrw sstatus, t0",
    "from memory": "ld t0, 0(a0); csrw sstatus, t0",
    "by exchange": "lui t1, 0x40; csrrs t0, sstatus, t1",
}


def notices_sum(tap):
    with tempfile.TemporaryDirectory() as folder:
        for name, code in MUTANTS.items():
            path = pathlib.Path(folder, "mutant.o")
            elf.run("as", "-march=rv64imac_zicsr", "-o", path, text=f".text\nmutant: {code}; ret\n")
            tap.check(len(sum_findings(path)[1]) == 1, f"the gate notices SUM set {name}")


def no_floating_point(tap):
    allowed = set(elf.symbols(FP_OBJECT)) if FP_OBJECT.exists() else set()
    servers = sorted(pathlib.Path("build/servers").glob("*"))
    for path in [KERNEL] + servers:
        bad = [f"{instruction.name} in {function}" for function, instructions in elf.disassembly(path)
               for instruction in instructions
               if FLOATING_POINT.match(instruction.name) and (path != KERNEL or function not in allowed)]
        tap.check(not bad, f"{path.name}: no floating point", bad[:5])


def changes_user_register(instruction):
    return (instruction.operands[:1] and instruction.operands[0] in USER_KEEPS
            and not STORE_OR_BRANCH.match(instruction.name))


def user_registers_stay(tap):
    allowed = {"memcpy"}
    for source in MAY_CHANGE_THEM:
        allowed |= set(elf.symbols(pathlib.Path(f"build/obj/kernel/{source}.o")))
    code = list(elf.disassembly(KERNEL))
    bad = [f"{instruction.name} in {function}" for function, instructions in code
           for instruction in instructions
           if function not in allowed and changes_user_register(instruction)]
    seen = any(function in allowed and changes_user_register(instruction)
               for function, instructions in code for instruction in instructions)
    tap.check(seen and not bad, "t0 to t5 stay the user's while the kernel runs", bad[:5])


def messages_stay(tap):
    """The short path of IPC keeps label and words in registers, and calls no function; how a signal ends, those of the user."""
    ipc = set(elf.symbols(pathlib.Path("build/obj/kernel/kernel/core/ipc_fast.c.o")))
    signals = {"decode_signal", "decode_wait", "sys_signal", "sys_wait"}
    for names, kept, what in ((ipc, MESSAGE, "a message stays in its registers on the short path"),
                              (signals, SAVED, "signal and wait leave s0 to s11 alone")):
        code = [(function, instruction) for function, instructions in elf.disassembly(KERNEL)
                for instruction in instructions if function in names]
        bad = [f"{instruction.name} in {function}" for function, instruction in code
               if instruction.operands[:1] and instruction.operands[0] in kept
               and not STORE_OR_BRANCH.match(instruction.name)
               or kept is MESSAGE and instruction.name == "jal" and instruction.operands[0] != "t6"]
        tap.check(len(code) > len(names) and not bad, what, bad[:5])


def write_xor_execute(tap):
    programs = sorted(pathlib.Path("build/servers").glob("*"))
    programs += sorted(pathlib.Path("build/programs").glob("*"))
    for path in [KERNEL] + programs:
        bad = [flags for flags in elf.segment_flags(path) if "W" in flags and "E" in flags]
        tap.check(not bad, f"{path.name}: no segment is writable and executable")


def main():
    tap = Tap()
    for gate in (data_is_fixed, no_allocator, never_sets_sum, notices_sum,
                 no_floating_point, user_registers_stay, messages_stay, write_xor_execute):
        gate(tap)
    tap.end()


main()
