"""A device tree in the shape of the JH7110's, for QEMU machines that can stand in for it.

Own text after the published facts about the chip; three flavours of what is true of hart 0, a core
without S-mode and without MMU:
    upstream   it says so: its own compatible, disabled, no mmu-type
    vendor     enabled, with an MMU; only riscv,isa tells
    old        enabled, with an MMU, and called a U74 like the others (firmware until March 2023)
Addresses and clocks are those of the machine that stands in; the board's own are in docs/boards.md.
"""

import dataclasses
import subprocess

FLAVOURS = ("upstream", "vendor", "old")
EXTERNAL_MACHINE, EXTERNAL_SUPERVISOR = 11, 9  # scause of an external interrupt
SOFTWARE_MACHINE, TIMER_MACHINE = 3, 7
FIRMWARE_BYTES = 0x80000


@dataclasses.dataclass
class Machine:
    memory_start: int
    memory_bytes: int
    harts: int                   # that Byre can use
    timebase_hz: int
    uart: str                    # properties of its node
    uart_start: int
    plic_sources: int
    has_monitor: bool = True     # hart 0 is one more, and cannot be used
    reserves_firmware: bool = False
    flavour: str = "upstream"
    bootargs: str = ""
    archive: tuple = None        # where the loader put it: start, end
    devices: str = ""            # further nodes on the bus


def cells(value):
    return f"{value >> 32:#x} {value & 0xffffffff:#x}"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cpu(machine, hart):
    is_monitor = machine.has_monitor and hart == 0
    honest = machine.flavour == "upstream"
    core = "sifive,s7" if is_monitor and machine.flavour != "old" else "sifive,u74-mc"
    isa = ("rv64imac" if is_monitor else "rv64imafdc") + ("" if honest else "u" if is_monitor else "bsux")
    lines = [f"cpu@{hart} {{", 'device_type = "cpu";', f'compatible = "{core}", "riscv";',
             f"reg = <{hart}>;", f'riscv,isa = "{isa}{"" if is_monitor else "_zba_zbb"}";',
             f'status = "{"disabled" if is_monitor and honest else "okay"}";']
    if not (is_monitor and honest):
        lines.append('mmu-type = "riscv,sv39";')
    return lines + [f"intc{hart}: interrupt-controller {{", 'compatible = "riscv,cpu-intc";',
                    "interrupt-controller;", "#interrupt-cells = <1>;", "};", "};"]


def wires(machine, numbers):
    """interrupts-extended: a hart without S-mode has no context for it."""
    return ", ".join(f"<&intc{hart} {number}>" for hart in range(machine.harts + machine.has_monitor)
                     for number in numbers
                     if not (number == EXTERNAL_SUPERVISOR and machine.has_monitor and hart == 0))


def chosen(machine):
    lines = ["chosen {", 'stdout-path = "serial0:115200n8";']
    if machine.bootargs:
        lines.append(f"bootargs = {quoted(machine.bootargs)};")
    if machine.archive:
        start, end = machine.archive
        lines += [f"linux,initrd-start = <{cells(start)}>;", f"linux,initrd-end = <{cells(end)}>;"]
    return lines + ["};"]


def reserved_memory(machine):
    if not machine.reserves_firmware:
        return []
    start = machine.memory_start
    return ["reserved-memory {", "#address-cells = <2>;", "#size-cells = <2>;", "ranges;",
            f"opensbi@{start:x} {{", f"reg = <{cells(start)} {cells(FIRMWARE_BYTES)}>;", "no-map;", "};", "};"]


def soc(machine):
    honest = machine.flavour == "upstream"
    clint = '"starfive,jh7110-clint", "sifive,clint0"' if honest else '"riscv,clint0"'
    plic = '"starfive,jh7110-plic", "sifive,plic-1.0.0"' if honest else '"riscv,plic0"'
    return ["soc {", 'compatible = "simple-bus";', "#address-cells = <2>;", "#size-cells = <2>;", "ranges;",
            "interrupt-parent = <&plic>;",
            "timer@2000000 {", f"compatible = {clint};", "reg = <0 0x2000000 0 0x10000>;",
            f"interrupts-extended = {wires(machine, (SOFTWARE_MACHINE, TIMER_MACHINE))};", "};",
            "plic: interrupt-controller@c000000 {", f"compatible = {plic};", "reg = <0 0xc000000 0 0x4000000>;",
            "interrupt-controller;", "#interrupt-cells = <1>;", "#address-cells = <0>;",
            f"riscv,ndev = <{machine.plic_sources}>;",
            f"interrupts-extended = {wires(machine, (EXTERNAL_MACHINE, EXTERNAL_SUPERVISOR))};", "};",
            f"uart0: serial@{machine.uart_start:x} {{", f"reg = <{cells(machine.uart_start)} 0 0x1000>;",
            machine.uart, "current-speed = <115200>;", "};", machine.devices, "};"]


def source(machine):
    harts = range(machine.harts + machine.has_monitor)
    start = machine.memory_start
    lines = ["/dts-v1/;", "/ {", "#address-cells = <2>;", "#size-cells = <2>;",
             f'model = "stand-in for a VisionFive 2 ({machine.flavour} tree)";',
             'compatible = "starfive,jh7110";', "aliases { serial0 = &uart0; };", *chosen(machine),
             f"memory@{start:x} {{", 'device_type = "memory";',
             f"reg = <{cells(start)} {cells(machine.memory_bytes)}>;", "};",
             *reserved_memory(machine), "cpus {", "#address-cells = <1>;", "#size-cells = <0>;",
             f"timebase-frequency = <{machine.timebase_hz}>;"]
    for hart in harts:
        lines += cpu(machine, hart)
    return "\n".join([*lines, "};", *soc(machine), "};", ""])


def compile_tree(text, path):
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(path)], input=text, text=True,
                   check=True)
