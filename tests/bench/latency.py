"""After the target tests: how long an interrupt had to wait, at most, in all of them.

Every run of tests/target/run.py on one hart leaves what tools/profile/stretch.c saw in
build/tests/stretch/. One test a cause (system call, fault, timer, interrupt): its longest stretch with
interrupts off is below STRETCH_MAX; what is over is named with its functions. The longest of each is
kept in build/interrupts.json for docs/performance.md.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gates"))
import counts
from tap import Tap

STRETCH_MAX = 6000
FOLDER = counts.BUILD / "tests/stretch"
OUTPUT = counts.BUILD / "interrupts.json"
SHOWN = 8


def main():
    counts.chdir_to_root()
    tap, kernel = Tap(), counts.Program(counts.BUILD / "kernel.elf")
    longest, found = {}, sorted(FOLDER.glob("*.out"))
    for path in found:
        _, stretches = counts.read_stretches(path, kernel)
        for cause, (length, functions) in stretches.items():
            if length > longest.get(cause, (0,))[0]:
                longest[cause] = (length, functions, path.stem)
    tap.check(bool(longest), f"{len(found)} runs were watched")
    for cause, (length, functions, run) in sorted(longest.items(), key=lambda item: -item[1][0]):
        what = "IPC and faults on the fast path" if cause == "-" else cause
        tap.check(length < STRETCH_MAX, f"{what}: an interrupt waits at most {length:,} instructions",
                  [f"in {run}"] + [f"{n:10,}  {f}" for f, n in functions.most_common(SHOWN)])
    kept = {cause: {"instructions": length, "test": run} for cause, (length, _, run) in longest.items()}
    OUTPUT.write_text(json.dumps({"runs": len(found), "longest": kept}, indent=1) + "\n")
    tap.end()


if __name__ == "__main__":
    main()
