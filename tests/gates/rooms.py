"""Gate: rooms include only what they may, files and the kernel keep their size (tools/rooms.py)."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap


def main():
    tap = Tap()
    result = subprocess.run([sys.executable, "tools/rooms.py"], capture_output=True, text=True)
    lines = (result.stdout + result.stderr).splitlines()
    for line in lines[:1]:
        tap.note(line)
    tap.check(result.returncode == 0, "the rooms of the house are kept", lines)
    tap.end()


main()
