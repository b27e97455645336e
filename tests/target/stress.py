"""Rounds of harts/stale on four harts, as many as wanted: siblings write while one forks, unmaps, protects and exits.

    stress.py [ROUNDS] [FIRST]

Each boot plays a thousand, with a seed of its own for the schedule and for the rounds, and ends with memaudit. A run
is the same each time (exact.py): one that fails is played again by FIRST, its seed.
"""

import re
import subprocess
import sys

sys.path.insert(0, "tools")
import exact
import machine

HARTS, ROUNDS_OF_A_BOOT, LIMIT_SECONDS, REPORT_BOOTS = 4, 1000, 3600, 10
TAIL_LINES = 30


def play(rounds, seed):
    """What the machine said, and whether all was well."""
    line = f"stale {rounds} {seed} && memaudit"
    with exact.command("build/Image", "build/tests/system.cpio", "128M", HARTS, machine.bootargs_with_run("", line),
                       seed=seed) as arguments:
        process = machine.start([*arguments, "-display", "none", "-monitor", "none", "-serial", "stdio"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said = process.communicate(timeout=LIMIT_SECONDS)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            machine.stop(process)
            said = process.communicate()[0].decode(errors="replace") + "\nit does not end"
        finally:
            machine.stop(process)
    good = process.returncode == 0 and f"{rounds} rounds; wrong in the last: nothing" in said
    return said, good and re.search(r"^memaudit: the books agree", said, re.M) is not None


def main():
    machine.exit_on_signals()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    played = 0
    while played < rounds:
        now = min(ROUNDS_OF_A_BOOT, rounds - played)
        said, good = play(now, seed)
        if not good:
            print(*said.splitlines()[-TAIL_LINES:], sep="\n")
            sys.exit(f"stress: failed after {played} good rounds; again: make stress ROUNDS={now} FIRST={seed}")
        played += now
        seed += 1
        if played == rounds or played // ROUNDS_OF_A_BOOT % REPORT_BOOTS == 0:
            print(f"stress: {played} rounds, the books agree after each {ROUNDS_OF_A_BOOT}", flush=True)


main()
