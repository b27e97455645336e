"""A failure of a target test can be repeated: the run is the same each time, instruction for instruction, with
one hart and, but for a race in QEMU that is lost now and then (docs/testing.md), with four; another seed is another run; and the command that a failure prints repeats it.

tests/target/planted/lost_update.c fails, and what it prints as it fails depends on the schedule.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), "tools", "tests/target"]
import exact
import machine
from tap import Tap

TIMEOUT_SECONDS = 200
LINE = "exit_orders && memaudit"
COMMAND = re.compile(r"^# to repeat it: (.*)$", re.M)
RESULT = re.compile(r"^(?:not )?ok.*$", re.M)


def path_of(folder, harts, seed):
    """What tells one run from another: {instructions, path, turns}, and the exit status."""
    out = folder / "path"
    with exact.command("build/Image", "build/tests/system.cpio", "64M", harts,
                       machine.bootargs_with_run(f"preempt={seed},100", LINE),
                       ["-plugin", f"build/profile/path.so,out={out}"], seed) as arguments:
        child = machine.start([*arguments, "-display", "none", "-monitor", "none", "-serial", "stdio"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            status = child.wait(TIMEOUT_SECONDS)
        finally:
            machine.stop(child)
    return dict(line.split() for line in out.read_text().splitlines()), status


def check_paths(tap, folder, harts):
    first, status = path_of(folder, harts, 3)
    again, _ = path_of(folder, harts, 3)
    if harts > 1 and again != first:  # the race was lost in one of them
        tap.note("two runs differ; a third decides")
        third, _ = path_of(folder, harts, 3)
        again = third if third == first else again
        first = third if third == again else first
    other, other_status = path_of(folder, harts, 4)
    tap.note(f"{harts} harts: {first['instructions']} instructions, {first['turns']} turns")
    tap.check(status == other_status == 0, f"{harts} harts: the runs end well", [f"status {status}, {other_status}"])
    tap.check((int(first["turns"]) > 1000) == (harts > 1), f"{harts} harts: all that there are take turns", [first])
    tap.check(first == again, f"{harts} harts: one seed, one run, instruction for instruction", [first, again])
    tap.check(first["path"] != other["path"], f"{harts} harts: another seed is another run", [first, other])


def fail(command):
    """(its results, the commands that it prints) of a command that must fail."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ONLY", "HARTS", "SEED", "V")}
    run = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    return run.returncode, RESULT.findall(run.stdout), COMMAND.findall(run.stdout)


def check_command(tap, settings):
    status, results, commands = fail(f"make target-tests ONLY=planted/lost_update {settings}")
    failed = [line for line in results if line.startswith("not ok")]
    tap.check(status != 0 and len(commands) == 1 and any("arrived" in line for line in failed),
              f"{settings}: the planted failure is seen, and a command printed", [*results, *commands])
    if len(commands) != 1:
        return []
    status, again, _ = fail(commands[0])
    if again != results and "HARTS=4" in settings:
        tap.note("it fails another way; once more")
        status, again, _ = fail(commands[0])
    tap.check(status != 0 and again == results, f"`{commands[0]}` repeats it exactly", [*results, "again:", *again])
    return failed


def main():
    tap = Tap()
    machine.exit_on_signals()
    with tempfile.TemporaryDirectory() as name:
        for harts in (1, 4):
            check_paths(tap, pathlib.Path(name), harts)
    check_command(tap, "HARTS=1")
    failures = [check_command(tap, f"HARTS=4 SEED={seed},50") for seed in (5, 6)]
    tap.check(failures[0] != failures[1], "with another seed it fails another way", [*failures[0], *failures[1]])
    tap.end()


main()
