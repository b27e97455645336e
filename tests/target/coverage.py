"""Each system call was seen to succeed, and to fail with each error that abi/kernel.toml documents.

Reads what the kernel tests saw (`# seen CALL ERROR`, in build/tests/log/*.log; the kernel tests must
have run) and prints TAP: one test a call. Also fails for an error that was seen but is not documented,
and for an exception below that was seen after all.
"""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEN = re.compile(r"^# seen (\d+) (\d+)\s*$", re.M)

# What no test of a running system can show, and why.
EXCEPTIONS = {
    ("machine_reset", "OK"): "the machine is off; each run of the tests ends by it or the test device",
    ("machine_reset", "UNSUPPORTED"): "QEMU's firmware can reset",
    ("table_link", "COUNT"): "needs 2^32 references; shown on the host",
    ("table_copy", "COUNT"): "needs 2^32 references; shown on the host",
}


def main():
    with open(ROOT / "abi" / "kernel.toml", "rb") as file:
        abi = tomllib.load(file)
    errors = [error["name"] for error in abi["error"]]
    calls = abi["syscall"]
    seen = {call["name"]: set() for call in calls}
    unknown = set()
    logs = sorted((ROOT / "build" / "tests" / "log").glob("kernel-*.log"))
    for log in logs:
        for number, error in SEEN.findall(log.read_text("latin-1").replace("\r", "")):
            if int(number) < len(calls):
                seen[calls[int(number)]["name"]].add(errors[int(error)])
            else:
                unknown.add(errors[int(error)])
    print(f"1..{len(calls) + 1}")
    for index, call in enumerate(calls, 1):
        name = call["name"]
        documented = {"OK", *call["errors"]}
        exempt = {error for (owner, error) in EXCEPTIONS if owner == name}
        problems = [f"{error} never seen" for error in sorted(documented - exempt - seen[name])]
        problems += [f"{error} seen, not documented" for error in sorted(seen[name] - documented)]
        problems += [f"{error} is excepted, but was seen" for error in sorted(seen[name] & exempt)]
        for problem in problems:
            print(f"# {name}: {problem}")
        print(f"{'not ok' if problems else 'ok'} {index} - {name}: success and each documented error")
    good = unknown == {"SYSCALL"}
    print(f"{'ok' if good else 'not ok'} {len(calls) + 1} - numbers beyond the last call answer SYSCALL")
    sys.exit(0)


main()
