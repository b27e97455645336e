"""The reference page (Markdown) of the kernel's interface and of the servers' protocols."""

from model import ARGUMENT_REGISTERS, RESULT_REGISTERS


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
              for row in rows]
    return "\n".join(lines) + "\n"


def with_registers(names, registers):
    return ", ".join(f"{register} `{name}`" for name, register in zip(names, registers)) or "none"


def system_call(number, call):
    errors = ", ".join(call["errors"]) or "none"
    needs = "".join("- Needs: `{}`: {} with {}\n".format(*need.split(":")[:2],
                                                         need.split(":")[2] or "any right")
                    for need in call.get("needs", []))
    return (f"### {number}. {call['name']}\n\n{call['doc']}\n\n"
            f"- Arguments: {with_registers(call['args'], ARGUMENT_REGISTERS)}\n"
            f"- Results: {with_registers(call['results'], RESULT_REGISTERS)}\n"
            f"{needs}- Errors: {errors}\n- Bound: {call['bound']}\n")


def constants(title, items, number):
    rows = [(f"`{item['name']}`", number(index, item), item.get("doc", ""))
            for index, item in enumerate(items)]
    return f"## {title}\n\n" + table(("Name", "Value", "Meaning"), rows)


def kernel_pages(kernel):
    bit = lambda _, item: f"bit {item['bit']}"
    order = lambda index, _: index
    return [
        f"# Reference\n\nThe kernel's interface, version {kernel['abi_version']}.\n",
        constants("Errors", kernel["error"], order),
        constants("Objects", kernel["object"], order),
        constants("Rights", kernel["right"], bit),
        constants("Kinds of chunk", kernel["kind"], order),
        constants("Faults", kernel["fault"], lambda index, _: index + 1),
        constants("Thread states", kernel["state"], order),
        constants("Message flags (sender)", kernel["ipc_flag"], bit),
        constants("Message information (receiver)", kernel["ipc_info"], bit),
        constants("Counters", kernel["counter"], order),
        constants("Events", kernel["event"], order),
        "## System calls\n",
    ] + [system_call(number, call) for number, call in enumerate(kernel["syscall"])]


def request_text(number, request):
    words = lambda key: ", ".join(f"`{name}`" for name in request[key]) or "none"
    lines = [f"### {number}. {request['name']}\n", request.get("doc", "") + "\n",
             f"- Who: {request['who']}", f"- Arguments: {words('args')}",
             f"- Results: {words('results')}"]
    for key, title in (("cap_argument", "Takes"), ("cap_result", "Gives")):
        if key in request:
            lines.append(f"- {title}: {request[key]}")
    return "\n".join(lines) + "\n"


def protocol_pages(protocol):
    errors = [(f"`{error['name']}`", error["number"]) for error in protocol["error"]]
    return [f"## Protocol: {protocol['name']}, version {protocol['version']}\n",
            table(("Error", "Value"), errors)] + [
        request_text(number, request) for number, request in enumerate(protocol["request"], 1)]


def reference_outputs(kernel, protocols):
    pages = kernel_pages(kernel)
    for protocol in protocols:
        pages += protocol_pages(protocol)
    return {"reference.md": "\n".join(pages)}
