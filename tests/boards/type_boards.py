"""What is typed arrives: the UART drivers by interrupt, on the boards whose UARTs differ, and the card's image
as it is flashed, without boot arguments, by both of its ways.
"""

import os
import pathlib
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, "tests/gates")
from tap import Tap

LIMIT_SECONDS = 40
PROMPT = b"byre$ "
BOARDS = [{"BOARD": "sifive_u"}, {"BOARD": "icicle", "TREE": "vendor"}, {"BOARD": "uboot"}, {"BOARD": "uboot-vf2"}]
LONG = "echo " + " ".join(f"word{number}" for number in range(30))


class Terminal:
    def __init__(self, settings):
        cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "RUN", "TIMEOUT", "TREE")}
        self.process = subprocess.Popen(
            [sys.executable, "tools/run.py", "build/Image", "build/archive.cpio"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, **cleared) | settings)
        self.seen = b""
        self.ended = False

    def wait_for(self, text):
        """Read until the text comes; False if it does not in time. What was read before is forgotten."""
        end = time.monotonic() + LIMIT_SECONDS
        while text not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return False
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                self.ended = True
                return False
            self.seen += data
        self.seen = self.seen.partition(text)[2]
        return True

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    tap = Tap()
    for settings in BOARDS:
        name = settings["BOARD"]
        terminal = Terminal(settings)
        try:
            tap.check(terminal.wait_for(PROMPT), f"{name}: the prompt comes", [terminal.seen.decode("latin-1")])
            terminal.type(LONG)
            answer = LONG.removeprefix("echo ").encode()
            tap.check(terminal.wait_for(answer + b"\r\n") and terminal.wait_for(answer + b"\r\n"),
                      f"{name}: a long line is echoed and understood", [terminal.seen.decode("latin-1")])
            terminal.type("poweroff")
            tap.check(terminal.wait_for(b"it is safe to cut the power") or terminal.ended,
                      f"{name}: poweroff switches off, or says when to", [terminal.seen.decode("latin-1")])
        finally:
            terminal.stop()
    terminal = Terminal({"BOARD": "sifive_u"})
    try:
        terminal.wait_for(PROMPT)
        terminal.type("poweroff -r")         # QEMU is told to end in place of a restart
        tap.check(not terminal.wait_for(b"never said") and terminal.ended, "sifive_u: a restart goes through firmware",
                  [terminal.seen.decode("latin-1")])
    finally:
        terminal.stop()
    tap.end()


main()
