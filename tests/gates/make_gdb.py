"""Gates on `make gdb`: a breakpoint in the kernel stops there, and one in PROGRAM stops in that program,
not in another that has code at the same address."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

SETTINGS = ("V", "MEM", "SMP", "BOOTARGS", "ROOT", "QEMU_ARGS", "BOARD", "TREE", "MAKEFLAGS", "MAKELEVEL")
COMMANDS = ("break main", "break core_start", "continue", "bt 1", "continue", "bt 1", "x/s argv[1]")


def make_gdb(program, line, root=""):
    cleared = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    arguments = "-batch " + " ".join(f"-ex '{command}'" for command in COMMANDS)
    result = subprocess.run(["make", "--no-print-directory", "gdb", f"PROGRAM={program}", f"RUN={line}",
                             f"ROOT={root}", f"GDB_ARGS={arguments}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=120, env=cleared)
    return result.returncode, result.stdout


def main():
    tap = Tap()
    status, output = make_gdb("echo", "true; echo told")
    places = [line for line in output.splitlines() if line.startswith("#0 ")]
    tap.check(status == 0 and len(places) == 2, "make gdb stops at two breakpoints, and ends", [output])
    tap.check(places and "core_start" in places[0], "in the kernel", [output])
    tap.check(len(places) > 1 and "main (argc=2" in places[1] and '"told"' in output,
              "and in the program asked for, though the shell passed the address before", [output])
    with tempfile.TemporaryDirectory(prefix="it's ") as root:
        pathlib.Path(root, "bin").mkdir()
        shutil.copy("build/programs/echo", pathlib.Path(root, "bin/tell"))
        status, output = make_gdb("tell", "tell told", root)
    tap.check(status == 0 and "main (argc=2" in output and '"told"' in output, "and in one of ROOT=", [output])
    tap.end()


main()
