"""The kernel beside a shadow of what each hart's TLB may hold (shadow.c): whole systems run without a word from
it, and each mutant of kernel or pager, with one fence or one hart forgotten, is caught.

    mutants.py [NAME...]
"""

import concurrent.futures
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / path) for path in ("tools", "tests/target", "tests/gates")]
import exact
import machine
from tap import Tap

SHADOW = pathlib.Path("build/shadow")
SYSTEM = "build/tests/system.cpio"
STORES = ["kernel/core/ipc.c", "kernel/core/ipc_fault.c"]  # what a header is mutated for
TIMEOUT_SECONDS = 120
SEED = 3
SAID = re.compile(r"kernel panic: shadow: .*")

SCRUB = "build/tests/kernel/scrub.cpio"  # an init of its own, instead of a line
# Harts, boot arguments, line.
GOOD = [("1", "", "exit_orders && regions && memaudit"),
        ("1", "asid_bits=2 preempt=3,100", "exit_orders && memaudit"),
        ("4", "preempt=3,400", "exit_orders && siblings && stale 6 && memaudit"),
        ("4", "asid_bits=3 preempt=5,400", "exit_orders && two_writers && memaudit"),
        ("4", "asid_bits=0", "stale 10 100 && regions && memaudit"),
        ("4", "", SCRUB)]
FORKS, REGIONS, THREADS, RENUMBERED, NO_NUMBERS, WRITERS = (
    ("1", "", "exit_orders"), ("1", "", "regions"), ("4", "", "stale 6"), ("4", "asid_bits=3", "exit_orders"),
    ("1", "asid_bits=0", "exit_orders"), ("4", "", "siblings"))
# Name, run, file, text that occurs there once, what stands there instead.
ASID, REMOVE = "kernel/riscv/asid.c", "servers/pager/cow_remove.c"
MUTANTS = [
    ("the pager forks and does not flush", FORKS, "servers/pager/cow_fork.c",
     "protects ? 0 : parent->cap", "0"),
    ("the pager unmaps and does not flush", REGIONS, REMOVE,
     "    if (whole || emptied) {\n        flush_range(s, first, end, whole);\n    }", "    (void)whole, (void)flush_range;"),
    ("the pager protects and does not flush", REGIONS, REMOVE,
     "    flush_range(s, first, end, false);", "    (void)s, (void)first, (void)end;"),
    ("a space's flush forgets this hart", FORKS, ASID,
     "    if ((mask & own) != 0) {\n        fence_number(space->asid);", "    if (own == 0) {\n        fence_number(space->asid);"),
    ("a space's flush forgets the other harts", THREADS, ASID, "if ((mask & ~own) != 0) {", "if ((mask & ~own) == 99) {"),
    ("a page's flush forgets the other harts", WRITERS, ASID,
     "sbi_fence(mask & ~own, SBI_FENCE_ASID, address.value", "sbi_fence(0, SBI_FENCE_ASID, address.value"),
    ("a page's flush asks for the next page", WRITERS, ASID,
     "SBI_FENCE_ASID, address.value, PAGE_BYTES", "SBI_FENCE_ASID, address.value + PAGE_BYTES, PAGE_BYTES"),
    ("a page that is replaced is not flushed", FORKS, "kernel/core/fault.h",
     "        arch_flush_page(faulter->space, address);\n    }\n    table_write(", "    }\n    table_write("),
    ("a hart that loads a space is not noted", ("4", "preempt=2,2000", "stale 60 2 3"), ASID, "space->harts |= bit_of(hart);", "space->harts = bit_of(hart);"),
    ("a generation begins without a fence", RENUMBERED, ASID,
     "    arch_flush_all();\n}\n\nstatic bool number_is_kept", "}\n\nstatic bool number_is_kept"),
    ("a number is given again while a hart has it loaded", ("4", "asid_bits=3 preempt=2,2000", "exit_orders && exit_orders && exit_orders && two_writers"), ASID, "while (number_is_kept(number_last));",
     "while (hart_count == 0 && number_is_kept(number_last));"),
    ("a number that was kept is given again when it is not loaded", RENUMBERED, ASID,
     "if (riscv_hart_of(harts[i])->kept_number == number) {",
     "if (riscv_hart_of(harts[i])->kept_number == number && hart_space(harts[i]) != NULL && hart_space(harts[i])->asid == number) {"),
    ("without numbers, a change of space does not fence", NO_NUMBERS, ASID,
     "csr_write(satp, space->translation);\n        fence_number(0);", "csr_write(satp, space->translation);"),
    ("without numbers, a flush forgets the other harts", ("4", "asid_bits=0", "stale 6"), ASID,
     "return loaded_mask(space);", "return bit_of(arch_this_hart());"),
    ("a chunk leaves the window without a fence", ("4", "", SCRUB), "kernel/riscv/paging.c", "= 0;\n    arch_flush_all();", "= 0;"),
]


def read_how():
    """{product: command}, as build.mk wrote them."""
    return dict(line.split("=", 1) for line in (SHADOW / "how").read_text().splitlines())


def call(words):
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{shlex.join(words)}\n{result.stderr}")


def boot(image, archive, run):
    """(exit status or None when the time was up, what the shadow said, the end of the output)"""
    harts, bootargs, line = run
    if line == SCRUB:
        archive, line = SCRUB, ""
    with exact.command(image, archive, "64M", harts, machine.bootargs_with_run(bootargs, line), seed=SEED) as arguments:
        child = machine.start([*arguments, "-display", "none", "-monitor", "none", "-serial", "stdio"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, status = b"", None
        timer = threading.Timer(TIMEOUT_SECONDS, child.kill)
        timer.start()
        try:
            for part in iter(lambda: child.stdout.read1(65536), b""):
                output += part
                if SAID.search(output.decode("latin-1")) and b"\n" in output.split(b"kernel panic: ")[-1]:
                    break  # it stays so for ever
            else:
                status = child.wait()
        finally:
            timer.cancel()
            machine.stop(child)
    text = output.decode("latin-1")
    said = SAID.search(text)
    return status, said[0].strip() if said else None, text[-1500:].splitlines()


def build_kernel(place, how, objects):
    words = shlex.split(how["kernel"])
    for source, product in objects.items():
        words[words.index(f"build/shadow/obj/{source}.o")] = str(product)
    call([*words, "-o", str(place / "kernel.elf")])
    call(["riscv64-unknown-elf-objcopy", "-O", "binary", str(place / "kernel.elf"), str(place / "Image")])
    return place / "Image", SYSTEM


def build_pager(place, how, objects, program):
    words = shlex.split(how["pager"])
    for source, product in objects.items():
        words[words.index(f"build/obj/server/{source}.o")] = str(product)
    call([*words, "-o", str(place / "pager")])
    members = [member for member in how["members"].split() if not member.startswith("servers/pager=")]
    call(["env", *shlex.split(how["archive"]), str(place / "archive"), *members, f"servers/pager={place / 'pager'}",
          f"bin/{program}=build/tests/programs/{program}"])
    return SHADOW / "Image", place / "archive"


def build(name, run, path, old, new, how):
    """The mutant's (image, archive)."""
    place = SHADOW / "mutants" / name.replace(" ", "_").replace("'", "")
    text = pathlib.Path(path).read_text()
    if text.count(old) != 1:
        raise RuntimeError(f"{path} holds this {text.count(old)} times, not once: {old!r}")
    mutated = place / path.removeprefix("kernel/") if path.endswith(".h") else place / path
    shutil.rmtree(place, ignore_errors=True)
    mutated.parent.mkdir(parents=True)
    mutated.write_text(text.replace(old, new))
    objects = {}
    for source in STORES if path.endswith(".h") else [path]:
        objects[source] = place / (pathlib.Path(source).name + ".o")
        kept = SHADOW / "obj" / (source + ".o.command")
        command = shlex.split(kept.read_text() if source.startswith("kernel/") else how["server"])
        call([command[0], f"-I{place}", *command[1:], f"-I{pathlib.Path(source).parent}", "-MF", "/dev/null", "-c",
              source if path.endswith(".h") else str(mutated), "-o", str(objects[source])])
    if path.startswith("kernel/"):
        return build_kernel(place, how, objects)
    return build_pager(place, how, objects, run[2].split()[0])


def try_mutant(mutant, how):
    name, run, path, old, new = mutant
    try:
        image, archive = build(name, run, path, old, new, how)
    except RuntimeError as error:
        return False, [str(error)]
    _, said, end = boot(image, archive, run)
    return said is not None, [said] if said else end


def main():
    machine.exit_on_signals()
    tap, how = Tap(), read_how()
    chosen = [mutant for mutant in MUTANTS if not sys.argv[1:] or mutant[0] in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        good = [] if sys.argv[1:] else list(pool.map(lambda run: boot(SHADOW / "Image", SYSTEM, run), GOOD))
        mutants = list(pool.map(lambda mutant: try_mutant(mutant, how), chosen))
    for (harts, bootargs, line), (status, said, end) in zip(GOOD, good):
        tap.check(status == 0 and said is None, f"nothing stale: SMP={harts} {bootargs}: {line}", [said, *end])
    for mutant, (is_caught, details) in zip(chosen, mutants):
        tap.check(is_caught, f"caught: {mutant[0]}", details)
        if is_caught:
            tap.note(details[0])
    tap.end()


main()
