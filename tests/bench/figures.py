"""The figures of the performance contract, measured: every name of build/bench.json.

A figure: instructions (the mean; for others than instructions the value), min, max, operations, unit;
traps, satp, fences, fences_all, sbi per operation; stretch, the longest with interrupts off while the
operation was measured; functions, the instructions per operation by "program:function".
"""


import counts
import machine

SMALL_MEMORY, LARGE_MEMORY = "128M", "4G"
SMALLEST_SHARE = 0.002  # of an operation: functions below it are summed up as "others"
NO_SSTC = ["-cpu", "sifive-u54"]


def figure_of(words, operation):
    least, total, most, operations = (int(word) for word in words[2:6])
    if operations == 0:
        raise SystemExit(f"bench: {words[1]} measured nothing")
    figure = {"instructions": round(total / operations), "min": least, "max": most,
              "operations": operations, "unit": words[6]}
    if operation is None or operation.windows == 0:
        return figure
    count = operations if operations % operation.windows == 0 else operation.windows
    for special in counts.SPECIAL:
        figure[special] = round(operation.special[special] / count, 2)
    figure["stretch"] = operation.stretch
    if words[1] == "exit_1g_fault_latency":
        figure["stretch_all"] = operation.stretch_all
    every = sum(operation.functions.values())
    functions, others = {}, 0
    for function, instructions in operation.functions.most_common():
        if instructions < SMALLEST_SHARE * every:
            others += instructions
        else:
            functions[function] = round(instructions / count, 1)
    functions["others"] = round(others / count, 1)
    figure["functions"] = functions
    return figure


def figures_in(run):
    """The lines `bench NAME LEAST SUM MOST OPERATIONS UNIT`, with the counts in the same order."""
    figures, position = {}, 0
    for line in run.lines:
        words = line.replace("\x02", "").split()
        if len(words) == 7 and words[0] == "bench":
            operation = run.operations[position] if position < len(run.operations) else None
            figures[words[1]] = figure_of(words, operation)
            position += 1
    return figures


def merge_stretches(runs):
    """The longest stretch of each name."""
    longest = {}
    for run in runs:
        for name, stretch in run.stretches.items():
            if name not in longest or stretch[0] > longest[name][0]:
                longest[name] = stretch
    return longest


def finish_latency(figures):
    """Of a wait the longest is the figure, not the mean."""
    if "exit_1g_fault_latency" in figures:
        latency = figures["exit_1g_fault_latency"]
        latency["instructions"] = latency["max"]


def measure(build, large, known=None):
    """({name: figure}, {name: (length, functions)}) of what is built in build/."""
    known = known or counts.programs()
    image, system = build / "Image", build / "tests/system.cpio"
    kernel_bench = build / "tests/bench/kernel.cpio"
    runs = [counts.run(image, kernel_bench, SMALL_MEMORY, "", known)]
    figures = figures_in(runs[0])
    sbi = figures_in(counts.run(image, kernel_bench, SMALL_MEMORY, "", known, extra=NO_SSTC))
    figures["preempt_sbi"] = sbi["preempt"]
    sizes = [("bench small", SMALL_MEMORY)] + ([("bench large", LARGE_MEMORY)] if large else [])
    for line, memory in sizes:
        runs.append(counts.run(image, system, memory, machine.bootargs_with_run("", line), known))
        figures |= figures_in(runs[-1])
    finish_latency(figures)
    if "exit_1g_fault_latency" in figures:
        latency = figures["exit_1g_fault_latency"]
        length = latency.pop("stretch_all")
        figures["exit_1g_irq_latency"] = {"instructions": length, "min": length, "max": length,
                                          "operations": 1, "unit": "instructions"}
    boot = counts.boot_count(image, build / "archive.cpio", known)
    figures["boot_to_prompt"] = {"instructions": boot, "min": boot, "max": boot, "operations": 1,
                                 "unit": "instructions"}
    return figures, merge_stretches(runs)


