#!/usr/bin/env python3
"""Run the benches and set the figures beside the peers': `make bench`, `make bench SMALL=1`.

    report.py [--small]

Boots the kernel bench (an init of its own) and the system bench under `-icount shift=0,sleep=off`,
where an instruction is a nanosecond and every run counts the same. Writes build/bench.json (with
--small the figures that need gigabytes are kept from the run before) and prints a table. Exit status 1
if a bench did not end or a figure is missing.
"""

import json
import pathlib
import sys

import counts
import figures as measured
import machine

OUTPUT = pathlib.Path("build/bench.json")
PEERS = pathlib.Path(__file__).with_name("peers.json")
COLUMNS = [("mean", 11), ("least", 11), ("most", 11), ("traps", 9), ("satp", 7), ("fences", 8), ("sbi", 5),
           ("irq-off", 9), ("budget", 11), ("seL4", 8), ("Linux", 12), ("xv6", 13)]


def shown(value):
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def table(figures, peers):
    names = [name for name in peers if name in figures] + [n for n in figures if n not in peers]
    print(" " * 24 + "".join(f"{title:>{width}}" for title, width in COLUMNS))
    for name in names:
        f, peer = figures[name], peers.get(name, {})
        fences = None if "fences" not in f else round(f["fences"] + f["fences_all"], 2)
        cells = [f["instructions"], f["min"], f["max"], f.get("traps"), f.get("satp"), fences, f.get("sbi"),
                 f.get("stretch"), peer.get("budget"), peer.get("seL4"), peer.get("Linux"), peer.get("xv6")]
        over = peer.get("budget") and f["instructions"] > peer["budget"]
        print(f"{name:24}" + "".join(f"{shown(cell):>{width}}" for cell, (_, width) in zip(cells, COLUMNS))
              + ("  over" if over else ""))


def main():
    if sys.argv[1:] not in ([], ["--small"]):
        sys.exit(__doc__)
    machine.exit_on_signals()
    counts.chdir_to_root()
    small = "--small" in sys.argv
    figures, stretches = measured.measure(counts.BUILD, large=not small)
    if small and OUTPUT.exists():
        figures = json.loads(OUTPUT.read_text()) | figures
    OUTPUT.write_text(json.dumps(figures, indent=1) + "\n")
    table(figures, json.loads(PEERS.read_text()))
    name, (length, _) = max(stretches.items(), key=lambda item: item[1][0])
    print(f"longest stretch with interrupts off: {length:,} instructions, {name}")


if __name__ == "__main__":
    main()
