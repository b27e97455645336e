"""A QEMU machine for Byre: its command line, and a child process that never outlives us.

Used by run.py and by the test runners. What it promises: QEMU is killed, by its process id, when the
time is up, when we get a signal, and (by the kernel's parent-death signal) when we are killed.
"""

import contextlib
import ctypes
import os
import shlex
import signal
import subprocess
import sys
import tempfile

PR_SET_PDEATHSIG = 1
TIMEOUT_STATUS = 124
PANIC_STATUS = 70
# What the machine says last, at the beginning of a line, when it cannot go on.
STOP_MARKS = (b"\nkernel panic: ", b"\nkernel: cannot boot: ", b"\ninit: system panic: ")
RUN_BEGIN = b"\x02"
RUN_END = b"\x03"


def find_stop(text):
    """Where one of the marks begins (its newline), or -1."""
    return min((at for mark in STOP_MARKS if (at := text.find(mark)) >= 0), default=-1)


def bootargs_with_run(bootargs, line):
    """Boot arguments that make init run a shell line. Quotes keep spaces; in them '' is one '."""
    if not line:
        return bootargs
    quoted = line.replace("'", "''")
    return f"{bootargs} run='{quoted}'".strip()


def command(kernel, archive, memory="128M", harts="1", bootargs="", extra=()):
    """QEMU's arguments, without those that say where the console goes."""
    arguments = ["qemu-system-riscv64", "-machine", "virt", "-cpu", "rv64", "-m", str(memory),
                 "-smp", str(harts), "-bios", "default", "-net", "none", "-no-reboot",
                 "-kernel", str(kernel)]
    if archive:
        arguments += ["-initrd", str(archive)]
    if bootargs:
        arguments += ["-append", bootargs]
    return arguments + list(extra)


@contextlib.contextmanager
def filled_memory(megabytes):
    """Arguments for memory that holds something before the first instruction, as a board's may."""
    with tempfile.NamedTemporaryFile(prefix="byre-memory-") as file:
        for _ in range(megabytes):
            file.write(b"\xa5" * (1 << 20))
        file.flush()
        yield ["-machine", "memory-backend=filled", "-object",
               f"memory-backend-file,id=filled,size={megabytes}M,mem-path={file.name},share=off"]


def extra_arguments(text):
    return shlex.split(text)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(arguments, **options):
    return subprocess.Popen(arguments, preexec_fn=die_with_parent, **options)


def listen(arguments, seconds, who):
    """What the machine says until it ends, as text, and its exit status. Without an end `who` gives up."""
    child = start(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        sys.exit(f"{who}: no end after {seconds} s")
    finally:
        stop(child)
    return output.decode(errors="replace").replace("\r", ""), child.returncode


def stop(process):
    """End a child for good."""
    if process.poll() is None:
        process.kill()
    process.wait()


def exit_on_signals():
    """Make the signals that end us raise SystemExit, so that `finally` stops the child."""
    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)


def setting(name, default=""):
    """A variable of the make command line; empty means default."""
    return os.environ.get(name, "") or default
