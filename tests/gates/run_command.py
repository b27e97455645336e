"""Gates on `make run`: what reaches stdout, which exit status, and that no QEMU is left behind."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

FRAMED = r"boot log\r\n\002out\r\nput\r\n\003after\r\n"


def build_guest(folder, name, message, status=None):
    elf, image = folder / f"{name}.elf", folder / name
    defines = [f'-DMESSAGE="{message}"'] + ([f"-DSTATUS={status}"] if status is not None else [])
    subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv64imac", "-mabi=lp64", "-nostdlib",
                    "-Wl,-Ttext=0x80200000", "-Wl,--build-id=none", *defines,
                    "tests/gates/guest.S", "-o", elf], check=True)
    subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", elf, image], check=True)
    return image


def settings(timeout):
    cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "BOARD", "TREE")}
    return dict(os.environ, **cleared, RUN="line", TIMEOUT=str(timeout), LOG=os.devnull)


def run(image, timeout=30, memory="", qemu_arguments=""):
    return subprocess.run([sys.executable, "tools/run.py", image, "/dev/null"], capture_output=True,
                          text=True, env=dict(settings(timeout), MEM=memory, QEMU_ARGS=qemu_arguments))


def qemus_of(image):
    """Command lines of running QEMUs that name the image."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended
        if words[0].endswith("qemu-system-riscv64") and str(image) in words:
            found.append(words)
    return found


def statuses(tap, folder):
    for status in (0, 7):
        result = run(build_guest(folder, f"ends{status}", FRAMED, status))
        tap.check(result.returncode == status, f"the guest's status {status} is the exit status",
                  [str(result.returncode)])
        tap.check(result.stdout == "out\nput\n", "only the run's output is on stdout",
                  [repr(result.stdout)])
    result = run(build_guest(folder, "marks", r"\002out\003put\003log", 0))
    tap.check(result.stdout == "out\x03put", "a run may print the byte that ends it", [repr(result.stdout)])
    result = run(build_guest(folder, "refused", FRAMED, 0), memory="lots")
    tap.check(result.returncode == 1 and result.stderr == "run: MEM= wants a size, as 128M or 1G, not lots\n",
              "what is no size of memory is refused", [str(result.returncode), result.stderr])
    result = run(build_guest(folder, "refused", FRAMED, 0), qemu_arguments="-device toaster")
    tap.check(result.returncode == 70 and "toaster" in result.stderr, "QEMU's refusal to start is shown",
              [str(result.returncode), result.stderr])
    result = run(build_guest(folder, "early", "no frame", 0))
    tap.check(result.returncode == 70, "a machine that stops before the end of the run is a failure")
    result = run(build_guest(folder, "panics", r"\002out\nkernel panic: test\n"))
    tap.check(result.returncode == 70 and "kernel panic: test" in result.stderr,
              "a panic ends the run soon and is shown")
    tap.check(result.stdout == "out\n", "but not on stdout", [repr(result.stdout)])
    result = run(build_guest(folder, "tells", r"\002a kernel panic: no\nkernel pa\003", 0))
    tap.check(result.returncode == 0 and result.stdout == "a kernel panic: no\nkernel pa",
              "a run may tell of panics", [str(result.returncode), repr(result.stdout)])


def endings(tap, folder):
    image = build_guest(folder, "hangs", FRAMED)
    result = run(image, timeout=1)
    tap.check(result.returncode == 124, "a run that hangs ends with status 124 at its time limit")
    tap.check(not qemus_of(image), "no QEMU is left after the time limit")
    for number in (signal.SIGTERM, signal.SIGKILL):
        child = subprocess.Popen([sys.executable, "tools/run.py", image, "/dev/null"],
                                 env=settings(60), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        while not qemus_of(image) and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(number)
        child.wait()
        time.sleep(0.3)
        tap.check(not qemus_of(image), f"no QEMU is left after {number.name}")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        statuses(tap, pathlib.Path(name))
        endings(tap, pathlib.Path(name))
    tap.end()


main()
