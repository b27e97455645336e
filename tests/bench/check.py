"""The ratchet: `make bench-check` measures all and holds it against tests/bench/budget.json;
`make bench-update` writes that file anew.

    check.py            TAP: a test an operation; a figure over its budget by more than 2% fails, and the
                        functions that moved are named
    check.py --update   measure and write the budgets
    check.py --figures  hold build/bench.json against the budgets without measuring

budget.json has one line an operation: what it cost when it was last written, in instructions (by
function as well), traps, writes of satp, fences and firmware calls. Beyond the ratchet: a fault has at
most two switches and one fence, of a single page; fork has no slope; a second run without the counting plugins gives the
same figures; no interrupt waits longer than the target tests allow; and the ratchet itself is tried on figures that were made dearer.
"""

import copy
import json
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "gates"),
                str(pathlib.Path(__file__).resolve().parents[2] / "tools")]
import counts
import figures
import latency
import machine
from tap import Tap

BUDGET = pathlib.Path(__file__).with_name("budget.json")
OUTPUT = counts.BUILD / "bench.json"
SLACK = 1.02
KEPT = ("instructions", "unit", *counts.SPECIAL, "functions")
FAULTS = ("fault_map", "fault_zero", "fault_cow_copy", "fault_cow_last")
FORKS, FORK_SLOPE = ("fork_256", "fork_4096", "fork_65536"), 1.05
SATP_PER_FAULT, FENCES_PER_FAULT = 2, 1
CONTRACT = """syscall_null ipc_rtt_0w ipc_rtt_4w ipc_rtt_8w ipc_rtt_cap signal_rtt fault_map fault_zero fault_cow_copy
fault_cow_last fork_first_touch map_batch16_each fork_16 fork_256 fork_4096 fork_65536 fork_262144 fork_exit_wait
fork_exit_wait_write16 fork_exit_wait_1g fork_rewrite_alive_1g fork_exec_wait spawn_wait parent_rewrite_1g_faults
exit_1g_irq_latency exit_1g_fault_latency preempt boot_to_prompt process_memory_bytes""".split()
MOVED_SHOWN = 12
MOVED_LEAST = 1.0  # instructions per operation


def write_budgets(measured):
    lines = []
    for name, figure in measured.items():
        kept = {key: figure[key] for key in KEPT if key in figure}
        lines.append(f" {json.dumps(name)}: {json.dumps(kept, separators=(',', ':'))}")
    BUDGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def moved(figure, budget):
    """The functions that cost more, or less, than they did: lines for a person to read."""
    now, then = figure.get("functions", {}), budget.get("functions", {})
    changes = [(now.get(f, 0) - then.get(f, 0), f) for f in {*now, *then}]
    changes = sorted((c for c in changes if abs(c[0]) >= MOVED_LEAST), key=lambda c: -abs(c[0]))
    return [f"{change:+12,.1f}  {function}: {then.get(function, 0):,} -> {now.get(function, 0):,}"
            for change, function in changes[:MOVED_SHOWN]]


def overs(figure, budget):
    """Lines: what is over."""
    return [f"{key}: {figure[key]:,}, budget {budget[key]:,}" for key in ("instructions", *counts.SPECIAL)
            if key in figure and key in budget and figure[key] > budget[key] * SLACK + 0.01]


def check_operation(tap, name, figure, budget):
    if budget is None:
        tap.check(False, f"{name} has a budget", ["make bench-update writes it"])
        return
    over = overs(figure, budget)
    tap.check(not over, f"{name} costs {figure['instructions']:,} {figure['unit']}",
              over + (moved(figure, budget) if over else []))
    if figure["instructions"] * SLACK < budget["instructions"]:
        tap.note(f"{name} was {budget['instructions']:,}: make bench-update keeps the gain")


def check_faults(tap, measured):
    for name in FAULTS:
        figure = measured[name]
        fences = figure["fences"] + figure["fences_all"]
        good = (figure["satp"] <= SATP_PER_FAULT and fences <= FENCES_PER_FAULT
                and figure["fences_all"] == 0)
        tap.check(good, f"{name}: at most two switches and one fence, of a page",
                  [f"satp {figure['satp']}, page fences {figure['fences']}, others {figure['fences_all']}"])


def check_slope(tap, measured):
    least, most = (choose(measured[name]["instructions"] for name in FORKS) for choose in (min, max))
    tap.check(most <= FORK_SLOPE * least, f"fork costs the same from 1 MiB to 256 MiB: {least:,} to {most:,}")


def dearer(budget, key):
    """The same operation 3% over its budget in one of its figures; instructions all in one function."""
    figure = copy.deepcopy(budget)
    figure[key] = round(budget[key] * 1.03 + 1)
    if key == "instructions":
        figure["functions"]["kernel:planted"] = figure[key] - budget[key]
    return figure


def check_ratchet(tap, budgets):
    """What is dearer than its budget is over, and what moved is named."""
    tried = [(name, key) for name, budget in budgets.items()
             for key in ("instructions", *counts.SPECIAL) if key in budget and "functions" in budget]
    missed = [f"{name}: {key}" for name, key in tried if not overs(dearer(budgets[name], key), budgets[name])]
    tap.check(tried and not missed, f"the ratchet notices each of {len(tried)} figures that got dearer", missed)
    unnamed = [name for name, key in tried if key == "instructions"
               and not any("kernel:planted" in line for line in moved(dearer(budgets[name], key), budgets[name]))]
    tap.check(not unnamed, "and names the function that moved", unnamed)


def check_names(tap, measured):
    missing = [name for name in CONTRACT if not {"instructions", "min", "max", "unit"} <= set(measured.get(name, ()))]
    tap.check(not missing, "every operation of the contract has instructions, min, max and unit", missing)


def check_waits(tap, stretches):
    """How long an interrupt waits while the operations are measured: as in the target tests."""
    cause, (length, functions) = max(stretches.items(), key=lambda item: item[1][0])
    tap.check(length < latency.STRETCH_MAX, f"an interrupt waits at most {length:,} instructions, for {cause}",
              [f"{count:10,}  {function}" for function, count in functions.most_common(MOVED_SHOWN)])


def check_again(tap, measured):
    """The same figures from machines without plugins."""
    again = {}
    for archive, memory, line in (("tests/bench/kernel.cpio", figures.SMALL_MEMORY, ""),
                                  ("tests/system.cpio", figures.SMALL_MEMORY, "bench small"),
                                  ("tests/system.cpio", figures.LARGE_MEMORY, "bench large")):
        run = counts.run(counts.BUILD / "Image", counts.BUILD / archive, memory,
                         machine.bootargs_with_run("", line), [], counted=False)
        again |= figures.figures_in(run)
    figures.finish_latency(again)
    differ = [f"{name}: {measured[name][key]} and {figure[key]}" for name, figure in again.items()
              for key in ("instructions", "min", "max") if measured[name][key] != figure[key]]
    tap.check(again and not differ, "a second run gives the same figures", differ)


def main():
    machine.exit_on_signals()
    counts.chdir_to_root()
    tap = Tap()
    if "--figures" in sys.argv:
        measured = json.loads(OUTPUT.read_text())
    else:
        measured, stretches = figures.measure(counts.BUILD, large=True)
        OUTPUT.write_text(json.dumps(measured, indent=1) + "\n")
    if "--update" in sys.argv:
        write_budgets(measured)
        print(f"bench: {len(measured)} budgets written to {BUDGET.relative_to(pathlib.Path.cwd())}")
        return
    budgets = json.loads(BUDGET.read_text())
    for name, figure in measured.items():
        check_operation(tap, name, figure, budgets.get(name))
    missing = sorted(set(budgets) - set(measured))
    tap.check(not missing, "every operation with a budget was measured", missing)
    check_names(tap, measured)
    check_faults(tap, measured)
    check_slope(tap, measured)
    check_ratchet(tap, budgets)
    if "--figures" not in sys.argv:
        check_waits(tap, stretches)
        check_again(tap, measured)
    tap.end()


main()
