"""Generate everything that follows from abi/*.toml.

    python3 tools/abigen ABI_DIRECTORY OUTPUT_DIRECTORY

Promises: the outputs depend on the interface files alone; a file whose text did not change keeps
its time, so that nothing is rebuilt for it. Fails with one line that names the fault.
"""

import pathlib
import sys

sys.dont_write_bytecode = True

from kernel import kernel_outputs
from model import AbiError, load_kernel, load_protocols
from protocol import protocol_outputs
from reference import reference_outputs


def write_if_changed(path, text):
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def generate(abi, output):
    kernel = load_kernel(abi / "kernel.toml")
    protocols = load_protocols(sorted(set(abi.glob("*.toml")) - {abi / "kernel.toml"}))
    texts = kernel_outputs(kernel, protocols) | reference_outputs(kernel, protocols)
    for protocol in protocols:
        texts |= protocol_outputs(protocol)
    for name, text in texts.items():
        write_if_changed(output / name, text)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: abigen ABI_DIRECTORY OUTPUT_DIRECTORY")
    try:
        generate(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    except AbiError as error:
        sys.exit(f"abigen: {error}")


main()
