"""A watchdog that firmware left running is stopped by init, and bites when firmware knows no restart, on a
machine where memory plays its registers.

The Icicle Kit has memory that no tree of ours names; a tree that puts the JH7110's watchdog and clock
generator there, and values as firmware would leave them, show the way from tree to register. What the
registers then hold, QEMU's monitor says.
"""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/gates")
sys.path.insert(0, "tools")
import board
import jh7110
import machine
from tap import Tap

WATCHDOG, CLOCKS = 0x08000000, 0x08001000
LOAD, CONTROL, LOCK = WATCHDOG, WATCHDOG + 0x8, WATCHDOG + 0xc00
BUS_CLOCK = CLOCKS + 4 * 122
ON, RUNNING = 0x80000000, 3
LIMIT_SECONDS = 40
LAST_WORD_SECONDS = 1
FIRE_TICKS = 240000
NODES = f"""
watchdog@{WATCHDOG:x} {{ compatible = "starfive,jh7110-wdt"; reg = <0 {WATCHDOG:#x} 0 0x1000>; }};
clock-controller@{CLOCKS:x} {{ compatible = "starfive,jh7110-syscrg"; reg = <0 {CLOCKS:#x} 0 0x1000>; }};
"""


def preset(address, value):
    return ["-device", f"loader,addr={address:#x},data={value:#x},data-len=4"]


def boot(clock, awaited=b"byre$ ", line="", registers=(CONTROL, LOCK)):
    """(console, the registers) once what is awaited has been said."""
    with tempfile.TemporaryDirectory(dir=board.FOLDER) as folder:
        arguments, _ = board.prepare("icicle", folder, "build/Image", "build/archive.cpio",
                                     bootargs=machine.bootargs_with_run("", line), extra=[*preset(CONTROL, RUNNING), *preset(BUS_CLOCK, clock)])
        console = os.path.join(folder, "console")
        process = machine.start(arguments + ["-display", "none", "-monitor", "stdio", "-serial", f"file:{console}"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + LIMIT_SECONDS
            while time.monotonic() < end and awaited not in read(console):
                time.sleep(0.1)
            time.sleep(LAST_WORD_SECONDS if line else 0)
            asked = "".join(f"xp /1wx {register:#x}\n" for register in registers)
            output, _ = process.communicate(f"{asked}quit\n".encode(), timeout=LIMIT_SECONDS)
            words = re.findall(rb"^0*[0-9a-f]+: 0x([0-9a-f]{8})", output.replace(b"\r", b""), re.MULTILINE)
            return read(console).decode("latin-1"), *(int(word, 16) for word in words)
        finally:
            machine.stop(process)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def main():
    tap = Tap()
    board.FOLDER.mkdir(parents=True, exist_ok=True)
    plain = jh7110.source
    jh7110.source = lambda stand_in: plain(dataclasses.replace(stand_in, devices=NODES))
    said = "init: firmware left the watchdog running; stopped"
    text, control, lock = boot(ON)
    tap.check(said in text and control == 0, "a running watchdog is stopped", [hex(control), *text.splitlines()[-5:]])
    tap.check(lock not in (0, 0x1acce551), "and locked again", [hex(lock)])
    text, control, lock = boot(0)
    tap.check("byre$ " in text and said not in text and (control, lock) == (RUNNING, 0),
              "without its clock its registers are left alone", [hex(control), hex(lock), *text.splitlines()[-5:]])
    # OpenSBI on this machine has no SRST: what is left is the watchdog, running and about to reset.
    text, control, load = boot(ON, b"restarting", "echo restarting; poweroff -r", (CONTROL, LOAD))
    tap.check((control, load) == (RUNNING, FIRE_TICKS), "a restart that firmware does not know is the watchdog's",
              [hex(control), hex(load), *text.splitlines()[-5:]])
    tap.end()


main()
