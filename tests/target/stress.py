"""Rounds of harts/stale on several harts, as many as wanted: siblings write while one forks, unmaps, protects and exits.

    stress.py [ROUNDS] [FIRST]

Each boot plays a thousand, with a seed of its own for the rounds, the schedule and the machine, and ends with
memaudit. A run is the same each time (exact.py): one that fails is played again by FIRST, its seed.
JOBS=N in the environment: so many machines side by side, each on a processor of its own.
"""

import concurrent.futures
import os
import re
import select
import subprocess
import sys

sys.path.insert(0, "tools")
import exact
import machine

ROUNDS_OF_A_BOOT, LIMIT_SECONDS, REPORT_BOOTS = 1000, 3600, 10
TAIL_LINES = 30
# By seed: harts, and siblings that write (another hart is the child's, and one its writer's or its parent's), how long a
# hart goes on before the next, and what the kernel is told: few address space numbers, none, random preemption.
HARTS = ((4, 2), (3, 1)) * 8 + ((4, 3),)
TURNS_US = (2, 2, 3, 1, 2)
BOOTARGS = ("", "asid_bits=3", "", "asid_bits=0", "", "preempt={},2000", "")
LAST_NICE = 19

processors = sorted(os.sched_getaffinity(0))


def step_aside(process):
    """QEMU's main thread is woken whenever a turn ends, and has nothing to do but run when a hart should. On one
    processor with the harts' thread, and the last to get it, it sleeps on: a third of the time."""
    select.select([process.stdout], [], [])  # by now the harts have their thread, which keeps its place
    os.setpriority(os.PRIO_PROCESS, process.pid, LAST_NICE)


def play(rounds, seed):
    """What the machine said, and whether all was well."""
    harts, siblings = HARTS[seed % len(HARTS)]
    bootargs = BOOTARGS[seed % len(BOOTARGS)].format(seed)
    line = f"stale {rounds} {seed} {siblings} && memaudit"
    with exact.command("build/Image", "build/tests/system.cpio", "128M", harts, machine.bootargs_with_run(bootargs, line),
                       turn_us=TURNS_US[seed % len(TURNS_US)]) as arguments:
        process = machine.start(["taskset", "-c", str(processors[seed % len(processors)]), *arguments,
                                 "-display", "none", "-monitor", "none", "-serial", "stdio"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            step_aside(process)
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
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    boots = [(min(ROUNDS_OF_A_BOOT, rounds - begun), first + begun // ROUNDS_OF_A_BOOT)
             for begun in range(0, rounds, ROUNDS_OF_A_BOOT)]
    played = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "") or 1)) as pool:
        for (now, seed), (said, good) in zip(boots, pool.map(lambda boot: play(*boot), boots)):
            if not good:
                print(*said.splitlines()[-TAIL_LINES:], sep="\n")
                print(f"stress: failed after {played} good rounds; again: make stress ROUNDS={now} FIRST={seed}", flush=True)
                os._exit(1)  # the machines that still run end with us
            played += now
            if played == rounds or played // ROUNDS_OF_A_BOOT % REPORT_BOOTS == 0:
                print(f"stress: {played} rounds, the books agree after each {ROUNDS_OF_A_BOOT}", flush=True)


main()
