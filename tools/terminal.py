"""The terminal as a machine's console: `make run` without RUN.

Keys go to QEMU as they are: it has our standard input, sets the terminal raw, and keeps its own keys
(Ctrl-A x). Where QEMU can end with a status, our output is its, too. Where not, what the console says
passes through here: init's last line ends QEMU, gives the status, and is not shown. Another shell finds
the terminal as it was.
"""

import contextlib
import os
import re
import select
import subprocess
import sys
import termios
import time

import machine

OFF_GRACE_SECONDS = 0.2
# How long a silence must last until what may be the beginning of init's last line is shown after all:
# the echo of a key may be its first byte.
ECHO_SECONDS, LINE_SECONDS = 0.05, 1
SURE_BYTES = len("init: ")


class Screen:
    """Tells what is to be shown from init's last line."""

    def __init__(self, farewell):
        self.mark = f"init: farewell {farewell} ".encode()
        self.line = re.compile(self.mark + rb"(\d+)\r*\n")
        self.end_of_line = re.compile(self.mark + rb"\d*\r*\Z")
        self.held = b""
        self.tail = b""
        self.status = None  # as init said it

    def beginning(self, text):
        """Where at its end the line may begin."""
        found = self.end_of_line.search(text)
        if found:
            return found.start()
        return len(text) - max((n for n in range(1, len(self.mark)) if text.endswith(self.mark[:n])), default=0)

    def feed(self, data):
        """What to show now. The line counts also when its beginning has been shown already."""
        self.tail = (self.tail + data)[-4096:]
        said = self.line.search(self.tail)
        self.status = int(said[1]) if said else self.status
        text = self.line.sub(b"", self.held + data)
        shown = self.beginning(text)
        self.held = text[shown:]
        return text[:shown]

    def patience(self):
        """After how many seconds of silence to call release; None: never."""
        if not self.held:
            return None
        return ECHO_SECONDS if len(self.held) < SURE_BYTES else LINE_SECONDS

    def release(self):
        held, self.held = self.held, b""
        return held


def show(data):
    """QEMU makes the terminal's input, often the same open file as our output, non-blocking."""
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            select.select([], [1], [])


def follow(process, screen, deadline):
    """Show what the console says until QEMU ends or init has said the status, which is returned."""
    while True:
        if screen.status is not None:
            deadline = min(deadline, time.monotonic() + OFF_GRACE_SECONDS)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return machine.TIMEOUT_STATUS if screen.status is None else screen.status
        patience = screen.patience()
        waiting = min(remaining, 3600 if patience is None else patience)
        if not select.select([process.stdout], [], [], waiting)[0]:
            show(screen.release())
            continue
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            show(screen.release())
            return process.wait() if screen.status is None else screen.status
        show(screen.feed(data))


@contextlib.contextmanager
def kept():
    """The terminal afterwards as before, also when QEMU could not see to it."""
    saved = termios.tcgetattr(0) if sys.stdin.isatty() else None
    blocking = os.get_blocking(0)
    try:
        yield
    finally:
        os.set_blocking(0, blocking)
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)


def run(arguments, farewell, timeout):
    """Returns the exit status."""
    deadline = time.monotonic() + timeout if timeout else float("inf")
    with kept():
        process = machine.start(arguments + ["-nographic"], stdout=subprocess.PIPE if farewell else None)
        try:
            if farewell:
                return follow(process, Screen(farewell), deadline)
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return machine.TIMEOUT_STATUS
        finally:
            machine.stop(process)
