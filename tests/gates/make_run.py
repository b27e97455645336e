"""Gates on `make run` with the real system: what goes in, what comes out, and how it ends."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

TIMEOUT_SECONDS = 60
LINES = 500  # more input than the console keeps for who does not read yet
SETTINGS = ("V", "MEM", "SMP", "BOOTARGS", "ROOT", "QEMU_ARGS", "RUN", "BOARD", "TREE", "MAKEFLAGS", "MAKELEVEL")


def command(settings):
    return ["make", "--no-print-directory", "run", f"TIMEOUT={TIMEOUT_SECONDS}", *settings]


def environment(folder):
    cleared = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return dict(cleared, LOG=str(folder / "log"))


def make_run(*settings, stdin="", folder):
    return subprocess.run(command(settings), input=stdin, capture_output=True, text=True, env=environment(folder))


def impatient_reader(tap, folder):
    """As `make run RUN=... | head -1`."""
    began = time.monotonic()
    process = subprocess.Popen(command(["RUN=echo one; sleep 1; echo two; sleep 40"]), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(folder))
    first = process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().decode()
    status = process.wait()
    tap.check(first == b"one\n" and status == 0 and not said and time.monotonic() - began < 30,
              "a reader that has enough ends the run quietly", [repr(first), str(status), *said.splitlines()])


def outputs(tap, folder):
    result = make_run("RUN=echo one; echo two", folder=folder)
    tap.check(result.returncode == 0 and result.stdout == "one\ntwo\n", "stdout is what the line printed",
              [str(result.returncode), repr(result.stdout), result.stderr])
    result = make_run("RUN=echo here; sh -c 'exit 7'", folder=folder)
    tap.check(result.returncode != 0 and "exit status 7" in result.stderr, "the line's exit status is told",
              [str(result.returncode), result.stderr])
    result = make_run("RUN= ", folder=folder)
    tap.check(result.returncode == 0 and result.stdout == "", "an empty line ends with status 0",
              [str(result.returncode), repr(result.stdout)])
    result = make_run("RUN=true", "V=1", "BOOTARGS=overcommited preempt=x overcommit", folder=folder)
    strangers = [line for line in result.stderr.splitlines() if line.startswith("init: the boot argument")]
    tap.check(len(strangers) == 2 and "overcommited" in strangers[0] and "preempt=x" in strangers[1],
              "boot arguments that nobody knows are named", strangers)
    (folder / "root/bin").mkdir(parents=True)
    shutil.copy("build/programs/echo", folder / "root/bin/tell")
    (folder / "root" / os.fsdecode(b"no \xff text\n")).write_text("")
    result = make_run(f"ROOT={folder / 'root'}", "RUN=tell from a folder", folder=folder)
    tap.check(result.stdout == "from a folder\n", "ROOT= lays programs over the archive", [result.stdout, result.stderr])


def wrong_files(tap, folder):
    """What lies in ROOT= and cannot be run is refused in one sentence that names it."""
    program = pathlib.Path("build/programs/echo").read_bytes()
    foreign = program[:18] + (62).to_bytes(2, "little") + program[20:]
    cases = (("of another machine", "bin/wrong", foreign, "is no RISC-V program"),
             ("without its end", "bin/wrong", program[:len(program) // 2], "is cut off"),
             ("of a few bytes", "bin/wrong", program[:20], "is cut off"),
             ("whose sections are nonsense", "bin/wrong",
              program[:62] + b"\xff\x00" + program[64:], "is damaged"),
             ("that is no program in init's place", "servers/init", b"junk\n", "is no ELF file"))
    for number, (what, name, data, reason) in enumerate(cases):
        path = folder / f"wrong{number}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        result = make_run(f"ROOT={folder / f'wrong{number}'}", "RUN=true", folder=folder)
        said = [line for line in result.stderr.splitlines() if not line.startswith("make")]
        tap.check(result.returncode != 0 and len(said) == 1 and said[0].startswith(f"archive: {path} {reason}"),
                  f"a file {what} is refused in a sentence", result.stderr.splitlines())


def inputs(tap, folder):
    result = make_run("RUN=sh; sh; echo end", folder=folder)
    tap.check(result.returncode == 0 and result.stdout.endswith("end\n"),
              "without input a program that reads meets the end, and the next one too",
              [str(result.returncode), result.stdout, result.stderr])
    result = make_run("RUN=sh", stdin="echo one\necho half", folder=folder)
    tap.check("one\n" in result.stdout and "half\n" in result.stdout, "what is piped in is what the line reads",
              [result.stdout, result.stderr])
    result = make_run("RUN=sh", stdin="".join(f"echo line {i}.\n" for i in range(LINES)), folder=folder)
    missing = [i for i in range(LINES) if f"line {i}.\n" not in result.stdout]
    tap.check(result.returncode == 0 and not missing, "and no line of much is lost", [str(missing)])


def failures(tap, folder):
    large = folder / "it's large" / "bin/large"
    large.parent.mkdir(parents=True)
    with open(large, "wb") as file:
        file.truncate(100 << 20)
    for board, reason in (("qemu", "MEM=128M has room for"), ("sifive_u", "MEM=128M has room for"),
                          ("icicle", "MEM=128M has room for"), ("uboot", "the card's partition has room for")):
        result = make_run("RUN=true", f"BOARD={board}", f"ROOT={large.parents[1]}", folder=folder)
        said = [line for line in result.stderr.splitlines() if not line.startswith("make")]
        tap.check(result.returncode != 0 and len(said) == 1 and said[0].startswith("run: ") and reason in said[0],
                  f"BOARD={board}: a ROOT= that is too large is refused in a sentence", result.stderr.splitlines())
    result = make_run("RUN=true", "MEM=512M", f"ROOT={large.parents[1]}", folder=folder)
    tap.check(result.returncode == 0, "and taken where there is memory for it", result.stderr.splitlines())
    result = make_run("RUN=true", "SMP=9", folder=folder)
    tap.check(result.returncode != 0 and "run: qemu takes SMP=1 to SMP=8, not 9" in result.stderr,
              "more harts than a board takes are refused", [result.stderr])
    result = make_run(stdin="ps\n", folder=folder)
    tap.check(result.returncode == 2 and "give RUN=" in result.stderr and result.stdout == "",
              "without a line and without a terminal it refuses", [str(result.returncode), result.stderr])
    began = time.monotonic()
    result = make_run("RUN=ps", "MEM=6M", folder=folder)
    tap.check(result.returncode != 0 and "cannot boot: there is not enough memory" in result.stderr
              and time.monotonic() - began < TIMEOUT_SECONDS / 2,
              "a machine that cannot boot is not waited for, and why is told", [result.stderr])
    began = time.monotonic()
    result = make_run("RUN=ps", "QEMU_ARGS=-machine virt,aia=aplic", folder=folder)
    tap.check(result.returncode != 0 and "init: system panic: " in result.stderr
              and time.monotonic() - began < TIMEOUT_SECONDS / 2,
              "nor is an init that cannot go on", [result.stderr])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        for part in (outputs, impatient_reader, wrong_files, inputs, failures):
            part(tap, pathlib.Path(name))
    tap.end()


main()
