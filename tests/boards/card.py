"""The card's image: the same bit for bit, laid out as StarFive's firmware expects, with the right files."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "tests/gates")
from tap import Tap

FILES = {"Image": "build/Image", "archive.cpio": "build/archive.cpio"}
BOOT_START = 8 << 20
LAYOUT = {1: ("2E54B353-1271-4842-806F-E436D6AF6985", 4096), 2: ("5B193300-FC78-40CD-8002-E86C45580B47", 8192),
          3: ("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", 16384)}
PATHS = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", MTOOLS_SKIP_CHECK="1", TZ="UTC")


def build(board, image, **environment):
    return subprocess.run([sys.executable, "tools/card.py", board, "build/Image", "build/archive.cpio", image],
                          capture_output=True, text=True, env=dict(os.environ, BOOTARGS="", **environment))


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, env=PATHS).stdout


def file_of(image, name):
    return output("mtype", "-i", f"{image}@@{BOOT_START}", f"::/{name}")


def reproducible(tap, folder):
    first, second = folder / "first.img", folder / "second.img"
    result = build("visionfive2", first, TZ="Pacific/Auckland")
    tap.check(result.returncode == 0, "the image is built, without root", result.stderr.splitlines())
    time.sleep(2.1)                      # FAT counts in two seconds
    old = os.umask(0o077)
    build("visionfive2", second, TZ="UTC")
    os.umask(old)
    tap.check(first.read_bytes() == second.read_bytes(), "built twice, it is the same bit for bit")
    build("visionfive2", second, SOURCE_DATE_EPOCH="1600000000")
    tap.check(first.read_bytes() != second.read_bytes(), "and the date in it is SOURCE_DATE_EPOCH's")
    return first


def layout(tap, image):
    verdict = output("sgdisk", "--verify", image).decode()
    tap.check("No problems found" in verdict, "its partition table is sound", verdict.splitlines())
    for number, (kind, start) in LAYOUT.items():
        facts = output("sgdisk", f"--info={number}", image).decode()
        tap.check(kind in facts and f"First sector: {start} " in facts,
                  f"partition {number} has the type and the place that firmware looks for", facts.splitlines())
    tap.check("Attribute flags: 0000000000000004" in output("sgdisk", "--info=3", image).decode(),
              "partition 3 is marked bootable, for U-Boot's bootflow")


def contents(tap, folder, image):
    for name, path in FILES.items():
        tap.check(file_of(image, name) == pathlib.Path(path).read_bytes(), f"{name} is the one that was built")
    traces = [name for name in (*FILES, "Probe") for trace in (os.getcwd(), os.path.expanduser("~/"), time.strftime("%Y-%m"))
              if trace.encode() in file_of(image, name)]
    tap.check(not traces, "and tells nothing of where and when", traces)
    tap.check(b"kernel /Image" in file_of(image, "extlinux/extlinux.conf"), "there is an extlinux.conf")
    tap.check(b"boot2=" in file_of(image, "vf2_uEnv.txt"), "there is a vf2_uEnv.txt")
    other = folder / "arguments.img"
    build("qemu", other)
    subprocess.run([sys.executable, "tools/card.py", "qemu", "build/Image", "build/archive.cpio", other],
                   env=dict(os.environ, BOOTARGS="run='echo $A'"), capture_output=True)
    tap.check(file_of(other, "extlinux/extlinux.conf").endswith(b"append run=\\'echo \\$A\\'\n"),
              "boot arguments are escaped for U-Boot", [str(file_of(other, "extlinux/extlinux.conf"))])
    tap.check(file_of(other, "vf2_uEnv.txt").startswith(b"bootargs=run='echo $A'\n"),
              "and stand as they are in vf2_uEnv.txt")
    refused = build("toaster", other)
    tap.check(refused.returncode != 0 and "visionfive2" in refused.stderr, "an unknown board is refused by name")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        image = reproducible(tap, folder)
        layout(tap, image)
        contents(tap, folder, image)
    tap.end()


main()
