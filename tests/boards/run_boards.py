"""Every board boots the same kernel and archive, runs a line, and gives its exit status."""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/gates")
from tap import Tap

LINE = "cowtest; memaudit; exit 7"
STATUS = 7
TIMEOUT_SECONDS = 100
MACHINES = [
    {"BOARD": "qemu", "MEM": "64M"},
    {"BOARD": "qemu", "MEM": "8G", "SMP": "8"},
    {"BOARD": "qemu-u54", "MEM": "64M"},
    {"BOARD": "qemu-u54", "MEM": "8G", "SMP": "8"},
    {"BOARD": "sifive_u", "SMP": "4"},
    {"BOARD": "icicle", "TREE": "upstream", "SMP": "4"},
    {"BOARD": "icicle", "TREE": "vendor", "MEM": "64M"},
    {"BOARD": "icicle", "TREE": "old", "SMP": "4", "MEM": "1G"},
    {"BOARD": "uboot", "SMP": "2"},
    {"BOARD": "uboot-vf2", "TREE": "vendor", "SMP": "4"},
]


ELSEWHERE = 0x8a200000           # any multiple of 2 MiB


def elf_at(image, address):
    """The same bytes as an ELF, which QEMU loads where it says."""
    data = pathlib.Path(image).read_bytes()
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 243, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 4096, address, address, len(data), len(data), 4096)
    return (header + segment).ljust(4096, b"\0") + data


def log_of(settings):
    return pathlib.Path(f"build/tests/log/board-{'-'.join(settings.values())}.log")


def run(line, settings, kernel="build/Image"):
    cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "BOARD", "TREE")}
    environment = dict(os.environ, **cleared, RUN=line, TIMEOUT=str(TIMEOUT_SECONDS), LOG=str(log_of(settings)))
    return subprocess.run([sys.executable, "tools/run.py", kernel, "build/archive.cpio"],
                          capture_output=True, text=True, env=environment | settings)


def main():
    tap = Tap()
    pathlib.Path("build/tests/log").mkdir(parents=True, exist_ok=True)
    for settings in MACHINES:
        result = run(LINE, settings)
        name = " ".join(f"{key}={value}" for key, value in settings.items())
        details = [f"status {result.returncode}", *result.stdout.splitlines(), *result.stderr.splitlines()]
        tap.check(result.returncode == STATUS, f"{name}: the line's status is the exit status", details)
        tap.check("cowtest: all as it should be" in result.stdout and "the books agree" in result.stdout,
                  f"{name}: cowtest passes and the books agree", details)
        if "SMP" in settings:
            tap.check(f"\n{settings['SMP']} harts" in log_of(settings).read_text(errors="replace").replace("\r", ""),
                      f"{name}: so many harts run it", details)
    for board, verdict in (("qemu-u54", "in hardware"), ("icicle", "emulated by firmware")):
        result = run("selftest", {"BOARD": board})
        tap.check(result.returncode == 0 and f"so reading time is                       {verdict}" in result.stdout,
                  f"BOARD={board}: selftest finds what Byre relies on, and that time is {verdict}",
                  [*result.stdout.splitlines(), *result.stderr.splitlines()])
    with tempfile.NamedTemporaryFile() as kernel:
        kernel.write(elf_at("build/Image", ELSEWHERE))
        kernel.flush()
        result = run(LINE, {"BOARD": "qemu", "MEM": "512M"}, kernel.name)
        tap.check(result.returncode == STATUS and "the books agree" in result.stdout,
                  f"the kernel runs where it is loaded, at {ELSEWHERE:#x}", result.stderr.splitlines())
    # What a program prints is not taken for init's word, nor does it end the machine.
    result = run("echo init: farewell 0123456789abcdef 0; echo 'a  b' \\$HOME; exit 7", {"BOARD": "sifive_u"})
    tap.check(result.returncode == STATUS, "a program cannot give the exit status in init's place")
    # Quotes, spaces and $ survive U-Boot's own quoting.
    plain = run("echo 'a  b' \"c\" \\\\ $HOME {d}", {"BOARD": "qemu"})
    for board in ("uboot", "uboot-vf2"):
        result = run("echo 'a  b' \"c\" \\\\ $HOME {d}", {"BOARD": board})
        tap.check(plain.stdout and (result.stdout, result.returncode) == (plain.stdout, plain.returncode),
                  f"BOARD={board}: a line arrives as it was typed", [plain.stdout, result.stdout, result.stderr])
    tap.end()


main()
