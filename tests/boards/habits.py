"""Where QEMU is kinder than a board: misaligned accesses, and memory that is not zero.

The first by a plugin that sees every load and store; that it sees them is shown on selftest, which makes
some on purpose. The second by filling all memory before firmware, kernel and archive are loaded into it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path[:0] = ["tests/gates", "tools"]
import machine
from tap import Tap

KERNEL = "build/Image"
MEGABYTES = 128
LINE = "cowtest; forktree; ps; mem; hog; echo a longer line; memaudit"


def run(line, qemu_arguments="", harts=1):
    cleared = {name: "" for name in ("V", "BOARD", "TREE")}
    return subprocess.run([sys.executable, "tools/run.py", KERNEL, "build/archive.cpio"], capture_output=True,
                          text=True, env=dict(os.environ, **cleared, RUN=line, SMP=str(harts), TIMEOUT="100", BOOTARGS="", MEM=f"{MEGABYTES}M",
                                              QEMU_ARGS=qemu_arguments, LOG=os.devnull))


def accesses(folder, line):
    """(all, misaligned, the first of these) while the line ran."""
    out = folder / "aligned"
    result = run(line, f"-plugin build/profile/aligned.so,out={out}")
    lines = out.read_text().splitlines() if result.returncode == 0 else ["accesses 0", "misaligned -1"]
    return int(lines[0].split()[1]), int(lines[1].split()[1]), lines[2:] + result.stderr.splitlines()


def alignment(tap, folder):
    total, misaligned, where = accesses(folder, LINE)
    tap.note(f"{total} loads and stores")
    tap.check(total > 1000000 and misaligned == 0, "no load or store of ours is misaligned", where)
    _, misaligned, where = accesses(folder, "selftest")
    tap.check(misaligned > 0, "the plugin sees those that selftest makes on purpose", where)


def dirty_memory(tap, harts):
    with machine.filled_memory(MEGABYTES) as arguments:
        result = run(LINE, " ".join(arguments), harts)
    tap.check(result.returncode == 0 and "the books agree" in result.stdout,
              f"memory full of something before the first instruction changes nothing (SMP={harts})",
              [*result.stdout.splitlines(), *result.stderr.splitlines()])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        alignment(tap, pathlib.Path(name))
    for harts in (1, 4):
        dirty_memory(tap, harts)
    tap.end()


main()
