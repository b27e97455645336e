"""Gates on a panic of the kernel as it is built: something in it is corrupted while a program runs,
and what `make run` then shows must tell a reader what happened, where, and how it came there.

A debugger's stub stops the machine at a function of the kernel and changes one register there.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import elf
from stub import Stub
from tap import Tap

TIMEOUT_SECONDS = 60
PANIC_STATUS = 70


def panicked_run(folder, address, times, register, value, harts=1, also=None):
    """`make run`, disturbed once, when that address is passed for the times-th time; `also`: an idle hart, which is sent to
    that address at once. Returns (stdout, stderr, exit status)."""
    path = folder / "stub"
    cleared = {name: "" for name in ("V", "MEM", "BOOTARGS", "ROOT", "MAKEFLAGS", "MAKELEVEL")}
    settings = dict(os.environ, **cleared, SMP=str(harts), RUN="echo begun; sleep 30", TIMEOUT=str(TIMEOUT_SECONDS),
                    LOG=str(folder / "log"), QEMU_ARGS=f"-S -gdb unix:{path},server=on,wait=off")
    path.unlink(missing_ok=True)
    process = subprocess.Popen(["make", "--no-print-directory", "run"], env=settings, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        stub = Stub(path)
        for _ in range(times):
            stub.run_to(address)
        stub.set_register(register, value)
        if also is not None:
            stub.select(also[0])
            stub.set_register("pc", also[1])
        stub.leave()
        return (*process.communicate(timeout=TIMEOUT_SECONDS + 10), process.returncode)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


def registers_of(text):
    return {name: int(value, 16) for name, value in re.findall(r"\b([a-z]+\d*) (0x[0-9a-f]+)", text)}


def check_report(tap, what, run, cause, register, value, callers, events):
    stdout, stderr, status = run
    tap.check(status != 0 and f"exit status {PANIC_STATUS}" in stderr, f"{what}: make run fails", [str(status), stderr])
    tap.check("run: the kernel panicked" in stderr, f"{what}: and says why", [stderr])
    tap.check("kernel panic" not in stdout, f"{what}: stdout is the run's alone", [stdout])
    tap.check("kernel panic: a trap in the kernel" in stderr, f"{what}: and what the kernel says", [stderr])
    tap.check(cause in stderr, f"{what}: the cause stands there in words: {cause}", [stderr])
    found = registers_of(stderr)
    names = {f"{kind}{i}" for kind, count in (("a", 8), ("s", 12), ("t", 7)) for i in range(count)}
    tap.check(names | {"pc", "ra", "sp", "gp", "tp"} <= set(found), f"{what}: all registers are shown",
              [str(sorted(found))])
    tap.check(found.get(register) == value, f"{what}: {register} as it was", [stderr])
    for caller in callers:
        tap.check(re.search(rf"^  0x[0-9a-f]+ {caller}\+\d+$", stderr, re.M),
                  f"{what}: {caller} is named in the backtrace", [stderr])
    for line in re.findall(rf"^  {value:#x}\b.*$", stderr, re.M):
        tap.check(line.strip() == f"{value:#x}", f"{what}: no function is named where there is none", [line])
    kinds = set(re.findall(r"^kernel: \d+ (\w+) 0x[0-9a-f]+ 0x[0-9a-f]+$", stderr.partition("last events of hart 0")[2], re.M))
    tap.check(events <= kinds, f"{what}: the last events are shown", [stderr])


def main():
    tap = Tap()
    symbols = elf.addresses("build/kernel.elf")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wild = 0xdead000
        run = panicked_run(folder, symbols["core_fault"], 1, "a0", wild)
        check_report(tap, "a wild pointer", run, "load page fault", "a0", wild, ["core_fault"],
                     {"call", "reply", "table"})
        run = panicked_run(folder, symbols["core_fault"], 1, "a0", wild, harts=4)
        check_report(tap, "a wild pointer, beside three other harts", run, "load page fault", "a0", wild, ["core_fault"],
                     {"call", "reply", "table"})
        lost = symbols["kernel_symbols"]
        run = panicked_run(folder, symbols["core_fault"], 1, "a0", wild, harts=4, also=(3, lost))
        reports = run[1].split("kernel panic: ")
        causes = [("load page fault", "a0", wild, ["core_fault"]), ("fetch page fault", "pc", lost, [])]
        if len(reports) > 1 and causes[1][0] in reports[1]:
            causes.reverse()  # which of them is the first is the host's choice
        check_report(tap, "two harts at once", run, *causes[0], {"call", "reply", "table"})
        tap.check(len(reports) == 3 and reports[2].startswith("another trap in the kernel, on hart ") and
                  f": {causes[1][0]} at pc " in reports[2],
                  "two harts at once: the second is told of, after the first", [run[1]])
        run = panicked_run(folder, symbols["schedule_settle"], 40, "pc", lost)
        check_report(tap, "a jump into data", run, "fetch page fault", "pc", lost, [], {"switch", "table"})
    tap.end()


main()
