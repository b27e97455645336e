#!/usr/bin/env python3
"""Does the checker see what it is there to see?

Each mutant is the pager with one protection or one flush taken out: a text of one source file,
which must occur there exactly once, replaced by another. Every mutant is built and must make the
checker fail. A mutant that survives, or a text that no longer matches, fails this test.

    mutants.py BUILD_DIR [NAME...]      TAP on stdout
"""

import concurrent.futures
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

from mutants_list import MUTANTS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUNS = [  # tried in turn until one fails
    "--seed 1 --steps 12000 --audit-every 100 --chunks 12 --fierce",
    "--seed 2 --steps 12000 --audit-every 100 --chunks 8",
    "--seed 9 --steps 12000 --audit-every 100 --chunks 12 --beside",
    "--seed 10 --steps 20000 --audit-every 200 --chunks 6 --beside --fierce",
    "--seed 5 --steps 60000 --audit-every 300 --chunks 10 --beside",
    "--seed 46 --steps 40000 --audit-every 300 --chunks 12 --beside --fierce",
    "--seed 68 --steps 20000 --audit-every 300 --chunks 12 --beside --fierce",
    "--seed 63 --steps 20000 --audit-every 300 --chunks 12 --fierce",
    "--seed 3 --steps 20000 --audit-every 200 --chunks 8",
    "--seed 4 --steps 20000 --audit-every 200 --chunks 6 --shortage --fierce",
    "--seed 5 --steps 20000 --audit-every 200 --chunks 5 --overcommit --fierce",
    "--seed 6 --steps 60000 --audit-every 500 --chunks 16 --fierce",
    "--seed 7 --steps 60000 --audit-every 500 --chunks 8 --shortage",
    "--seed 26 --steps 60000 --audit-every 500 --chunks 12 --fierce",
    "--seed 8 --steps 90000 --audit-every 500 --chunks 9 --fierce",
]
TIMEOUT_SECONDS = 60


def mutate(edits):
    """The changed files, by path."""
    texts = {}
    for path, old, new in edits:
        if path not in texts:
            with open(path, encoding="utf-8") as file:
                texts[path] = file.read()
        if texts[path].count(old) != 1:
            raise ValueError(f"{path} holds this {texts[path].count(old)} times, not once: {old!r}")
        texts[path] = texts[path].replace(old, new)
    return texts


def objects_of(path, objects):
    """Where the checker's build put the object of a source file: one, or none."""
    room = "pager" if path.startswith("servers/pager/") else "checker"
    name = f"/{room}/{os.path.basename(path)[:-2]}.o"
    return [o for o in objects if o.endswith(name)]


def has_object(path, objects):
    return len(objects_of(path, objects)) == 1


def build(directory, name, edits):
    """The mutated sources are compiled; all else is linked as the checker's build left it."""
    place = os.path.join(directory, "mutants", name)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(directory, "compile"), encoding="utf-8") as file:
        compiler = shlex.split(file.read())
    with open(os.path.join(directory, "objects"), encoding="utf-8") as file:
        objects = file.read().split()
    texts = mutate(edits)
    for path, text in texts.items():
        with open(os.path.join(place, os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text)
    sources = list(texts)
    if any(path.endswith(".h") for path in texts):  # compile whatever may include it
        sources = [path for path in glob.glob("servers/pager/*.c") + glob.glob("tests/model/*.c")
                   if has_object(path, objects)]
        for path in glob.glob("servers/pager/*.h") + glob.glob("tests/model/*.h"):
            if path not in texts:  # headers include each other: so that they find the mutant, too
                shutil.copy(path, place)
    for path in sources:
        source = os.path.join(place, os.path.basename(path))
        if path not in texts:  # an includer: beside the header, so that it is found first
            shutil.copy(path, source)
        made = source[:-2] + ".o"
        subprocess.run(compiler[:1] + ["-I" + place] + compiler[1:] + ["-w", "-c", source,
                       "-o", made], check=True)
        if not has_object(path, objects):
            raise ValueError(f"{path} is not built into the checker")
        objects[objects.index(objects_of(path, objects)[0])] = made
    binary = os.path.join(place, "model")
    subprocess.run(compiler + objects + ["-o", binary], check=True)
    return binary


def hunt(binary):
    """The first run that fails, and how; None when all pass."""
    for run in RUNS:
        try:
            done = subprocess.run([binary] + run.split(), capture_output=True, text=True,
                                  timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return f"hangs with {run}"
        if done.returncode != 0:
            why = re.search(r"# model: (.*)", done.stderr)
            step = re.search(r"step (\d+)", done.stderr)
            return (f"seed {run.split()[1]} step {step.group(1) if step else '?'}: "
                    f"{why.group(1) if why else 'status ' + str(done.returncode)}")
    return None


def check(directory, mutant):
    name, edits = mutant
    try:
        found = hunt(build(directory, name, edits))
    except (ValueError, subprocess.CalledProcessError) as error:
        return name, False, str(error)
    return name, found is not None, found or "survives"


def main():
    directory = os.path.abspath(sys.argv[1])
    os.chdir(ROOT)
    chosen = [m for m in MUTANTS if len(sys.argv) == 2 or m[0] in sys.argv[2:]]
    print(f"1..{len(chosen) + 1}", flush=True)
    found = hunt(os.path.join(directory, "model"))
    failed = found is not None
    print(f"{'not ok' if failed else 'ok'} 1 - the pager as it is passes these runs", flush=True)
    print(f"# {found}" if failed else f"# {len(RUNS)} runs", flush=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        results = pool.map(lambda mutant: check(directory, mutant), chosen)
        for number, (name, caught, detail) in enumerate(results, 2):
            failed += not caught
            print(f"{'ok' if caught else 'not ok'} {number} - mutant {name}", flush=True)
            print(f"# {detail}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
