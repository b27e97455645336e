"""As many harts run Byre as the machine has for it: whatever their number, however they come.

The kernel says before init how many there are.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/gates")
from tap import Tap

RACE, IMAGE, ARCHIVE = "build/tests/race/Image", "build/Image", "build/archive.cpio"
RACE_AT, RACE_BYTES = 0x80200000, 0x200000
RACES = 5
LINE = "memaudit"


def run(kernel=IMAGE, **settings):
    """(harts that run, exit status, what the machine said)."""
    cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "BOARD", "TREE")}
    with tempfile.NamedTemporaryFile() as log:
        result = subprocess.run([sys.executable, "tools/run.py", kernel, ARCHIVE], capture_output=True, text=True,
                                env=os.environ | cleared | {"RUN": LINE, "TIMEOUT": "100", "LOG": log.name} | settings)
        said = pathlib.Path(log.name).read_text(errors="replace")
    found = re.search(r"^(\d+) harts\r?$", said, re.M)
    return int(found[1]) if found else 1, result.returncode, said.splitlines()


def tree(path, harts):
    """The machine's own tree, to be changed."""
    subprocess.run(["qemu-system-riscv64", "-machine", f"virt,dumpdtb={path}", "-smp", str(harts), "-m", "128M",
                    "-display", "none"], check=True, capture_output=True)


def put(path, kind, node, name, *values):
    subprocess.run(["fdtput", "-p", "-t", kind, str(path), node, name, *values], check=True)


def numbers(tap):
    for harts in (1, 2, 3, 8):
        count, status, said = run(SMP=str(harts))
        tap.check((count, status) == (harts, 0), f"SMP={harts}: {harts} run, and the books agree", said)
    count, status, said = run(SMP="8", BOOTARGS="harts=3")
    tap.check((count, status) == (3, 0) and not any("means nothing" in line for line in said),
              "harts=3 leaves the others of 8 alone", said)
    for board in ("sifive_u", "icicle", "qemu-u54"):
        count, status, said = run(BOARD=board, SMP="3")
        tap.check((count, status) == (3, 0), f"BOARD={board}: 3 of 3 run, and the monitor does not", said)


def holes(tap, folder):
    for name, value, why in (("status", "disabled", "disabled"), ("mmu-type", "riscv,none", "without MMU"),
                             ("compatible", "sifive,s7", "a monitor")):
        path = folder / "tree"
        tree(path, 4)
        put(path, "s", "/cpus/cpu@1", name, value)
        count, status, said = run(SMP="4", QEMU_ARGS=f"-dtb {path}")
        tap.check((count, status) == (3, 0), f"hart 1 of 4 is {why}: the others run", said)


def races(tap, folder):
    """All harts begin at the kernel's first instruction; what lets them go keeps its memory."""
    path = folder / "tree"
    tree(path, 4)
    put(path, "x", f"/reserved-memory/race@{RACE_AT:x}", "reg", "0", f"{RACE_AT:x}", "0", f"{RACE_BYTES:x}")
    put(path, "x", "/reserved-memory", "#address-cells", "2")
    put(path, "x", "/reserved-memory", "#size-cells", "2")
    subprocess.run(["fdtput", "-t", "s", str(path), "/reserved-memory", "ranges", ""], check=True)
    loader = f"-dtb {path} -device loader,file={IMAGE},addr={RACE_AT + RACE_BYTES:#x},force-raw=on"
    booted = set()
    for _ in range(RACES):
        count, status, said = run(RACE, SMP="4", QEMU_ARGS=loader)
        if any("does not start" in line for line in said):  # a busy host kept it from running for a second
            tap.note("a hart came too late: once more")
            count, status, said = run(RACE, SMP="4", QEMU_ARGS=loader)
        booted |= {line.rpartition("hart ")[2] for line in said if line.startswith("Byre ")}
        if (count, status) != (4, 0):
            break
    tap.check((count, status) == (4, 0), "harts that firmware lets go at the first instruction come to their places",
              said)
    tap.note(f"booted by {' '.join(sorted(booted))}")


def main():
    tap = Tap()
    numbers(tap)
    with tempfile.TemporaryDirectory() as name:
        holes(tap, pathlib.Path(name))
        races(tap, pathlib.Path(name))
    tap.end()


main()
