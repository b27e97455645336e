"""The SDK does what a user of gcc expects: byre-cc compiles out-of-tree programs of several files,
with -c, -o, -I, -lm and warnings; the tree may be moved; the result runs from ROOT.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests/gates")
from tap import Tap

MAIN = """
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "part.h"
static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = 1; }
static void at_exit(void) { printf("at exit\\n"); }
int main(int argc, char **argv)
{
    atexit(at_exit);
    char *copy = malloc(64);
    strcpy(copy, argc > 1 ? argv[1] : "none");
    errno = ENOENT;
    printf("%s %d %.3f %s %d", copy, constructed, sqrt(part(2.0)), strerror(errno) ? "text" : "", argc);
    printf("\\n");
    return 7;
}
"""
PART_HEADER = "double part(double x);\n"
PART = '#include "part.h"\ndouble part(double x) { return x * x * x; }\n'
EXPECTED = "word 1 2.828 text 2\nat exit\n"


def write_sources(folder):
    (folder / "main.c").write_text(MAIN)
    (folder / "include").mkdir()
    (folder / "include" / "part.h").write_text(PART_HEADER)
    (folder / "part.c").write_text(PART)


def compile_cases(tap, compiler, folder):
    def run(name, *arguments):
        result = subprocess.run([compiler, *arguments], cwd=folder, capture_output=True, text=True)
        tap.check(result.returncode == 0, name, result.stderr.splitlines())

    flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-Iinclude"]
    (folder / "root" / "bin").mkdir(parents=True)
    run("byre-cc compiles several files with -lm", *flags, "main.c", "part.c", "-o",
        "root/bin/sdkhello", "-lm")
    run("byre-cc -c makes an object", *flags, "-c", "part.c", "-o", "part.o")
    run("byre-cc links objects and sources", *flags, "main.c", "part.o", "-lm", "-o", "mixed")
    run("byre-cc knows -lpthread", *flags, "main.c", "part.c", "-o", "threads", "-lpthread", "-lm")
    alone = subprocess.run([compiler], cwd=folder, capture_output=True, text=True)
    tap.check(alone.returncode == 2 and alone.stderr.startswith("usage: byre-cc"), "byre-cc alone tells its usage",
              alone.stderr.splitlines())
    wrong = subprocess.run([compiler, "-c", "nowhere.c"], cwd=folder, capture_output=True)
    tap.check(wrong.returncode != 0, "byre-cc fails as gcc does")


def run_case(tap, folder):
    environment = dict(os.environ, RUN="sdkhello word", TIMEOUT="60", V="", BOOTARGS="",
                       LOG=str(folder / "run.log"))
    archive = folder / "archive.cpio"
    members = subprocess.run(["make", "-s", "--no-print-directory", "print-archive-members"],
                             capture_output=True, text=True, check=True).stdout.split()
    subprocess.run([sys.executable, "tools/archive.py", archive, "--strip",
                    "riscv64-unknown-elf-strip", "--overlay", folder / "root", *members], check=True)
    result = subprocess.run([sys.executable, "tools/run.py", "build/Image", archive],
                            env=environment, capture_output=True, text=True)
    tap.check(result.stdout == EXPECTED, "a program from ROOT prints what it should",
              [repr(result.stdout)] + result.stderr.splitlines()[-5:])
    tap.check(result.returncode == 7, "its exit status is QEMU's", [str(result.returncode)])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_sources(folder)
        moved = folder / "moved sdk"
        shutil.copytree("build/sdk", moved)
        compile_cases(tap, moved / "bin" / "byre-cc", folder)
        run_case(tap, folder)
    tap.end()


main()
