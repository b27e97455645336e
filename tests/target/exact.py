"""Machines whose run is the same each time: time in them counts instructions, one a nanosecond, and idle
time passes at once, whatever else the host does.

Several harts then take turns in one thread of QEMU's. A turn ends when a timer of the machine is due;
where none is, a hart that spins for a lock keeps the one that holds it waiting for long. So the machine
gets a timer that nobody hears, in a filter of a network without an end. When it is due, the hart whose
turn is next spends it on running timers (QEMU before 8.1): with all turns of one length, each second one
would never run. So between two harts stands one that the device tree calls disabled.

The length of a turn comes from the seed, so another seed is another schedule, beside random preemption.
"""

import contextlib
import pathlib
import subprocess
import tempfile

import machine

TURN_US, TURN_US_MIN, TURN_US_CHOICES = 10, 5, 16


def turn_of_seed(seed):
    return TURN_US_MIN + seed % TURN_US_CHOICES if seed else TURN_US


def write_tree(path, arguments, cpus):
    """The machine's device tree, with each second hart disabled."""
    subprocess.run([*arguments, "-machine", f"dumpdtb={path}", "-display", "none"], check=True, capture_output=True)
    for cpu in range(1, cpus, 2):
        subprocess.run(["fdtput", "-t", "s", str(path), f"/cpus/cpu@{cpu:x}", "status", "disabled"], check=True)


@contextlib.contextmanager
def command(kernel, archive, memory, harts, bootargs, extra=(), seed=0, is_typed=False, turn_us=None, shift=0):
    """QEMU's arguments, as machine.command's. With is_typed idle time passes as the host's does. An instruction takes 2
    to the power of shift nanoseconds: what makes turns shorter than a microsecond's."""
    cpus = 2 * int(harts) - 1
    arguments = [*machine.command(kernel, archive, memory, cpus, bootargs, extra),
                 "-icount", f"shift={shift},sleep={'on' if is_typed else 'off'}", "-rtc", "clock=vm"]
    if cpus == 1:
        yield arguments
        return
    with tempfile.TemporaryDirectory(prefix="byre-tree-") as folder:
        tree = pathlib.Path(folder, "tree.dtb")
        write_tree(tree, arguments, cpus)
        yield [*arguments, "-dtb", str(tree), "-netdev", "hubport,id=nowhere,hubid=0",
               "-object", f"filter-buffer,id=turns,netdev=nowhere,interval={turn_us or turn_of_seed(seed)}"]
