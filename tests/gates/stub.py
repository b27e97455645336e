"""The few words of QEMU's debugger stub that the gates speak: stop, look, set a register, go on."""

import pathlib
import socket
import time

CONNECT_SECONDS = 30
REPLY_SECONDS = 60
REGISTERS = {"sp": 2, "gp": 3, "tp": 4, "a0": 10, "a1": 11, "pc": 32}


class Stub:
    """QEMU, run with -gdb unix:PATH,server=on,wait=off; the machine stands still from now on."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(REPLY_SECONDS)
        self.data = b""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                self.socket.connect(str(pathlib.Path(path)))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.ask("qXfer:features:read:target.xml:0,100")  # or the stub knows no single registers

    def ask(self, text):
        """One packet, and the packet that answers it."""
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))
        return self.answer()

    def answer(self):
        while self.data.count(b"#") == 0 or len(self.data) < self.data.index(b"#") + 3:
            piece = self.socket.recv(4096)
            if not piece:
                raise ConnectionError("QEMU has gone")
            self.data += piece
        packet, _, rest = self.data.partition(b"#")
        self.data = rest[2:]
        self.socket.sendall(b"+")
        return packet[packet.index(b"$") + 1:].decode()

    def run_to(self, address):
        """Go on until the machine is about to run the instruction at that address, once more if it is."""
        self.ask("s")
        self.ask(f"Z1,{address:x},2")
        self.ask("c")
        self.ask(f"z1,{address:x},2")

    def set_register(self, name, value):
        answer = self.ask(f"P{REGISTERS[name]:x}={value.to_bytes(8, 'little').hex()}")
        if answer != "OK":
            raise ConnectionError(f"the stub does not set {name}: {answer}")

    def select(self, hart):
        """Whose registers are meant from now on, by its number: 0, 1, ..."""
        self.ask(f"Hg{hart + 1:x}")

    def memory(self, address, count):
        """Bytes at a virtual address."""
        return bytes.fromhex(self.ask(f"m{address:x},{count:x}"))

    def words(self, address, count):
        data = self.memory(address, 8 * count)
        return [int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data), 8)]

    def monitor(self, command):
        """What a command of QEMU's monitor prints."""
        output, answer = "", self.ask("qRcmd," + command.encode().hex())
        while answer != "OK":
            output += bytes.fromhex(answer.removeprefix("O")).decode()
            answer = self.answer()
        return output.replace("\r", "")

    def leave(self):
        """Let the machine run, for good."""
        self.ask("D")
        self.socket.close()
