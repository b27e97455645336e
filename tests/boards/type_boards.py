"""What is typed arrives: the UART drivers by interrupt, on the boards whose UARTs differ, and the card's image
as it is flashed, without boot arguments, by both of its ways. And what is typed at a terminal, where QEMU
cannot end with a status by itself.
"""

import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import termios
import time

sys.path[:0] = ["tests/gates", "tools"]
import terminal as console
from tap import Tap

LIMIT_SECONDS = 40
PROMPT = b"byre$ "
BOARDS = [{"BOARD": "sifive_u"}, {"BOARD": "icicle", "TREE": "vendor"}, {"BOARD": "uboot"}, {"BOARD": "uboot-vf2"}]
LONG = "echo " + " ".join(f"word{number}" for number in range(30))


def start(settings, stdin, stdout):
    cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "RUN", "TIMEOUT", "TREE")}
    return subprocess.Popen([sys.executable, "tools/run.py", "build/Image", "build/archive.cpio"], stdin=stdin,
                            stdout=stdout, stderr=subprocess.STDOUT, env=dict(os.environ, **cleared) | settings)


class Pipes:
    """`make run` with its input and its output in our hands."""

    def __init__(self, settings):
        self.process = start(settings, subprocess.PIPE, subprocess.PIPE)
        self.source, self.sink = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.seen = b""

    def wait_for(self, text):
        """Read until the text comes; False if it does not in time. What was read before is forgotten."""
        end = time.monotonic() + LIMIT_SECONDS
        while text not in self.seen:
            if time.monotonic() > end:
                return False
            was_over = self.process.poll() is not None
            data = os.read(self.source, 4096) if select.select([self.source], [], [], 0.1)[0] else b""
            if not data and was_over:
                return False
            self.seen += data
        self.seen = self.seen.partition(text)[2]
        return True

    def press(self, keys):
        os.write(self.sink, keys)

    def type(self, line):
        self.press(line.encode() + b"\r")

    def status(self):
        """How it ended, without being told to; None if it did not. What it said last is in seen."""
        self.wait_for(b"never said")
        return self.process.poll()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Terminal(Pipes):
    """`make run` at a terminal."""

    def __init__(self, settings):
        self.source, self.line = pty.openpty()
        self.sink = self.source
        self.before = self.state()
        self.process = start(settings, self.line, self.line)
        self.seen = b""

    def state(self):
        return termios.tcgetattr(self.line), os.get_blocking(self.line)

    def stop(self):
        super().stop()
        os.close(self.source)
        os.close(self.line)


def typing(tap, settings):
    name = settings["BOARD"]
    pipes = Pipes(settings)
    try:
        tap.check(pipes.wait_for(PROMPT), f"{name}: the prompt comes", [pipes.seen.decode("latin-1")])
        pipes.type(LONG)
        answer = LONG.removeprefix("echo ").encode()
        tap.check(pipes.wait_for(answer + b"\r\n") and pipes.wait_for(answer + b"\r\n"),
                  f"{name}: a long line is echoed and understood", [pipes.seen.decode("latin-1")])
        pipes.type("poweroff")
        status = pipes.status()
        tap.check(status == 0, f"{name}: poweroff ends QEMU", [f"status {status}", pipes.seen.decode("latin-1")])
    finally:
        pipes.stop()


def restart(tap):
    pipes = Pipes({"BOARD": "sifive_u"})
    try:
        pipes.wait_for(PROMPT)
        pipes.type("poweroff -r")         # QEMU is told to end in place of a restart
        tap.check(pipes.status() == 0, "sifive_u: a restart goes through firmware", [pipes.seen.decode("latin-1")])
    finally:
        pipes.stop()


def at_a_terminal(tap):
    terminal = Terminal({"BOARD": "sifive_u"})
    try:
        terminal.wait_for(PROMPT)
        terminal.press(b"i")              # the first byte of init's last line
        tap.check(terminal.wait_for(b"i"), "at a terminal, each key is echoed at once", [str(terminal.seen)])
        terminal.press(b"\x03")           # the machine's, not ours
        tap.check(terminal.wait_for(PROMPT), "at a terminal, ^C goes to the machine", [str(terminal.seen)])
        terminal.type("exit 3")
        status = terminal.status()
        tap.check(status == 3, "at a terminal, exit ends QEMU with its status", [f"status {status}", str(terminal.seen)])
        shown = terminal.seen.replace(b"\r", b"")
        tap.check(b"exit 3\ninit: off." in shown and b"farewell" not in shown, "and what only the runner wants to know is not shown",
                  [str(terminal.seen)])
        tap.check(terminal.state() == terminal.before, "and the terminal is as before",
                  [str(terminal.before), str(terminal.state())])
    finally:
        terminal.stop()
    terminal = Terminal({"BOARD": "sifive_u"})
    try:
        terminal.wait_for(b"OpenSBI")
        terminal.press(b"\x01x")
        status = terminal.status()
        tap.check(status == 0 and terminal.state() == terminal.before, "at a terminal, Ctrl-A x ends QEMU",
                  [f"status {status}", str(terminal.seen)])
    finally:
        terminal.stop()


def pieces(tap):
    """However what the console says is cut, the line is found, and nothing else is missing."""
    text, end = b"int init: farewell 0 1\r\nx: ", b"init: off\r\n"
    whole = text + b"init: farewell 1234 42\r\r\n" + end
    for size in range(1, len(whole) + 1):
        screen = console.Screen("1234")
        shown = b"".join(screen.feed(whole[at:at + size]) for at in range(0, len(whole), size)) + screen.release()
        if (shown, screen.status) != (text + end, 42):
            break
    else:
        size = 0
    tap.check(size == 0, "init's last line is found in pieces of any size", [f"not of {size}: {shown}, {screen.status}"])
    screen = console.Screen("1234")
    shown = screen.feed(b"ini") + screen.release() + screen.feed(b"t: farewell 1234 7\n")
    tap.check(shown == b"init: farewell 1234 7\n" and screen.status == 7, "and after a silence in its midst", [str(shown)])


def main():
    tap = Tap()
    for settings in BOARDS:
        typing(tap, settings)
    restart(tap)
    at_a_terminal(tap)
    pieces(tap)
    tap.end()


main()
