#!/usr/bin/env python3
"""How the system serves several harts at once: `make harts-curve` runs `bench harts` on machines of 1, 2
and 4 harts and draws docs/figures/curve_harts.svg: what all do in a second, by what one does.

Harts take turns of some sixty instructions, so that they run as good as at once and a run is the same
each time. Time passes for all of them while one has its turn: N harts have had a second each when N have
passed. CLOCK=host lets each hart be a thread of QEMU's, in the host's time: then the host's cores limit
what is seen, and what else they do shows. Then each machine runs several times, by turns, and the best
counts.
"""

import os
import pathlib
import subprocess
import sys

import counts
import machine

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "target"))
import exact  # noqa: E402  (found through the line above)

FIGURES = pathlib.Path("docs/figures")
HARTS = (1, 2, 4)
OPERATIONS = {"compute": "computing alone", "zero": "new pages", "copy": "pages copied on write"}
MEMORY = "256M"
TIMEOUT_SECONDS = 900
SHIFT, TURN_US = 4, 1  # an instruction takes 16 ns, a turn 62 of them
HOST_RUNS = 5


def read(output):
    """{operation: operations in a second of the machine's time}."""
    rates = {}
    for line in output.decode("latin-1").replace("\r", "").replace("\x02", "").splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "harts":
            rates[words[1]] = int(words[3])
    if set(rates) != set(OPERATIONS):
        sys.exit(f"harts: the bench did not end:\n{output.decode('latin-1')[-400:]}")
    return rates


def boot(command):
    arguments = [*command, "-display", "none", "-monitor", "none", "-serial", "stdio"]
    process = machine.start(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        return read(process.communicate(timeout=TIMEOUT_SECONDS)[0])
    finally:
        machine.stop(process)


def parameters(harts):
    line = f"bench harts {harts}"
    return (counts.BUILD / "Image", counts.BUILD / "tests/system.cpio", MEMORY, str(harts),
            machine.bootargs_with_run("", line))


def measure_exactly(harts):
    with exact.command(*parameters(harts), turn_us=TURN_US, shift=SHIFT) as command:
        return {operation: rate * harts for operation, rate in boot(command).items()}


def measure_by_host():
    """By turns, so that all machines see the same host."""
    best = {harts: dict.fromkeys(OPERATIONS, 0) for harts in HARTS}
    for _ in range(HOST_RUNS):
        for harts in HARTS:
            for operation, rate in boot(machine.command(*parameters(harts))).items():
                best[harts][operation] = max(best[harts][operation], rate)
    return best


def table(rates):
    """Lines: harts, then each operation by what one hart does."""
    return [f"{harts} " + " ".join(f"{rates[harts][o] / rates[1][o]:.2f}" for o in OPERATIONS) for harts in HARTS]


def draw(data):
    plots = ["x with lines dashtype 3 title 'as many as harts'"]
    plots += [f"'{data}' using 1:{column} with linespoints title '{title}'"
              for column, title in enumerate(OPERATIONS.values(), 2)]
    script = "\n".join([
        "set terminal svg size 900,440 font 'sans-serif,13' background '#ffffff'",
        f"set output '{data.with_suffix('.svg')}'", "set title 'Harts that fault at once'",
        "set xlabel 'harts, and processes'", "set ylabel 'done in a second, by what one hart does'",
        "set grid", "set key outside right top noenhanced reverse Left", "set xrange [1:4]", "set yrange [0:4]",
        "set xtics (1, 2, 4)", "plot " + ", ".join(plots)]) + "\n"
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    machine.exit_on_signals()
    counts.chdir_to_root()
    if os.environ.get("CLOCK", "") == "host":
        print(f"harts {' '.join(OPERATIONS)}", *table(measure_by_host()), sep="\n")
        return
    lines = table({harts: measure_exactly(harts) for harts in HARTS})
    data = FIGURES / "curve_harts.dat"
    data.write_text("\n".join([f"# Harts that fault at once. MEM={MEMORY}. Made by `make harts-curve`.",
                               f"harts {' '.join(OPERATIONS)}", *lines]) + "\n")
    draw(data)
    print(f"{data.with_suffix('.svg')}:", *lines, sep="\n")


main()
