"""The bench builds for Linux: its sources by the host's compiler, and where Linux's cross compiler is
installed (tools/deps linux) the static program and the archive that a kernel starts it from."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

SOURCES = [str(path) for path in sorted(pathlib.Path("tests/bench/system").glob("*.c")) if path.name != "byre.c"]
CHECK = ["gcc", "-std=gnu2x", "-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Werror", "-fsyntax-only"]
ARCHIVE = pathlib.Path("build/linux/archive.cpio")
MEMBERS = (b"init\0", b"true\0", b"sleep\0")


def main():
    tap = Tap()
    result = subprocess.run([*CHECK, *SOURCES], capture_output=True, text=True)
    tap.check(result.returncode == 0, "the bench's sources are good C for Linux", result.stderr.splitlines())
    if shutil.which("riscv64-linux-gnu-gcc"):
        result = subprocess.run(["make", "--no-print-directory", "bench-linux"], capture_output=True, text=True)
        archive = ARCHIVE.read_bytes() if result.returncode == 0 else b""
        tap.check(all(name in archive for name in MEMBERS), "make bench-linux builds program and archive",
                  result.stderr.splitlines())
    else:
        tap.note("riscv64-linux-gnu-gcc is not installed: make bench-linux was not tried")
    tap.end()


main()
