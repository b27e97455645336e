#!/usr/bin/env python3
"""Fill the tables of docs/performance.md from what was measured: `make performance-tables`.

Reads build/bench.json (make bench or make bench-check), build/interrupts.json (the target
tests), tests/bench/peers.json and abi/kernel.toml; replaces what stands between `<!-- NAME -->` and
`<!-- end -->` in the page. Nothing there is written by hand. build/docs/paths.md and build/docs/bounds.md
get what is too long for the page: every function of every path, every system call with its bound.
"""

import collections
import json
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/gates"))
import bounds as bounds_gate  # noqa: E402  (found through the line above)

PAGE = ROOT / "docs/performance.md"
BUILD = ROOT / "build"
ROWS = {
    "syscall_null": "cheapest system call",
    "ipc_rtt_0w": "call and answer, no words",
    "ipc_rtt_4w": "call and answer, 4 words",
    "ipc_rtt_8w": "call and answer, 8 words",
    "ipc_rtt_cap": "call that carries a capability, and answer",
    "signal_rtt": "signal to a waiting thread of higher priority, and back",
    "fault_map": "fault, pager, mapping in the answer, resumed",
    "fault_zero": "demand-zero page",
    "fault_cow_copy": "copy-on-write fault, 4 KiB copied",
    "fault_cow_last": "copy-on-write fault, last owner",
    "map_batch16_each": "one page mapped, in batches of 16",
    "fork_16": "fork(), 16 pages",
    "fork_256": "fork(), 256 pages",
    "fork_4096": "fork(), 16 MiB",
    "fork_65536": "fork(), 256 MiB",
    "fork_262144": "fork(), 1 GiB",
    "fork_exit_wait": "fork, exit, wait",
    "fork_exit_wait_write16": "the same, child writes 16 pages",
    "fork_first_touch": "first store into an inherited full 2 MiB",
    "fork_exit_wait_1g": "fork of 1 GiB, a store by each, exit, wait",
    "fork_rewrite_alive_1g": "parent rewrites 1 GiB while the child lives, a page",
    "fork_exec_wait": "fork, exec, wait",
    "spawn_wait": "spawn, wait",
    "parent_rewrite_1g_faults": "faults of a parent that rewrites 1 GiB after fork and exec",
    "exit_1g_irq_latency": "exit of 1 GiB: an interrupt waits at most",
    "exit_1g_fault_latency": "exit of 1 GiB: another's store waits at most",
    "preempt": "timer interrupt to the next thread, Sstc",
    "preempt_sbi": "the same by SBI",
    "boot_to_prompt": "kernel's first instruction to the prompt, 128 MiB",
    "process_memory_bytes": "bytes of metadata for one more process",
}
PATHS = ["ipc_rtt_4w", "fault_map", "fault_zero", "fault_cow_copy", "fault_cow_last", "fork_16",
         "fork_exit_wait", "spawn_wait", "preempt"]
MORE_PATHS = ["syscall_null", "ipc_rtt_8w", "ipc_rtt_cap", "signal_rtt", "map_batch16_each", "fork_first_touch",
              "fork_exit_wait_write16", "fork_exit_wait_1g", "fork_exec_wait", "preempt_sbi"]
# Stages of a path: the first expression that matches all of "program:function" has it.
STAGES = [
    ("copying and zeroing", r"pager:(page_copy|page_zero|memset|memcpy|memmove|copy_around)"),
    ("trap entry and exit", r"kernel:(trap_\w+|known|unknown|settle|restart_or_done|done|switched"
                            r"|resume|short_\w+|keeping_\w+|other|idle)"),
    ("capability lookup", r"kernel:(capability_check|captable_argument|captable_find\w*|memory_find\w*"
                          r"|find_\w+|decode\w*|whole_\w+|argument\w*)"),
    ("switch, scheduling, time", r"kernel:(arch_thread_\w+|arch_space\w*|arch_timer\w*|sbi_\w+|schedule_\w+"
                                 r"|run|choose|balance_\w+|float_switch|asid_load|thread_\w+|deadline\w*|tree_\w+|core_timer|event\w*"
                                 r"|sys_(wait|signal|yield|thread_\w+)|__clzdi2|__ctzdi2)"),
    ("message, fault, reply", r"kernel:(core_\w+|call_\w+|reply_receive_\w+|end|ipc_\w+|message_\w+|receive|answer.*|fault_\w+"
                              r"|endpoint\w+|reply\w*|sys_(call|send|reply|reply_receive|receive))"),
    ("page tables", r"kernel:(table_\w+|sys_table_\w+|run_\w+|for_range|arch_flush\w*|arch_root\w*"
                    r"|sys_space_\w+)"),
    ("kernel objects, the rest", r"kernel:.*"),
    ("pager: faults, fork, tables", r"pager:(fault\w*|serve_faults|resolve\w*|cow_\w*|path_\w+|leaf_\w+|hot_\w+|table_\w+)"),
    ("pager: the rest", r"pager:.*"),
    ("proc", r"proc:.*"),
    ("firmware", r"firmware"),
    ("program and libsys", r".*"),
]


def number(value):
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def contract(figures, peers, **_):
    lines = [row("operation", "budget", "Byre", "", "traps", "`satp`", "fences", "seL4", "Linux", "xv6"),
             "|---|--:|--:|---|--:|--:|--:|--:|--:|--:|"]
    for name, text in ROWS.items():
        if name not in figures:
            continue
        f, peer = figures[name], peers.get(name, {})
        budget, value = peer.get("budget"), f["instructions"]
        fences = round(f["fences"] + f["fences_all"], 2) if "fences" in f else None
        verdict = "" if budget is None else "met" if value <= budget else f"{value / budget:.1f}x"
        lines.append(row(f"{text} (`{name}`)", number(budget), number(value), verdict, number(f.get("traps")),
                         number(f.get("satp")), number(fences), number(peer.get("seL4")),
                         number(peer.get("Linux")), number(peer.get("xv6"))))
    return lines


def open_budgets(figures, peers, **_):
    over = [(figures[n]["instructions"] / peers[n]["budget"], n) for n in ROWS
            if n in figures and peers.get(n, {}).get("budget")
            and figures[n]["instructions"] > peers[n]["budget"]]
    counted = sum(1 for n in ROWS if n in figures and peers.get(n, {}).get("budget"))
    beaten = sum(1 for n in ROWS if n in figures and peers.get(n, {}).get("Linux")
                 and figures[n]["instructions"] < peers[n]["Linux"])
    compared = sum(1 for n in ROWS if n in figures and peers.get(n, {}).get("Linux"))
    dearer = [f"`{n}` ({peer})" for n in ROWS for peer in ("seL4", "Linux", "xv6")
              if n in figures and peers.get(n, {}).get(peer, 1 << 62) < figures[n]["instructions"]]
    lines = [f"Of {counted} budgets {counted - len(over)} are met. Of {compared} operations that have a "
             f"figure of Linux's, {beaten} cost less here."]
    if dearer:
        lines += ["", "Dearer than a peer: " + ", ".join(dearer) + "."]
    if over:
        lines += ["", "Not met, the farthest first: " + ", ".join(f"`{n}` ({r:.1f} times the budget)"
                                                                for r, n in sorted(over, reverse=True)) + "."]
    return lines


def stage_of(function):
    return next(stage for stage, pattern in STAGES if re.fullmatch(pattern, function.split(".")[0]))


def paths(figures, **_):
    return path_table(figures, PATHS) + [""] + path_table(figures, MORE_PATHS)


def path_table(figures, names):
    columns = [name for name in names if "functions" in figures.get(name, {})]
    table = collections.defaultdict(dict)
    for name in columns:
        for function, count in figures[name]["functions"].items():
            stage = "below 0.2% each" if function == "others" else stage_of(function)
            table[stage][name] = table[stage].get(name, 0) + count
    lines = [row("where", *(f"`{name}`" for name in columns)), "|---" + "|--:" * len(columns) + "|"]
    for stage in [s for s, _ in STAGES] + ["below 0.2% each"]:
        if stage in table:
            lines.append(row(stage, *(number(round(table[stage][n])) if n in table[stage] else ""
                                      for n in columns)))
    lines.append(row("all", *(number(figures[n]["instructions"]) for n in columns)))
    return lines


def dearest(figures, **_):
    lines = [row("path", "its dearest functions, instructions per operation"), "|---|---|"]
    for name in PATHS:
        functions = [(f, c) for f, c in figures.get(name, {}).get("functions", {}).items() if f != "others"]
        if functions:
            lines.append(row(f"`{name}`", ", ".join(f"{f.replace(':', ' ')} {number(round(c))}"
                                                    for f, c in functions[:6])))
    return lines


def bounds(abi, **_):
    groups = collections.defaultdict(list)
    operations = [(f"`{call['name']}`", call["bound"]) for call in abi["syscall"]]
    for operation, bound in operations + list(bounds_gate.ENTRIES.values()):
        groups[re.split(r"[,;:]| \(", bound)[0].strip()].append(operation)
    lines = [row("bound", "system calls, and the other ways into the kernel"), "|---|---|"]
    for kind, names in sorted(groups.items(), key=lambda item: -len(item[1])):
        lines.append(row(kind, ", ".join(names)))
    return lines


def waits(interrupts, **_):
    if not interrupts:
        return ["(no run of the target tests was watched)"]
    lines = [f"The ten longest, of {interrupts['runs']} watched runs of target tests:", "",
             row("what the kernel was doing", "longest wait, instructions", "seen in"), "|---|--:|---|"]
    longest = sorted(interrupts["longest"].items(), key=lambda item: -item[1]["instructions"])
    for cause, seen in longest[:10]:
        name = "IPC and faults, the short path" if cause == "-" else f"`{cause}`"
        lines.append(row(name, number(seen["instructions"]), seen["test"]))
    return lines


def write_long_pages(figures, abi, interrupts):
    folder = BUILD / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Paths by function", ""]
    for name, figure in figures.items():
        if "functions" in figure:
            lines += [f"## {name}", "", row("function", "instructions"), "|---|--:|"]
            lines += [row(f.replace(":", " "), number(c)) for f, c in figure["functions"].items()] + [""]
    (folder / "paths.md").write_text("\n".join(lines))
    lines = ["# Every system call and its bound", "",
             row("system call", "bound", "longest stretch with interrupts off that tests saw"), "|---|---|--:|"]
    for call in abi["syscall"]:
        seen = interrupts.get("longest", {}).get(f"sys_{call['name']}", {}).get("instructions")
        lines.append(row(f"`{call['name']}`", call["bound"], number(seen)))
    lines += ["", row("other way into the kernel", "bound", "longest stretch"), "|---|---|--:|"]
    lines += [row(operation, bound, number(interrupts.get("longest", {}).get(name, {}).get("instructions")))
              for name, (operation, bound) in bounds_gate.ENTRIES.items()]
    (folder / "bounds.md").write_text("\n".join(lines) + "\n")


def load(path, otherwise=None):
    if path.exists():
        return json.loads(path.read_text())
    if otherwise is None:
        sys.exit(f"performance-tables: {path.relative_to(ROOT)} is missing")
    return otherwise


def main():
    figures = load(BUILD / "bench.json")
    interrupts = load(BUILD / "interrupts.json", {})
    known = {"figures": figures, "peers": load(ROOT / "tests/bench/peers.json"), "interrupts": interrupts,
             "abi": tomllib.loads((ROOT / "abi/kernel.toml").read_text())}
    text = PAGE.read_text()
    for make in (contract, open_budgets, paths, dearest, bounds, waits):
        mark = f"<!-- {make.__name__} -->"
        first, found, rest = text.partition(mark)
        _, ended, last = rest.partition("<!-- end -->")
        if not found or not ended:
            sys.exit(f"performance-tables: {PAGE.relative_to(ROOT)} has no {mark} ... <!-- end -->")
        text = first + mark + "\n" + "\n".join(make(**known)) + "\n" + ended + last
    PAGE.write_text(text)
    write_long_pages(figures, known["abi"], interrupts)
    print("docs/performance.md, build/docs/paths.md, build/docs/bounds.md")


main()
