"""The bench on a Linux kernel, beside Byre's: `make bench-linux KERNEL=Image`.

    linux.py KERNEL ARCHIVE [--large]

KERNEL is a riscv64 Linux Image, ARCHIVE what `make bench-linux` built: its /init is the same program. Each
system runs twice on the same machine: under -icount, which gives instructions, and by the host's
clock, of which only the ratio means anything; a busy host spoils it. On Linux an instruction is read
off the clock, a hundred at a time: means are right, a single short operation's is not.
"""

import pathlib
import re
import sys

import counts
import figures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import machine  # noqa: E402  (found through the line above)

SIZES = {"small": "512M", "large": figures.LARGE_MEMORY}
TICK_NANOSECONDS = 100
COUNTER = re.compile(r"# the counter went on by (\d+), the clock by (\d+)")
KERNEL_ARGUMENTS = "console=ttyS0 quiet transparent_hugepage=never"
TIMEOUT_SECONDS = 3000


def run(kernel, archive, size, arguments, qemu):
    """{name: nanoseconds} of one boot; under -icount one is an instruction."""
    command = machine.command(kernel, archive, SIZES[size], bootargs=arguments,
                              extra=[*qemu, "-display", "none", "-monitor", "none", "-serial", "stdio"])
    text, _ = machine.listen(command, TIMEOUT_SECONDS, f"bench: {kernel}")
    speed = COUNTER.search(text)
    if not speed:
        sys.exit(f"{text[-2000:]}\nbench: {kernel}: the bench did not come to its end")
    nanoseconds = TICK_NANOSECONDS * int(speed[2]) / int(speed[1])
    lines = [line.replace("\x02", "").split() for line in text.splitlines()]
    return {words[1]: int(words[3]) / int(words[5]) * nanoseconds for words in lines
            if len(words) == 7 and words[0] == "bench" and words[6] == "instructions"}


def both(kernel, archive, size, qemu):
    ours = run(counts.BUILD / "Image", counts.BUILD / "tests/system.cpio", size,
               machine.bootargs_with_run("", f"bench {size}"), qemu)
    return ours, run(kernel, archive, size, f"{KERNEL_ARGUMENTS} -- {size}", qemu)


def main():
    kernel, archive, *rest = sys.argv[1:]
    machine.exit_on_signals()
    counts.chdir_to_root()
    print(f"{'':24}{'Byre':>12}{'Linux':>14}{'ratio':>8}{'ratio of time':>16}")
    for size in SIZES if rest == ["--large"] else ["small"]:
        ours, theirs = both(kernel, archive, size, ["-icount", "shift=0,sleep=off"])
        our_time, their_time = both(kernel, archive, size, [])
        for name in (name for name in ours if name in theirs and name in our_time and name in their_time):
            print(f"{name:24}{ours[name]:12,.0f}{theirs[name]:14,.0f}{theirs[name] / ours[name]:8.1f}"
                  f"{their_time[name] / our_time[name]:16.1f}", flush=True)


main()
