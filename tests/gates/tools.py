"""Gates on the tools: the boot archive and the interface generator keep their promises."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

PAGE = 4096


def python(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True)


def members(archive):
    """[(name, data offset, data)] of a newc archive."""
    position = 0
    while True:
        field = lambda index: int(archive[position + 6 + 8 * index:position + 14 + 8 * index], 16)
        bytes_, name_bytes = field(6), field(11)
        name_start = position + 110
        name = archive[name_start:name_start + name_bytes].rstrip(b"\0").decode()
        data_start = (name_start + name_bytes + 3) & ~3
        if name == "TRAILER!!!":
            return
        yield name, data_start, archive[data_start:data_start + bytes_]
        position = (data_start + bytes_ + 3) & ~3


def archive_gates(tap, folder):
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "new").write_bytes(b"n" * 5000)
    (root / "bin" / "both").write_bytes(b"overlay")
    (folder / "both").write_bytes(b"base")
    (folder / "empty").write_bytes(b"")
    command = ["tools/archive.py", None, "--overlay", root, f"bin/both={folder / 'both'}",
               f"etc/empty={folder / 'empty'}"]
    outputs = []
    for name in ("first", "second"):
        command[1] = folder / name
        result = python(*command)
        tap.check(result.returncode == 0, f"the archive tool makes the {name} archive",
                  result.stderr.splitlines())
        outputs.append((folder / name).read_bytes())
    found = {name: (offset, data) for name, offset, data in members(outputs[0])}
    tap.check(outputs[0] == outputs[1], "the same files give the same archive")
    tap.check(list(found) == ["bin/both", "etc/empty", "bin/new"], "members come in order", found)
    tap.check(all(offset % PAGE == 0 for offset, data in found.values() if data),
              "the data of each member begins a page")
    tap.check(found["bin/both"][1] == b"overlay", "ROOT's file lies over the archive's")
    tap.check(found["bin/new"][1] == b"n" * 5000, "ROOT's new file is there")
    missing = python("tools/archive.py", folder / "x", "--overlay", folder / "nowhere")
    tap.check(missing.returncode != 0 and "ROOT=" in missing.stderr, "a ROOT that is no folder is named")


def generator_gates(tap, folder):
    abi = folder / "abi"
    abi.mkdir()
    good = pathlib.Path("abi/kernel.toml").read_text()
    cases = [("an error that is not defined", good.replace('errors = ["CAP_RANGE"', 'errors = ["NO_SUCH"', 1),
              "NO_SUCH"),
             ("a name defined twice", good + '\n[[error]]\nname = "OK"\n', "twice"),
             ("a C keyword as argument", good.replace('"deadline_ticks"', '"break"', 1), "break")]
    for name, text, word in cases:
        (abi / "kernel.toml").write_text(text)
        result = python("tools/abigen", abi, folder / "out")
        tap.check(result.returncode != 0 and word in result.stderr, f"the generator refuses {name}",
                  result.stderr.splitlines())


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        archive_gates(tap, pathlib.Path(name))
        generator_gates(tap, pathlib.Path(name))
    tap.end()


main()
