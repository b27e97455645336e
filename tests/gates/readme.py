"""Gate on the README's transcript: what it shows is typed at the machine, and must come out: the same words, and
numbers that are near (a tenth, or a few): they change a little with each build.
"""

import os
import pathlib
import re
import select
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

LIMIT_SECONDS = 60
PROMPT = "byre$ "
NUMBER = re.compile(r"\d+")
NEAR_PART, NEAR_LEAST = 0.1, 8


def transcript(readme):
    """The lines before the first prompt, and [(what is typed, [lines of its answer])]."""
    block = re.search(r"^```\n\$ make run\n(.*?)^```$", readme, re.M | re.S).group(1).splitlines()
    first = next(i for i, line in enumerate(block) if line.startswith(PROMPT))
    commands = []
    for line in block[first:]:
        if line.startswith(PROMPT):
            commands.append((line.removeprefix(PROMPT), []))
        else:
            commands[-1][1].append(line)
    return block[:first], commands


def differs(shown, real):
    """Why the lines are not what the README shows; None when they are."""
    if len(shown) != len(real):
        return f"{len(real)} lines, not {len(shown)}"
    for one, other in zip(shown, real):
        if NUMBER.sub("#", one).split() != NUMBER.sub("#", other).split():
            return f"it says: {other}"
        for a, b in zip(map(int, NUMBER.findall(one)), map(int, NUMBER.findall(other))):
            if abs(a - b) > max(NEAR_LEAST, NEAR_PART * max(a, b)):
                return f"{b}, not {a}, in: {other}"
    return None


class Terminal:
    def __init__(self):
        cleared = {name: "" for name in ("V", "MEM", "SMP", "BOOTARGS", "QEMU_ARGS", "RUN", "BOARD", "TREE")}
        self.process = subprocess.Popen(
            [sys.executable, "tools/run.py", "build/Image", "build/archive.cpio"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, **cleared))
        self.end = time.monotonic() + LIMIT_SECONDS

    def until(self, text):
        """What comes before the text, as lines; all of it when the machine ends or the time is up."""
        seen = b""
        while text.encode() not in seen and (left := self.end - time.monotonic()) > 0:
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 4096)
                if not data:
                    break
                seen += data
        return seen.decode("latin-1").replace("\r", "").partition(text)[0].splitlines()

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()


def main():
    tap = Tap()
    opening, commands = transcript(pathlib.Path("README.md").read_text())
    terminal = Terminal()
    try:
        seen = terminal.until(PROMPT)
        for line in opening:
            if line != "...":
                tap.check(line in seen, f"the README's \"{line}\" comes out", seen)
        for command, shown in commands[:-1]:
            terminal.type(command)
            real = terminal.until(PROMPT)[1:]  # behind the echo
            wrong = differs(shown, real)
            tap.check(wrong is None, f"the README's answer to \"{command}\"", [str(wrong), *real])
        terminal.type(commands[-1][0])
        terminal.until("\0")
        tap.check(terminal.process.wait(LIMIT_SECONDS) == 0, f"\"{commands[-1][0]}\" ends the machine")
    finally:
        terminal.process.terminate()
    tap.end()


main()
