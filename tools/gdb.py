"""Debug Byre: `make gdb`, PROGRAM=name for a program's or server's symbols too, also of one in ROOT=.

    gdb.py KERNEL_ELF KERNEL ARCHIVE

Starts QEMU stopped, its console on a pseudo-terminal (printed; also in build/gdb-console.log), and
gdb-multiarch connected to it; the settings are those of run.py. Breakpoints work in the kernel and in
user mode, before either runs; those in PROGRAM stop in that program alone (gdb_program.py).
QEMU ends with gdb. GDB_ARGS= goes to gdb.
"""

import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import board
import machine

SOCKET = pathlib.Path("build/gdb.socket")
SCRIPT = pathlib.Path("build/gdb.script")
CONSOLE = pathlib.Path("build/gdb-console.log")
TWO_CLUSTERS = ("sifive_u", "icicle")  # gdb would see the monitor hart's alone


def symbol_file(name):
    """What ROOT= lays over the archive comes first, as it does in the machine."""
    root = machine.setting("ROOT")
    folders = [pathlib.Path(root, "bin")] if root else []
    for folder in folders + [pathlib.Path("build", part) for part in ("programs", "servers", "tests/programs")]:
        if (folder / name).is_file():
            return folder / name
    sys.exit(f"gdb: there is no program or server named {name} in {'ROOT= or ' if root else ''}build/")


def script(kernel_elf):
    lines = ["set pagination off", f"file {kernel_elf}"]
    if machine.setting("PROGRAM"):
        path = symbol_file(machine.setting("PROGRAM"))
        lines += [f'add-symbol-file "{path}"', "python sys.path.insert(0, 'tools')",
                  f"python import gdb_program; gdb_program.begin({str(path)!r})"]
    return "\n".join(lines + [f"target remote {SOCKET}", ""])


def restore_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def debug(kernel_elf, folder, kernel, archive):
    if machine.setting("BOARD") in TWO_CLUSTERS:
        sys.exit(f"gdb: not on {' or '.join(TWO_CLUSTERS)}; use BOARD=qemu-u54")
    SCRIPT.write_text(script(kernel_elf))
    SOCKET.unlink(missing_ok=True)
    try:
        arguments, _ = board.prepare_run(folder, kernel, archive)
    except board.card.Refused as refused:
        sys.exit(f"gdb: {refused}")
    arguments += ["-display", "none", "-monitor", "none", "-S",
                  "-chardev", f"pty,id=console,logfile={CONSOLE}", "-serial", "chardev:console",
                  "-gdb", f"unix:{SOCKET},server=on,wait=off"]
    process = machine.start(arguments, stdin=subprocess.DEVNULL)
    try:
        while not SOCKET.exists() and process.poll() is None:
            time.sleep(0.05)
        gdb = ["gdb-multiarch", "-q", "-x", str(SCRIPT)]
        gdb += machine.extra_arguments(machine.setting("GDB_ARGS"))
        # ^C belongs to gdb.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = subprocess.call(gdb, preexec_fn=restore_interrupt)
    finally:
        machine.stop(process)
        SOCKET.unlink(missing_ok=True)
    return status


def main():
    kernel_elf, kernel, archive = sys.argv[1:]
    machine.exit_on_signals()
    board.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=board.FOLDER) as folder:
        sys.exit(debug(kernel_elf, folder, kernel, archive))


main()
