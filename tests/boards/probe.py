"""The probe tells of each machine what is known of QEMU's, and the way to start it from the card works."""

import os
import select
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/gates")
sys.path.insert(0, "tools")
import board
import machine
from tap import Tap

PROBE, ARCHIVE = "build/probe/Image", "build/archive.cpio"
LIMIT_SECONDS = 60
DONE = b"probe: done"
QEMU_HARDWARE = ["load, A clear done by the hart, entry is now A-", "store, D clear done by the hart, entry is now AD",
                 "stale code without fence.i 0 of 100", "Sv39 yes"]
MACHINES = [
    ("qemu", {}, ["hart, PLIC context 0, 1", "senvcfg 0x0", "extensions TIME IPI RFNC HSM SRST"]),
    ("qemu-u54", {}, ["senvcfg traps, scause 2", "stimecmp traps, scause 2"]),
    ("icicle", {"harts": "4", "tree": "old"},
     ["timebase 1000000 Hz", "hart, PLIC context 1, 2", "hart, PLIC context 4, 8", "senvcfg traps, scause 2",
      "nobody's registers 0x240000000 to 0x440000000"]),
    ("uboot-vf2", {}, ["loaded at 0x40200000", "device tree at 0x46000000", "firmware's 0x40000000 to 0x40080000"]),
]
# What docs/boards.md says to type, but for the device.
COMMAND = b"fatload virtio 0:3 ${kernel_addr_r} Probe; booti ${kernel_addr_r} - ${fdtcontroladdr}\n"


def read_until(process, text, seen=b""):
    end = time.monotonic() + LIMIT_SECONDS
    while text not in seen and time.monotonic() < end:
        if select.select([process.stdout], [], [], 1)[0]:
            data = os.read(process.stdout.fileno(), 4096)
            if not data:
                break
            seen += data
    return seen


def start(name, folder, kernel, **settings):
    arguments, _ = board.prepare(name, folder, kernel, ARCHIVE, **settings)
    return machine.start(arguments + ["-display", "none", "-monitor", "none", "-serial", "stdio"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def findings(tap, name, settings, expected):
    with tempfile.TemporaryDirectory(dir=board.FOLDER) as folder:
        process = start(name, folder, PROBE, **settings)
        try:
            seen = read_until(process, DONE)
        finally:
            machine.stop(process)
    text = seen.decode("latin-1").partition("probe: what is below Byre")[2]
    lines = [" ".join(line.split()) for line in text.splitlines()]
    tap.check(DONE in seen, f"BOARD={name}: the probe comes to its end", lines)
    missing = [line for line in QEMU_HARDWARE + expected if line not in lines]
    tap.check(not missing, f"BOARD={name}: it finds what this machine is known to do",
              [f"missing: {line}" for line in missing] + lines)


def from_card(tap):
    with tempfile.TemporaryDirectory(dir=board.FOLDER) as folder:
        process = start("uboot", folder, "build/Image")
        try:
            seen = read_until(process, b"Hit any key")
            process.stdin.write(b" ")
            process.stdin.flush()
            seen = read_until(process, b"=> ", seen)
            process.stdin.write(COMMAND)
            process.stdin.flush()
            seen = read_until(process, DONE, seen)
        finally:
            machine.stop(process)
    tap.check(DONE in seen, "typed at U-Boot's prompt, the card's probe starts",
              seen.decode("latin-1").splitlines()[-20:])


def main():
    tap = Tap()
    board.FOLDER.mkdir(parents=True, exist_ok=True)
    for name, settings, expected in MACHINES:
        findings(tap, name, settings, expected)
    from_card(tap)
    tap.end()


main()
