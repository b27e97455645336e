"""Boot one target test in QEMU, once for each of its `test:` lines, and print one stream of TAP.

    run.py tests/target/PROPERTY/NAME.c

Lines in the first comments of the source say how it is run (all keys optional):
    /* test: MEM=64M SMP=1 TIMEOUT=60 BOOTARGS="preempt=7" RUN="NAME; memaudit" STATUS=0 CLOCK=host QEMU="-cpu x" EXPECT=PATTERN */
    /* type: PATTERN > KEYS */       when PATTERN has come out since the last keys, type KEYS (\\r, \\x03)
    /* test: ... FILLED=1 */         memory is not zero before the first instruction (on one hart; tests/boards/habits.py has several)
    /* test: ... SHELL=1 */          no RUN: the keys are typed to the interactive shell, which ends the run
    /* test: ... LAST="KEYS" */      what this run types at the shell's prompt when all other keys are typed
    /* expect: PATTERN */            the output of each run must match (regular expression, multi-line)
    /* refuse: PATTERN */            it must not
    /* one hart: REASON */           why all lines say SMP=1

A run is the same each time (exact.py), but for CLOCK=host, and keys to be typed: they take the host's time.

In the environment: HARTS=N, for the lines that do not say SMP (with HARTS, the others are left out, but
for HARTS=1); SEED=SEED[,MEAN_US], which preempts all runs so, instead of as their lines say. Where a run
fails, the command that repeats it is printed.

A test in kernel/ is the machine's init, build/tests/kernel/NAME.cpio. Any other is a program in
build/tests/system.cpio that the shell runs under the real servers: RUN, by default `NAME && memaudit`.
Each run adds tests of its own: that a plan came and was kept, that nothing panicked, the exit status.
The machine's whole output goes to build/tests/log/PROPERTY-NAME.RUN.log.
"""

import contextlib
import os
import pathlib
import re
import select
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "bench")]
import counts  # noqa: E402  (neither folder is a package)
import exact  # noqa: E402
import machine  # noqa: E402

HARTS = os.environ.get("HARTS", "") or "1"
SEED = os.environ.get("SEED", "")
BUILD = ROOT / "build"
LOGS = BUILD / "tests" / "log"
TAP_LINE = re.compile(r"^(not )?ok\b(?: \d+)?(?: - )?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
PANIC_GRACE_SECONDS = 2
KEY_SECONDS = 0.002  # between two keys
HARTS_TIMEOUT_FACTOR = 3  # with several


def typed(text):
    """Keys as they are sent, of what a header says: \\r, \\x03."""
    return text.encode().decode("unicode_escape").encode("latin-1")


class Run:
    """One `test:` line."""

    def __init__(self, settings):
        self.memory = settings.get("MEM", "128M")
        self.fixed_harts = settings.get("SMP", "")
        self.harts = self.fixed_harts or HARTS
        # Firmware would take what is in memory for the state of the disabled harts (exact.py).
        self.is_filled = settings.get("FILLED", "0") == "1" and self.harts == "1"
        self.timeout = float(settings.get("TIMEOUT", "60")) * (1 if self.harts == "1" else HARTS_TIMEOUT_FACTOR)
        self.bootargs = settings.get("BOOTARGS", "")
        if SEED:
            self.bootargs = f"{re.sub(r'preempt=[0-9,]*', '', self.bootargs)} preempt={SEED}".strip()
        if self.harts != "1":  # each must come to something in the time between two, though they take turns
            self.bootargs = re.sub(r"(preempt=\d+,)(\d+)", lambda found: f"{found[1]}{int(found[2]) * 2 * int(self.harts)}",
                                   self.bootargs)
        self.seed = int((re.search(r"preempt=(\d+)", self.bootargs) or ["", "0"])[1])
        self.line = settings.get("RUN", "")
        self.qemu = shlex.split(settings.get("QEMU", ""))
        self.expected = [settings["EXPECT"]] if "EXPECT" in settings else []
        self.is_exact = settings.get("CLOCK", "") != "host"
        self.is_typed = settings.get("SHELL", "0") == "1"
        self.status = int(settings.get("STATUS", "0"))
        self.last_keys = [(b"byre$ ", typed(settings["LAST"]))] if "LAST" in settings else []
        self.label = " ".join(f"{key}={value}" for key, value in settings.items())


class Header:
    def __init__(self, source):
        self.runs, self.keys, self.expected, self.refused, self.one_hart = [], [], [], [], ""
        text = source.read_text()
        for kind, value in re.findall(r"/\*\s*(test|type|expect|refuse|one hart):\s?(.*?)\s*\*/", text):
            if kind == "test":
                self.runs.append(Run(dict(word.split("=", 1) for word in shlex.split(value))))
            elif kind == "type":
                pattern, keys = value.split(">", 1)
                self.keys.append((pattern.strip().encode(), typed(keys.strip())))
            elif kind == "expect":
                self.expected.append(value)
            elif kind == "refuse":
                self.refused.append(value)
            else:
                self.one_hart = value
        self.runs = self.runs or [Run({})]
        for run in self.runs:
            run.is_exact = run.is_exact and not self.keys and not run.last_keys


class Typist:
    """Types each line of keys once its pattern has come out since the keys before."""

    def __init__(self, keys, process):
        self.keys, self.process, self.seen = list(keys), process, b""

    def feed(self, data):
        self.seen += data
        while self.keys and (at := self.seen.find(self.keys[0][0])) >= 0:
            self.seen = self.seen[at + len(self.keys[0][0]):]
            for key in self.keys.pop(0)[1]:
                os.write(self.process.stdin.fileno(), bytes([key]))
                time.sleep(KEY_SECONDS)


def stretch_plugin(run, log):
    """What watches how long interrupts are off: on one hart, where it was built."""
    folder = BUILD / "tests" / "stretch"
    if run.harts != "1" or not (counts.PLUGINS / "stretch.so").exists():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    name = pathlib.Path(log.name).stem
    return counts.stretch_arguments(folder / f"{name}.out", folder / f"{name}.names",
                                    counts.Program(BUILD / "kernel.elf"))


def boot(run, name, kernel_test, keys, log):
    """Returns (all output, QEMU's exit status or None when the time was up)."""
    archive = BUILD / "tests" / "kernel" / f"{name}.cpio" if kernel_test else BUILD / "tests" / "system.cpio"
    line = "" if kernel_test or run.is_typed else run.line or f"{name} && memaudit"
    parameters = (BUILD / "Image", archive, run.memory, run.harts, machine.bootargs_with_run(run.bootargs, line), run.qemu)
    with contextlib.ExitStack() as stack:
        is_typed = bool(keys) and run.harts != "1"  # more harts than the host has would wait for each other
        arguments = (stack.enter_context(exact.command(*parameters, run.seed, is_typed)) if run.is_exact or is_typed
                     else machine.command(*parameters))
        if run.is_filled:
            arguments += stack.enter_context(machine.filled_memory(int(run.memory.rstrip("M"))))
        arguments += ["-display", "none", "-monitor", "none", "-serial", "stdio", *stretch_plugin(run, log)]
        return watch(arguments, run, keys, log)


def watch(arguments, run, keys, log):
    process = machine.start(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    typist = Typist(keys, process)
    output, deadline, panicked = b"", time.monotonic() + run.timeout, False
    try:
        while (remaining := deadline - time.monotonic()) > 0:
            if not select.select([process.stdout], [], [], min(remaining, 1))[0]:
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                return output, process.wait()
            output += data
            log.write(data)
            log.flush()
            typist.feed(data)
            if not panicked and machine.find_stop(b"\n" + output[-8192:]) >= 0:
                panicked, deadline = True, min(deadline, time.monotonic() + PANIC_GRACE_SECONDS)
        return output, None
    finally:
        machine.stop(process)


class Stream:
    """TAP on stdout, numbered through all runs."""

    def __init__(self):
        self.count = 0

    def result(self, good, text):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        return good

    def note(self, text):
        print(f"# {text}", flush=True)


def judge(stream, header, run, output, status, kernel_test, log_name):
    """Translate one run's output, and judge what TAP cannot say of itself."""
    text = output.decode("latin-1").replace("\r", "")
    if not kernel_test and not run.is_typed:
        begin, end = text.find("\x02"), text.rfind("\x03")
        whole, text = text, text[begin + 1:end if end > begin else None] if begin >= 0 else ""
    else:
        whole = text
        text = text[max(text.find("\nByre "), 0):]  # what the firmware says is in the log
    planned = results = 0
    good = True
    for line in text.splitlines():
        if match := PLAN.match(line):
            planned += int(match.group(1))
        elif match := TAP_LINE.match(line):
            results += 1
            good &= stream.result(not match.group(1), match.group(2))
        elif line.startswith("Bail out"):
            good = stream.result(False, line)
        elif line.strip() and not line.startswith("# seen"):
            stream.note(line.lstrip("# "))
    good &= stream.result(planned > 0 and planned == results, f"plan of {planned}, {results} results ({run.label})")
    good &= stream.result("kernel panic" not in whole, "no panic")
    good &= stream.result(status == run.status, f"exit status {'time-out' if status is None else status}")
    for pattern in header.expected + run.expected:
        good &= stream.result(bool(re.search(pattern, text, re.M)), f"output matches {pattern}")
    for pattern in header.refused:
        good &= stream.result(not re.search(pattern, text, re.M), f"output does not match {pattern}")
    if not good:
        print(f"# the whole output is in {log_name}")
    return good


def command_again(source, run):
    words = ["make target-tests", f"ONLY={source.parent.name}/{source.stem}", f"HARTS={HARTS}"]
    return " ".join(words + [f"SEED={SEED}"] * bool(SEED)) + ("" if run.is_exact else "   (this run took the host's time: it may pass)")


def main():
    source = pathlib.Path(sys.argv[1])
    machine.exit_on_signals()
    LOGS.mkdir(parents=True, exist_ok=True)
    kernel_test = source.parent.name == "kernel"
    header = Header(source)
    stream = Stream()
    if all(run.fixed_harts == "1" for run in header.runs) and not header.one_hart:
        stream.result(False, "one hart alone needs a line that says why, /* one hart: REASON */")
    for number, run in enumerate(header.runs):
        if run.fixed_harts and HARTS != "1":
            continue
        log_name = LOGS / f"{source.parent.name}-{source.stem}.{number}{'' if HARTS == '1' else f'.{HARTS}-harts'}.log"
        with open(log_name, "wb") as log:
            output, status = boot(run, source.stem, kernel_test, header.keys + run.last_keys, log)
        if not judge(stream, header, run, output, status, kernel_test, log_name.relative_to(ROOT)):
            print(f"# to repeat it: {command_again(source, run)}")
    print(f"1..{stream.count}" if stream.count else f"1..0 # SKIP {header.one_hart or 'its lines say how many harts'}")


main()
