#!/usr/bin/env python3
"""Boot Byre in QEMU: `make run`.

    run.py KERNEL ARCHIVE            settings in the environment: BOARD TREE RUN MEM SMP TIMEOUT BOOTARGS
                                     QEMU_ARGS V LOG

Without RUN the terminal is the machine's console. With RUN the shell runs that line, with our stdin for
its own, and the machine powers off; only what the line printed goes to stdout (the console marks it by 0x02 and 0x03), all that
the machine said goes to build/run.log, and with V=1 the rest also to stderr. Exit status: the line's;
124 when the time was up, 70 when the kernel panicked or the machine stopped before the line ended, 0
when whoever read our output had enough of it and closed it (`make run RUN=mem | head -3`).
On boards that cannot end QEMU with a status, init says it together with a word that only it and we
know; then QEMU, which may not end by itself, is ended.
"""

import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import time

import board
import machine
import terminal

RUN_TIMEOUT_SECONDS = 120
PANIC_GRACE_SECONDS = 2
OFF_GRACE_SECONDS = 0.2
END_OF_INPUT = b"\x04"
LOG = pathlib.Path(machine.setting("LOG", "build/run.log"))


class Output:
    """Splits the console's bytes into the run's output and the machine's log."""

    def __init__(self, verbose, farewell):
        self.verbose = verbose
        self.farewell = re.compile(rf"init: farewell {farewell} (\d+)\r*\n".encode()) if farewell else None
        self.status = None  # as init said it
        self.begun = False
        self.ended = False
        self.held = b""  # from the last RUN_END on
        self.tail = b""
        self.before = b"\n"  # the last byte passed on
        self.pending = b""  # what may be the beginning of a panic
        self.panic = b""
        self.held_return = False

    @property
    def panicked(self):
        return bool(self.panic)

    def feed(self, data):
        """A panic, which is the machine's last word, is no part of the run's output."""
        if self.panic:
            self.panic += data
            return
        text = self.before + self.pending + data
        end = machine.find_stop(text)
        self.pending = b""
        if end < 0:
            end = len(text) - max((n - 1 for mark in machine.STOP_MARKS for n in range(2, len(mark))
                                   if text.endswith(mark[:n])), default=0)
            self.pending = text[end:]
        else:
            end += 1
            self.panic = text[end:]
        self.before = text[end - 1:end]
        self.split(text[1:end])

    def finish(self):
        """No more will come."""
        self.split(self.pending)
        self.write_log(self.held[1:])

    def split(self, data):
        """Write what belongs where. The run's output ends at the last RUN_END: it may print one itself."""
        self.tail = (self.tail + data)[-4096:]
        said = self.farewell and self.farewell.search(self.tail)
        self.status = int(said[1]) if said else self.status
        if not self.begun:
            piece, found, data = data.partition(machine.RUN_BEGIN)
            self.write_log(piece)
            self.begun = bool(found)
        if not self.begun:
            return
        self.held += data
        end = self.held.rfind(machine.RUN_END)
        if end < 0:
            end = 0 if self.ended else len(self.held)
        else:
            self.ended = True
        self.write_output(self.held[:end])
        self.held = self.held[end:]

    def write_output(self, piece):
        sys.stdout.buffer.write(self.with_newlines(piece))
        sys.stdout.buffer.flush()

    def write_log(self, piece):
        if self.verbose:
            sys.stderr.buffer.write(piece)
            sys.stderr.buffer.flush()

    def with_newlines(self, piece):
        """A terminal's line ends become a file's; a return may be the last byte of a piece."""
        if self.held_return:
            piece = b"\r" + piece
        self.held_return = piece.endswith(b"\r")
        return (piece[:-1] if self.held_return else piece).replace(b"\r\n", b"\n")


class Input:
    """What we are given to read, for the machine's console once the run has begun, and its end.

    The console edits lines as for a keyboard; after our last byte ^D ends its input for good."""

    def __init__(self, sink):
        self.sink, self.pending, self.in_line = sink, b"", False
        self.is_open = self.may_read()
        os.set_blocking(sink.fileno(), False)
        if not self.is_open:
            self.end()

    @staticmethod
    def may_read():
        """Not from a terminal that is another job's: that would stop us."""
        try:
            return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()
        except OSError:
            return False

    def end(self):
        """^D ends a line that is begun, or the input."""
        self.pending += END_OF_INPUT * (2 if self.in_line else 1)
        self.is_open = False

    def read(self):
        data = os.read(0, 4096)
        self.pending += data
        self.in_line = not data.endswith(b"\n") if data else self.in_line
        if not data:
            self.end()

    def write(self):
        try:
            self.pending = self.pending[os.write(self.sink.fileno(), self.pending):]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.pending, self.is_open = b"", False

    def wanted(self):
        """What to wait for: files to read, files to write."""
        return [0] if self.is_open and not self.pending else [], [self.sink] if self.pending else []


def follow(process, output, log, deadline):
    """Read the console until QEMU ends. Returns the exit status."""
    source = Input(process.stdin)
    while True:
        if output.panicked:
            deadline = min(deadline, time.monotonic() + PANIC_GRACE_SECONDS)
        if output.status is not None:
            deadline = min(deadline, time.monotonic() + OFF_GRACE_SECONDS)
        remaining = deadline - time.monotonic()
        if remaining <= 0 and output.status is not None:
            break
        if remaining <= 0:
            return machine.PANIC_STATUS if output.panicked else machine.TIMEOUT_STATUS
        reads, writes = source.wanted() if output.begun else ([], [])
        reads, writes, _ = select.select([process.stdout, *reads], writes, [], min(remaining, 1))
        if 0 in reads:
            source.read()
        if writes:
            source.write()
        if process.stdout not in reads:
            continue
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            break
        log.write(data)
        log.flush()
        output.feed(data)
    if output.status is None:
        status = process.wait()
    else:
        status = output.status
    if output.panicked or not output.ended or (output.farewell and output.status is None):
        return machine.PANIC_STATUS
    return status


def explain(status, output, timeout):
    if status == machine.TIMEOUT_STATUS:
        print(f"run: no end after {timeout:g} s (TIMEOUT=); see {LOG}", file=sys.stderr)
    elif status == machine.PANIC_STATUS:
        what = "the machine stopped before the end"
        if output.panicked:
            what = "the kernel panicked" if output.panic.startswith(b"kernel panic") else "the machine cannot go on"
        print(f"run: {what}; the end of {LOG}:", file=sys.stderr, flush=True)
        last = output.panic or output.tail[-2000:]
        sys.stderr.buffer.write(last.replace(b"\r", b"") + b"\n")
    if status:
        print(f"exit status {status}", file=sys.stderr)


def run_line(arguments, farewell, timeout):
    output = Output(machine.setting("V") == "1", farewell)
    arguments += ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    with open(LOG, "wb") as log:
        process = machine.start(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        try:
            status = follow(process, output, log, time.monotonic() + timeout)
        finally:
            machine.stop(process)
            output.finish()
    explain(status, output, timeout)
    return status


def end_quietly():
    """Nobody reads what we say any more. Python would still try, at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return 0


def interactive(arguments, farewell, timeout):
    print("Quit: exit or poweroff; or QEMU's keys: Ctrl-A x ends it, Ctrl-A h helps.", flush=True)
    return terminal.run(arguments, farewell, timeout)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run.py KERNEL ARCHIVE")
    machine.exit_on_signals()
    line = machine.setting("RUN")
    try:
        timeout = float(machine.setting("TIMEOUT", RUN_TIMEOUT_SECONDS if line else 0)) or None
    except ValueError:
        sys.exit("run: TIMEOUT= wants seconds")
    LOG.parent.mkdir(parents=True, exist_ok=True)
    board.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=board.FOLDER) as folder:
        try:
            arguments, farewell = board.prepare_run(folder, sys.argv[1], sys.argv[2])
        except board.card.Refused as refused:
            sys.exit(f"run: {refused}")
        try:
            status = run_line(arguments, farewell, timeout) if line else interactive(arguments, farewell, timeout)
        except BrokenPipeError:
            status = end_quietly()
        sys.exit(status)


main()
