"""Gate: README and docs/ name only what exists: links, files of the tree, make targets, functions; `make help`
names each target that the pages speak of, and only such as exist."""

import itertools
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

ROOMS = "abi|boot|docs|kernel|libsys|linker|programs|servers|tests|tools"
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FILE = re.compile(rf"(?<![\w/.-])((?:{ROOMS})/[\w./*{{}},+-]*)")
MAKE = re.compile(r"(?:^|`|\$ |; |&& )make((?: +[\w.=/'-]+)*)", re.MULTILINE)
FUNCTION = re.compile(r"\b([a-z]\w+)\(\)")
INCLUDE_ROOTS = ("", "libsys/include/", "boot/", "kernel/", "abi/")
ONE_HART = re.compile(r"/\* one hart: (.*) \*/")
ONE_HART_ROW = re.compile(r"^\| `(tests/target/\w+/\w+\.c)` \| (.*) \|$", re.MULTILINE)
PLACEHOLDER = re.compile(r"[A-Z]{2,}|\bX\b")


def pages():
    return sorted([pathlib.Path("README.md"), *pathlib.Path("docs").rglob("*.md")])


def braces(text):
    """a{b,c}d -> abd, acd."""
    parts = [part.split(",") for part in re.split(r"[{}]", text)]
    fixed = [[",".join(part)] if index % 2 == 0 else part for index, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*fixed)]


def make_targets():
    text = "".join(path.read_text() for path in
                   [pathlib.Path("Makefile"), *pathlib.Path("tools/make").glob("*.mk"),
                    *pathlib.Path("tests").rglob("*.mk")])
    lines = re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE)
    return {word for line in lines for word in line.split()}


def identifiers():
    """Every word of the sources: a function that is named in the docs must be one of them."""
    command = ["git", "grep", "-hoIwE", r"[a-z][a-zA-Z0-9_]+", "--", "*.c", "*.h", "*.S", "*.py", "*.toml"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def dead_links(page, text):
    return [f"{page}: link to {link}" for link in LINK.findall(text)
            if "://" not in link and not (page.parent / link).exists()]


def exists(path):
    return any(pathlib.Path().glob(path.rstrip("/")))


def missing_files(page, code):
    for name in FILE.findall(code):
        for path in braces(name.rstrip(".,:")):
            if not PLACEHOLDER.search(path.replace("README", "")) \
                    and not any(exists(place + path) for place in INCLUDE_ROOTS):
                yield f"{page}: no file {path}"


def missing_targets(page, code, targets):
    for words in MAKE.findall(code):
        for word in words.split():
            if "=" in word or "'" in word:
                break
            if not word.startswith("-") and word not in targets and "." not in word:
                yield f"{page}: no make target {word}"


def targets_of_help():
    text = subprocess.run(["make", "--no-print-directory", "help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  make (\S+)", text, re.MULTILINE)) - {""}


def check_help(tap, targets):
    told = targets_of_help()
    tap.check(told and told <= targets, "make help names only targets that exist", sorted(told - targets))
    spoken_of = {word for page in pages() for words in MAKE.findall("\n".join(CODE.findall(page.read_text())))
                 for word in words.split()[:1]} & targets
    unknown = spoken_of - told - {"help"}
    tap.check(not unknown, "and all that the pages speak of", sorted(unknown))


def check_one_hart(tap):
    """docs/testing.md and the sources name the same tests for one hart alone, with the same reasons."""
    said = {(str(path), reason) for path in pathlib.Path("tests/target").glob("*/*.c")
            for reason in ONE_HART.findall(path.read_text())}
    rows = set(ONE_HART_ROW.findall(pathlib.Path("docs/testing.md").read_text()))
    tap.check(said == rows, "tests for one hart alone are in docs/testing.md, with why", [*sorted(said ^ rows)])


def main():
    tap = Tap()
    check_one_hart(tap)
    targets, words = make_targets(), identifiers()
    check_help(tap, targets)
    for page in pages():
        text = page.read_text()
        code = "\n".join(CODE.findall(text))
        findings = dead_links(page, text)
        findings += missing_files(page, code)
        findings += missing_targets(page, code, targets)
        findings += [f"{page}: no function {name}()" for name in FUNCTION.findall(code)
                     if name not in words]
        tap.check(not findings, f"{page} names only what exists", findings)
    tap.end()


main()
