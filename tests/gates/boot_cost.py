"""Gate: the first line within 20 million instructions, the prompt within 40 million, MEM=128M.

A debugger stops where each begins and asks QEMU, which records the run and so counts every
instruction exactly: the same number each time, firmware included.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, "tools")
import machine
from tap import Tap

FIRST_LINE_MAX = 20_000_000
PROMPT_MAX = 40_000_000
PLACES = [("first line", "build/kernel.elf", "arch_console_put", FIRST_LINE_MAX),
          ("prompt", "build/programs/sh", "print_prompt", PROMPT_MAX)]


def instructions_until(elf, function, folder):
    """Instructions from reset until the function is first entered; None if it never is."""
    socket = pathlib.Path(folder, "gdb")
    arguments = machine.command("build/Image", "build/archive.cpio", extra=[
        "-icount", f"shift=0,sleep=off,rr=record,rrfile={folder}/record", "-display", "none", "-monitor", "none", "-serial", "null", "-S",
        "-gdb", f"unix:{socket},server=on,wait=off"])
    process = machine.start(arguments, stdin=subprocess.DEVNULL)
    try:
        while not socket.exists() and process.poll() is None:
            time.sleep(0.05)
        commands = [f"file {elf}", f"target remote {socket}", f"hbreak *{function}", "continue",
                    "monitor info replay"]
        gdb = ["gdb-multiarch", "-q", "-batch"] + [word for text in commands for word in ("-ex", text)]
        output = subprocess.run(gdb, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=100).stdout
    except subprocess.TimeoutExpired:
        return None
    finally:
        machine.stop(process)
    found = re.search(r"instruction count = (\d+)", output)
    return int(found.group(1)) if found else None


def main():
    machine.exit_on_signals()
    tap = Tap()
    for name, elf, function, limit in PLACES:
        with tempfile.TemporaryDirectory() as folder:
            count = instructions_until(elf, function, folder)
        tap.note(f"{name}: {count} instructions")
        tap.check(count is not None and count <= limit,
                  f"the {name} comes within {limit // 1_000_000} million instructions")
    tap.end()


main()
