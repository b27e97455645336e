#!/usr/bin/env python3
"""How operations grow: `make curves` runs tests/bench/system/curves.c and draws docs/figures/curve_*.svg.

    curves.py [NAME...]

Each curve is a boot of its own, with the memory and the promise mode that it needs (below, and written
into the figure). The numbers go to docs/figures/curve_NAME.dat: X, then one column an operation, "?"
where it was not measured; the figures are drawn by gnuplot.
"""

import pathlib
import subprocess
import sys

import counts
import machine

FIGURES = pathlib.Path("docs/figures")
TIMEOUT_SECONDS = 1500
OPERATIONS = {"fork": "fork()", "exit": "exit to the end of waitpid()", "spawn": "posix_spawn() and wait",
              "zero": "new page", "copy": "page copied on write", "leave": "one sharer copies and leaves",
              "free": "exit until all memory is free"}
# Fewer page sizes than ours were measured there: fork() alone, and exit + wait, by KiB resident.
LINUX_KIB = (64, 1024, 16384, 262144, 1048576)
LINUX_FORK = (39894, 64674, 469489, 6_940_000, 27_600_000)
LINUX_ALL = (95470, 153131, 1_090_000, 16_000_000, 63_800_000)
LINUX = {"Linux 6.1, leanest: fork()": LINUX_FORK,
         "Linux 6.1, leanest: the rest of fork, exit, wait": tuple(a - f for a, f in zip(LINUX_ALL, LINUX_FORK))}


class Curve:
    def __init__(self, memory, bootargs, x, title, peers=False):
        self.memory, self.bootargs, self.x, self.title, self.peers = memory, bootargs, x, title, peers


CURVES = {
    "resident": Curve("12G", "", "KiB resident in the process", "A process that grows", peers=True),
    "exit": Curve("12G", "", "private KiB of the process that exits", "The end of a process"),
    "processes": Curve("8G", "overcommit", "processes alive", "A system that fills"),
    "regions": Curve("1G", "", "regions of the process", "A space of many regions"),
    "sharers": Curve("1G", "", "entries that name the frame (the page of zeroes)",
                     "A frame of many sharers"),
    "cow_sharers": Curve("8G", "overcommit", "processes that share the page after fork",
                         "A page of many processes"),
}


def mode(curve):
    return f"MEM={curve.memory}, " + ("overcommit" if "overcommit" in curve.bootargs else "promises kept")


def run(name, curve):
    """{x: {operation: instructions}}, and what the run said."""
    lines = counts.run(counts.BUILD / "Image", counts.BUILD / "tests/system.cpio", curve.memory,
                       machine.bootargs_with_run(curve.bootargs, f"bench curve {name}"), [],
                       timeout=TIMEOUT_SECONDS, counted=False).lines
    table, notes = {}, []
    for line in lines:
        words = line.replace("\x02", "").split()
        if len(words) == 5 and words[:2] == ["curve", name]:
            table.setdefault(int(words[2]), {})[words[3]] = int(words[4])
        elif words[:2] == ["#", f"{name}:"]:
            notes.append(line)
    if not table:
        sys.exit("\n".join(lines[-5:]))
    return table, notes


def write_data(path, name, curve, table, notes):
    operations = [o for o in OPERATIONS if any(o in row for row in table.values())]
    lines = [f"# {curve.title}. {mode(curve)}. Made by `make curves`.", *notes,
             f"# x = {curve.x}; instructions",
             "x " + " ".join(operations)]
    for x, row in sorted(table.items()):
        lines.append(f"{x} " + " ".join(str(row.get(o, "?")) for o in operations))
    path.write_text("\n".join(lines) + "\n")
    return operations


def draw(data, name, curve, operations):
    plots = [f"'{data}' using 1:{column} with linespoints title '{OPERATIONS[o]}'"
             for column, o in enumerate(operations, 2)]
    blocks = []
    if curve.peers:
        for title, values in LINUX.items():
            plots.append(f"'-' using 1:2 with linespoints dashtype 2 title '{title}'")
            blocks.append("\n".join(f"{x} {y}" for x, y in zip(LINUX_KIB, values)) + "\ne")
    script = "\n".join([
        "set terminal svg size 900,440 font 'sans-serif,13' background '#ffffff'",
        f"set output '{FIGURES / f'curve_{name}.svg'}'",
        f"set title '{curve.title} ({mode(curve)})'", f"set xlabel '{curve.x}'",
        "set ylabel 'instructions'", "set logscale xy", "set grid", "set key outside right top noenhanced reverse Left",
        "set datafile missing '?'", "set format y '10^{%T}'", "set yrange [500:*]",
        "plot " + ", ".join(plots), *blocks]) + "\n"
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    machine.exit_on_signals()
    counts.chdir_to_root()
    FIGURES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CURVES:
        curve = CURVES[name]
        table, notes = run(name, curve)
        data = FIGURES / f"curve_{name}.dat"
        operations = write_data(data, name, curve, table, notes)
        draw(data, name, curve, operations)
        print(f"{data.with_suffix('.svg')}: {len(table)} steps, {mode(curve)}", *notes)


main()
