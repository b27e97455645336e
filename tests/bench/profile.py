#!/usr/bin/env python3
"""Where the instructions of one operation go: `make profile NAME=fork_16`.

    profile.py NAME

NAME is an operation of the bench (tests/bench/system/main.c) or `kernel` for all of the kernel bench.
Prints the instructions of the measured windows by program and function, per operation; below, the costs
that instructions do not show, and the longest stretch with interrupts off with its functions.
"""

import sys

import counts
import figures
import machine

SHOWN = 60
LARGE = ("gigabyte", "exit_1g", "fork_65536")
SHOWN_STRETCHES = 3


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    machine.exit_on_signals()
    counts.chdir_to_root()
    name, known = sys.argv[1], counts.programs()
    if name == "kernel":
        run = counts.run(counts.BUILD / "Image", counts.BUILD / "tests/bench/kernel.cpio",
                         figures.SMALL_MEMORY, "", known)
    else:
        memory = figures.LARGE_MEMORY if name in LARGE else figures.SMALL_MEMORY
        run = counts.run(counts.BUILD / "Image", counts.BUILD / "tests/system.cpio", memory,
                         machine.bootargs_with_run("", f"bench {name}"), known)
    found = figures.figures_in(run)
    if not found:
        sys.exit("\n".join(run.lines[-5:]) or "profile: the bench measured nothing")
    for operation, figure in found.items():
        print(f"{operation}: {figure['instructions']:,} {figure['unit']}, mean of {figure['operations']}")
        for function, instructions in list(figure.get("functions", {}).items())[:SHOWN]:
            print(f"{instructions:12,.1f}  {function.replace(':', '  ', 1)}")
        print("   ".join(f"{special} {figure.get(special, 0):g}" for special in counts.SPECIAL))
    longest = sorted(run.stretches.items(), key=lambda item: -item[1][0])
    print("longest stretches with interrupts off, from boot on:")
    for cause, (length, functions) in longest[:SHOWN_STRETCHES]:
        print(f"{length:12,}  {cause}: " + ", ".join(f"{f} {n:,}" for f, n in functions.most_common(4)))


main()
