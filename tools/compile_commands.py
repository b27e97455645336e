"""Turn the commands that make would run (make -Bn V=1, on stdin) into compile_commands.json."""

import json
import os
import shlex
import sys

SOURCES = (".c", ".S")


def main():
    entries = []
    for line in sys.stdin:
        if " -c " not in line or "gcc " not in line:
            continue
        arguments = shlex.split(line)
        sources = [word for word in arguments if word.endswith(SOURCES)]
        if len(sources) == 1:
            entries.append({"directory": os.getcwd(), "file": sources[0], "arguments": arguments})
    json.dump(entries, sys.stdout, indent=1)


main()
