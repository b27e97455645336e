#!/usr/bin/env python3
"""Run the benches and set the figures beside the peers': `make bench`.

    report.py IMAGE KERNEL_BENCH_ARCHIVE SYSTEM_ARCHIVE [--large]

Boots the kernel bench (an init of its own) and the system bench under `-icount shift=0,sleep=off`,
where an instruction is a nanosecond and every run counts the same. Writes build/bench.json and prints
a table. Exit status 1 if a bench did not end or a figure is missing.
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import machine  # noqa: E402  (found through the line above)

ICOUNT = ["-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none", "-serial", "stdio"]
TIMEOUT_SECONDS = 900
OUTPUT = pathlib.Path("build/bench.json")
PEERS = pathlib.Path(__file__).with_name("peers.json")


def lines_of(image, archive, memory, bootargs):
    """Boot one bench and return what it printed."""
    command = machine.command(image, archive, memory=memory, bootargs=bootargs, extra=ICOUNT)
    child = machine.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        output, _ = child.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        machine.stop(child)
        sys.exit(f"bench: no end after {TIMEOUT_SECONDS} s")
    finally:
        machine.stop(child)
    text = output.decode(errors="replace").replace("\r", "")
    if child.returncode != 0:
        sys.stderr.write(text[-3000:])
        sys.exit(f"bench: the machine ended with status {child.returncode}")
    return text.splitlines()


def figures_in(lines):
    """bench NAME LEAST SUM MOST OPERATIONS UNIT"""
    figures = {}
    for line in lines:
        words = line.replace("\x02", "").split()
        if len(words) == 7 and words[0] == "bench":
            least, total, most, operations = (int(word) for word in words[2:6])
            if operations == 0:
                sys.exit(f"bench: {words[1]} measured nothing")
            figures[words[1]] = {"instructions": round(total / operations), "min": least,
                                 "max": most, "operations": operations, "unit": words[6]}
    return figures


def table(figures, peers):
    names = [name for name in peers if name in figures] + [n for n in figures if n not in peers]
    print(f"{'':26}{'mean':>11}{'least':>11}{'most':>11}{'budget':>11}{'seL4':>9}{'Linux':>12}{'xv6':>12}")
    for name in names:
        figure, peer = figures[name], peers.get(name, {})
        cells = [figure["instructions"], figure["min"], figure["max"], peer.get("budget"),
                 peer.get("seL4"), peer.get("Linux"), peer.get("xv6")]
        widths = [11, 11, 11, 11, 9, 12, 12]
        over = peer.get("budget") and figure["instructions"] > peer["budget"]
        print(f"{name:26}" + "".join(f"{'' if cell is None else f'{cell:,}':>{width}}"
                                     for cell, width in zip(cells, widths)) + ("  over" if over else ""))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--large"]
    if len(arguments) != 3:
        sys.exit(__doc__)
    machine.exit_on_signals()
    image, kernel_bench, system = arguments
    figures = figures_in(lines_of(image, kernel_bench, "128M", ""))
    run = machine.bootargs_with_run("", "bench small")
    figures |= figures_in(lines_of(image, system, "128M", run))
    if "--large" in sys.argv:
        run = machine.bootargs_with_run("", "bench large")
        figures |= figures_in(lines_of(image, system, "4G", run))
    if not figures:
        sys.exit("bench: no figures")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(figures, indent=1) + "\n")
    table(figures, json.loads(PEERS.read_text()))


main()
