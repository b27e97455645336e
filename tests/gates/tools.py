"""Gates on the tools: the boot archive and the interface generator keep their promises."""

import pathlib
import struct
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


def program(segments):
    """An ELF with these segments: (flags, address, in_file, in_memory), data by page."""
    header = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HHIQQ", 2, 243, 1, 0x10000010, 64)
    table, data = b"", b""
    for number, (flags, address, in_file, in_memory) in enumerate(segments):
        table += struct.pack("<IIQQQQQQ", 1, flags, PAGE + len(data), address, address, in_file,
                             in_memory, PAGE)
        data += bytes([number + 1] * in_file) + bytes(-in_file % PAGE)
    header = header.ljust(54, b"\0") + struct.pack("<HH", 56, len(segments))
    return (header.ljust(64, b"\0") + table).ljust(PAGE, b"\0") + data


def init_gates(tap, folder):
    """servers/init is laid out as abi/byre/init_image.h says, or refused."""
    base = 0x10000000
    text, rodata = (5, base, 5000, 5000), (4, base + 2 * PAGE, 10, 10)
    data = (6, base + 3 * PAGE, 20, 3 * PAGE + 1)
    (folder / "init").write_bytes(program([text, rodata, data]))
    (folder / "other").write_bytes(b"o")
    result = python("tools/archive.py", folder / "system", f"bin/other={folder / 'other'}",
                    f"servers/init={folder / 'init'}")
    tap.check(result.returncode == 0, "init is laid out", result.stderr.splitlines())
    (name, offset, image), *_ = members((folder / "system").read_bytes())
    tap.check((name, offset) == ("servers/init", PAGE), "init is the first, from page 1 on", name)
    tap.check(struct.unpack_from("<8sQHHHH", image) == (b".iimage0", 0x10000010, 2, 1, 1, 3),
              "its header tells the pages of each kind")
    tap.check(image[PAGE:] == b"\1" * 5000 + bytes(-5000 % PAGE) + b"\2" * 10 + bytes(PAGE - 10) +
              b"\3" * 20 + bytes(PAGE - 20), "its segments come in whole pages")
    wrong = {"a writable and executable segment": [(7, base, 10, 10)],
             "a hole between segments": [text, (4, base + 3 * PAGE, 10, 10)],
             "data before text": [(6, base, 10, 10), (5, base + PAGE, 10, 10)],
             "zeroes behind text": [(5, base, 10, 2 * PAGE)],
             "more than there is room for": [text, rodata, (6, base + 3 * PAGE, 0, 254 * PAGE)]}
    for what, segments in wrong.items():
        (folder / "wrong").write_bytes(program(segments))
        result = python("tools/archive.py", folder / "x", f"servers/init={folder / 'wrong'}")
        tap.check(result.returncode != 0 and "archive:" in result.stderr, f"{what} is refused")


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
        init_gates(tap, pathlib.Path(name))
        generator_gates(tap, pathlib.Path(name))
    tap.end()


main()
