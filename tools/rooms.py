"""Check the house rules that a compiler does not: who includes whom, the size of files and of the
kernel, and that each file begins by saying what it is.

    rooms.py [--kernel-limit LINES]

Reads tools/rooms.toml; looks at the files that git knows and at new ones that it would not ignore.
Prints one line a finding; exit status 1 if there is any.
"""

import argparse
import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import tomllib

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCE_SUFFIXES = {".c", ".h", ".S"}
COUNTED_SUFFIXES = SOURCE_SUFFIXES | {".py", ".mk", ".ld", ".sh", ".toml"}
FILE_LINES_MAX = 500
UNLIMITED = {"abi/kernel.toml"}


def tracked_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(line) for line in output.splitlines() if pathlib.Path(line).is_file()]


def room_of(path, rooms):
    return next((room for room in rooms if path.as_posix().startswith(room["path"])), None)


def own_folder(path):
    """The folder within which a quoted include is a neighbour's: servers/X, programs/X, the room."""
    parts = path.parts
    return pathlib.Path(*parts[:2]) if len(parts) > 2 else path.parent


def is_allowed(path, delimiter, name, room, freestanding):
    if name in freestanding:
        return True
    if any(fnmatch.fnmatch(name, pattern) for pattern in room["may_include"]):
        return True
    if delimiter == "<":
        return "libc" in room["may_include"]
    places = (path.parent, own_folder(path))
    return any((place / name).is_file() for place in places)


def include_findings(path, text, rooms, freestanding):
    room = room_of(path, rooms)
    if room is None:
        return [f"{path}: belongs to no room of tools/rooms.toml"]
    return [f"{path}: may not include {name} ({room['path']}: {room['purpose']})"
            for delimiter, name in INCLUDE.findall(text)
            if not is_allowed(path, delimiter, name, room, freestanding)]


def text_findings(path, text):
    lines = text.count("\n")
    if path.suffix in COUNTED_SUFFIXES and lines > FILE_LINES_MAX and str(path) not in UNLIMITED:
        yield f"{path}: {lines} lines, at most {FILE_LINES_MAX}"
    if path.suffix in SOURCE_SUFFIXES and not text.lstrip().startswith(("/*", "//")):
        yield f"{path}: does not begin with a comment that says what it is"


def kernel_findings(limit):
    """The kernel, boot/ included, stays small enough to read in a weekend."""
    command = ["cloc", "--json", "--quiet", "boot", "kernel"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = json.loads(output)["SUM"]["code"]
    print(f"rooms: boot/ and kernel/ hold {lines} lines of code, limit {limit}")
    return [f"boot/ and kernel/: {lines} lines of code, must stay under {limit}"] \
        if lines >= limit else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel-limit", type=int, default=6800)
    arguments = parser.parse_args()
    table = tomllib.loads(pathlib.Path("tools/rooms.toml").read_text())
    findings = kernel_findings(arguments.kernel_limit)
    for path in tracked_files():
        if path.suffix not in COUNTED_SUFFIXES:
            continue
        text = path.read_text()
        findings += text_findings(path, text)
        if path.suffix in SOURCE_SUFFIXES:
            findings += include_findings(path, text, table["room"],
                                         table["standard"]["freestanding"])
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


main()
