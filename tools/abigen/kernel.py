"""What the kernel and its callers share: kernel.h, names, system_calls.h, dispatch.inc, calls.h."""

from model import ARGUMENT_REGISTERS, RESULT_REGISTERS, protocol_errors
from text import enum, guarded, head, masks, name_function, numbered

SOURCE = "abi/kernel.toml"
# What a system call may change, besides its result registers and memory.
CALL_CHANGES = "ra a0 a1 a2 a3 a4 a5 a6 a7 t0 t1 t2 t3 t4 t5 t6".split()


def kernel_header(kernel):
    calls = [{"name": call["name"].upper(), "doc": ""} for call in kernel["syscall"]]
    count = ("SYS_COUNT", len(calls), "")
    sizes = [("OBJECT_BYTES_" + item["name"], item["size_bytes"], "")
             for item in kernel["object"] if item["size_bytes"]]
    parts = [
        "#include <stdint.h>\n",
        f"#define KERNEL_ABI_VERSION {kernel['abi_version']}\n",
        enum("system_call", [("SYS_" + call["name"], number, "")
                             for number, call in enumerate(calls)] + [count]),
        "typedef " + numbered("err", "ERR_", kernel["error"]).replace("\n};", "\n} err_t;"),
        numbered("object_type", "OBJECT_", kernel["object"]).replace(
            "\n};", f"\n    OBJECT_TYPES = {len(kernel['object'])},\n}};"),
        enum("object_bytes", sizes),
        masks("right", "RIGHT_", kernel["right"]),
        f"enum {{ RIGHTS_ALL = {sum(1 << right['bit'] for right in kernel['right'])} }};\n",
        numbered("chunk_kind", "KIND_", kernel["kind"]),
        numbered("fault_kind", "FAULT_", kernel["fault"], first=1),
        numbered("thread_state", "THREAD_", kernel["state"]),
        masks("ipc_flag", "IPC_", kernel["ipc_flag"]),
        masks("ipc_info", "IPC_INFO_", kernel["ipc_info"]),
        numbered("counter", "COUNTER_", kernel["counter"]).replace(
            "\n};", f"\n    COUNTERS = {len(kernel['counter'])},\n}};"),
        numbered("event_kind", "EVENT_", kernel["event"]),
    ]
    return guarded(SOURCE, "kernel.h", "\n".join(parts))


# RISC-V's integer registers by number, as the ABI names them; instead of x0, which needs no place, pc.
REGISTERS = ("pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
             "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6").split()


def initialiser(name, values):
    """A macro: what an array is set to."""
    return f"#define {name} \\\n    {{ \\\n" + "".join(
        f"        [{index}] = {value}, \\\n" for index, value in values) + "    }\n"


def kernel_tables(kernel):
    """Contents of the kernel's constant arrays."""
    quoted = lambda text: f'"{text}"'
    parts = [
        initialiser("OBJECT_TYPE_BYTES", [(f"OBJECT_{item['name']}", item["size_bytes"])
                                          for item in kernel["object"]]),
        initialiser("EVENT_NAMES", [(f"EVENT_{item['name']}", quoted(item["name"].lower()))
                                    for item in kernel["event"]]),
        initialiser("CAUSE_FAULTS", [(item["code"], f"FAULT_{item['fault']}")
                                     for item in kernel["cause"]]),
        initialiser("CAUSE_TEXTS", [(item["code"], quoted(item["doc"]))
                                    for item in kernel["cause"]]),
        initialiser("REGISTER_NAMES", enumerate(map(quoted, REGISTERS))),
    ]
    return guarded(SOURCE, "kernel_tables.h", "\n".join(parts))


NAME_FUNCTIONS = "err object fault kind syscall counter".split()


def names_header(protocols):
    functions = [f"const char *{name}_name(uint64_t number);" for name in NAME_FUNCTIONS]
    functions += [f"const char *{protocol['name']}_reason_text(uint64_t reason);"
                  for protocol in protocols if protocol["reason"]]
    body = "#include <stdint.h>\n\n/* Names in words; \"?\" for a number that has none. */\n"
    return guarded(SOURCE, "names.h", body + "\n".join(functions) + "\n")


def names_source(kernel, protocols):
    errors = list(enumerate(error["name"] for error in kernel["error"]))
    errors += [(number, name) for name, number in protocol_errors(protocols).items()]
    tables = {
        "err": errors,
        "object": enumerate(item["name"] for item in kernel["object"]),
        "fault": enumerate((item["name"] for item in kernel["fault"]), 1),
        "kind": enumerate(item["name"] for item in kernel["kind"]),
        "syscall": enumerate(item["name"] for item in kernel["syscall"]),
        "counter": enumerate(item["name"] for item in kernel["counter"]),
    }
    functions = [name_function(f"{name}_name", tables[name]) for name in NAME_FUNCTIONS]
    for protocol in protocols:
        if protocol["reason"]:
            reasons = enumerate((reason["doc"] for reason in protocol["reason"]), 1)
            functions.append(name_function(f"{protocol['name']}_reason_text", reasons))
    return head(SOURCE) + "#include <byre/gen/names.h>\n\n" + "\n".join(functions)


RANGE_TYPES = {"MEMORY", "DEVICE"}  # capabilities without an object: the slot says all
TOKEN_TYPES = {"INTERRUPT_CONTROL", "MACHINE"}  # to have one is enough


def decoded(call):
    """(argument, TYPE, RIGHT, struct or None) of each capability that the dispatch checks."""
    for need in call.get("needs", []):
        argument, kind, right, *slot = need.split(":")
        struct = "capability" if slot or kind in RANGE_TYPES else kind.lower()
        struct = "captable" if kind == "TABLE" else struct
        yield argument, kind, right, None if kind in TOKEN_TYPES else struct


def system_calls_header(kernel):
    structs = sorted({"capability", "thread"} | {struct for call in kernel["syscall"]
                                                 for *_, struct in decoded(call) if struct})
    lines = []
    for call in kernel["syscall"]:
        parameters = ["struct thread *caller"] + [f"struct {struct} *{argument}"
                                                  for argument, _, _, struct in decoded(call) if struct]
        lines.append(f"err_t sys_{call['name']}({', '.join(parameters)});")
    registers = [(f"REGISTER_{name.upper()}", number, "") for number, name in enumerate(REGISTERS)]
    arguments = enumerate(f"REGISTER_{name.upper()}" for name in ARGUMENT_REGISTERS)
    registers.append(("SYSCALL_ARGUMENTS", len(ARGUMENT_REGISTERS), ""))
    body = ("#include <byre/gen/kernel.h>\n\n" + enum("register_number", registers) + "\n" +
            initialiser("ARGUMENT_REGISTERS", arguments) + "\n" +
            "".join(f"struct {name};\n" for name in structs) + "\n" + "\n".join(lines) + "\n")
    return guarded(SOURCE, "system_calls.h", body)


def may_restart(call):
    return "sliced" in call["bound"] or call["bound"].startswith("as ")


def kept_registers(call):
    """[(register, value)]: what a handler, or the call made again, finds in the caller's registers."""
    arguments = list(zip(ARGUMENT_REGISTERS, call["args"]))
    checked = {need.split(":")[0] for need in call.get("needs", [])}
    if is_whole(call):
        return [(f"a{n}", f"a{n}") for n in range(7)] + [("a7", f"SYS_{call['name'].upper()}")]
    kept = [(register, register) for register, name in arguments
            if register[0] == "a" and (may_restart(call) or name not in checked)]
    if not any(register == "a1" for register, _ in kept):
        kept.append(("a1", "0"))
    if may_restart(call) or any("MEMORY:BIND" in need for need in call.get("needs", [])):
        kept.append(("a7", f"SYS_{call['name'].upper()}"))
    return kept


def is_whole(call):
    """Whether it ends with all registers loaded from memory: messages, and more than one result."""
    return call.get("ipc") or len(call["results"]) > 1


def handler(call):
    name = call["name"]
    lines, passed = [], ["caller"]
    for register, value in kept_registers(call):
        lines.append(f"caller->registers[REGISTER_{register.upper()}] = {value};")
    if is_whole(call) or len(call["args"]) > 7:
        lines.append("arch_keep_temporaries(caller);")
    # A refused call's result is 0, not the argument that its register held.
    unmade = ["    caller->registers[REGISTER_A1] = 0;"] if call["results"] and not is_whole(call) else []
    for argument, kind, right, struct in decoded(call):
        value = f"a{call['args'].index(argument)}"
        right = f"RIGHT_{right}" if right else "0"
        if kind == "TABLE":
            lines.append(f"struct captable *{argument} = captable_named(caller->captable, {value}, {right});")
        else:
            lines.append(f"struct capability *{argument} = "
                         f"captable_good(caller->captable, {value}, OBJECT_{kind}, {right});")
        lines += [f"if ({argument} == NULL) {{", *unmade,
                  f"    return captable_refusal(caller->captable, {value}, "
                  f"OBJECT_{'CAPTABLE' if kind == 'TABLE' else kind}, {right});", "}"]
        if struct == "capability" or kind == "TABLE":
            passed.append(argument)
        elif struct:
            passed.append(f"(struct {struct} *){argument}->object")
    lines.append(f"return sys_{name}({', '.join(passed)});")
    body = "".join(f"    {line}\n" for line in lines)
    function = f"static err_t decode_{name}(CALL_REGISTERS)\n{{\n{body}}}\n"
    if is_whole(call) and not call.get("ipc"):
        function += (f"\nstatic err_t whole_{name}(CALL_REGISTERS)\n{{\n"
                     f"    return call_is_whole(caller, decode_{name}(a0, a1, a2, a3, a4, a5, a6, caller));\n}}\n")
    return function


def dispatch(kernel):
    """For core's one table: the capabilities that a call needs are found and checked here."""
    names = [("whole_" if is_whole(call) and not call.get("ipc") else "decode_") + call["name"]
             for call in kernel["syscall"]]
    entries = "".join(f"    {name},\n" for name in names)
    return (head(SOURCE) + "#include <byre/gen/system_calls.h>\n\n" +
            "\n".join(map(handler, kernel["syscall"])) +
            "\nconst system_call_function system_calls[SYS_COUNT + 1] = {\n" + entries +
            "    call_is_unknown,\n};\n")


def coverage(kernel):
    """X-macros of every documented (call, error) pair, for the tests that reach each."""
    lines = [f"SYSTEM_CALL_ERROR({call['name']}, {call['name'].upper()}, {error})"
             for call in kernel["syscall"] for error in ["OK"] + call["errors"]]
    return head(SOURCE) + "\n".join(lines) + "\n"


def parameters(call):
    words = [f"uint64_t {name}" for name in call["args"]]
    words += [f"uint64_t *{name}_out" for name in call["results"]]
    return ", ".join(words) or "void"


def call_prototype(call):
    return f"err_t byre_{call['name']}({parameters(call)})"


def call_stub(call):
    values = dict(zip(ARGUMENT_REGISTERS, call["args"]))
    results = dict(zip(RESULT_REGISTERS, call["results"]))
    lines, outputs = [], []
    for register in CALL_CHANGES:
        value = values.get(register)
        if register == "a7":
            value = f"SYS_{call['name'].upper()}"
        if value is not None:
            lines.append(f'    register uint64_t {register} __asm__("{register}") = {value};')
            outputs.append(f'"+r"({register})')
        elif register in results or register == "a0":
            lines.append(f'    register uint64_t {register} __asm__("{register}");')
            outputs.append(f'"=r"({register})')
    used = {line.split('"')[1] for line in lines}
    changed = ", ".join(f'"{register}"' for register in CALL_CHANGES if register not in used)
    changed += ', "memory"'
    lines.append(f'    __asm__ volatile("ecall" : {", ".join(outputs)} : : {changed});')
    lines += [f"    *{name}_out = {register};" for register, name in results.items()]
    lines.append("    return (err_t)a0;")
    return (f"[[nodiscard]] static inline {call_prototype(call)}\n{{\n" + "\n".join(lines) +
            "\n}\n")


CALLS_INTRODUCTION = """#include <byre/gen/kernel.h>

/* A slot of the caller's capability table; 0 names none. */
typedef uint32_t cap_t;

/* Waits: a deadline that never comes. */
#define DEADLINE_NEVER (~0ul)

/* One function a system call that is not a message. Results are written on errors too: they mean
 * something then only where the call's description says so. */
"""


def calls_header(kernel):
    stubs = [call_stub(call) for call in kernel["syscall"] if not call.get("ipc")]
    return guarded(SOURCE, "calls.h", CALLS_INTRODUCTION + "\n".join(stubs))


def host_calls_header(kernel):
    """The same interface for host builds, where a test defines the functions."""
    lines = ["[[nodiscard]] " + call_prototype(call) + ";"
             for call in kernel["syscall"] if not call.get("ipc")]
    return guarded(SOURCE, "calls.h", CALLS_INTRODUCTION + "\n".join(lines) + "\n")


def kernel_outputs(kernel, protocols):
    return {
        "byre/gen/kernel.h": kernel_header(kernel),
        "byre/gen/kernel_tables.h": kernel_tables(kernel),
        "byre/gen/names.h": names_header(protocols),
        "byre/gen/system_calls.h": system_calls_header(kernel),
        "byre/gen/dispatch.inc": dispatch(kernel),
        "byre/gen/coverage.inc": coverage(kernel),
        "byre/gen/calls.h": calls_header(kernel),
        "host/byre/gen/calls.h": host_calls_header(kernel),
        "names.c": names_source(kernel, protocols),
    }
