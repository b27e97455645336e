"""What each program is for, as the first line of its source says: the shell's `help` shows it.

    abouts.py SOURCE... > programs.inc

SOURCE is programs/NAME.c or programs/NAME/main.c, and begins with a whole sentence: /* NAME: what it does.
"""

import pathlib
import re
import sys

TEXT_MAX = 64


def about(path):
    """(name, text)"""
    name = path.parent.name if path.name == "main.c" else path.stem
    with open(path, encoding="utf-8") as source:
        line = source.readline().rstrip().removesuffix(" */")
    found = re.fullmatch(rf"/\* {re.escape(name)}: (.+)\.", line)
    if not found or len(found[1]) > TEXT_MAX:
        sys.exit(f"abouts: {path}: its first line is to be a short sentence: /* {name}: what it does.")
    return name, found[1].replace("\\", "\\\\").replace('"', '\\"')


def main():
    for path in map(pathlib.Path, sys.argv[1:]):
        name, text = about(path)
        print(f'    {{"{name}", "{text}"}},')


main()
