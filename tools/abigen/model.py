"""The interface files of abi/, read and checked.

Promises: what load_kernel and load_protocols return satisfies every rule that the generators rely
on (known error names, enough registers, unique names); anything else is an AbiError that names the
file and the item. Does not know what the outputs look like.
"""

import tomllib

ARGUMENT_REGISTERS = "a0 a1 a2 a3 a4 a5 a6 t0 t1 t2 t3 t4 t5".split()
RESULT_REGISTERS = "a1 a2 a3 a4 a5 a6 t0 t1 t2 t3".split()
MESSAGE_WORDS = 8
SHORT_MESSAGE_WORDS = 4
PROTOCOL_ERROR_FIRST = 256
C_KEYWORDS = set("break case char const continue default do double else enum float for goto if int "
                 "long register return short signed static switch unsigned void while".split())
KERNEL_LISTS = "error object right kind fault state ipc_flag ipc_info syscall counter event cause".split()


class AbiError(Exception):
    """An interface file breaks a rule; the text names the file and the item."""


def require(condition, where, message):
    if not condition:
        raise AbiError(f"{where}: {message}")


def check_unique(items, where):
    seen = set()
    for item in items:
        require("name" in item, where, "an item has no name")
        require(item["name"] not in seen, where, f"{item['name']} is defined twice")
        seen.add(item["name"])


def check_words(item, key, limit, where):
    words = item.setdefault(key, [])
    require(len(words) <= limit, where, f"{item['name']} has more than {limit} {key}")
    for word in words:
        require(word not in C_KEYWORDS, where, f"{item['name']} uses the C keyword {word}")
    require(len(set(words)) == len(words), where, f"{item['name']} names one of its {key} twice")


def read(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


def load_kernel(path):
    kernel = read(path)
    for key in KERNEL_LISTS:
        check_unique(kernel.setdefault(key, []), f"{path}: {key}")
    require(kernel["error"][0]["name"] == "OK", path, "the first error must be OK")
    require(kernel["object"][0]["name"] == "NONE", path, "the first object must be NONE")
    errors = {error["name"] for error in kernel["error"]}
    faults = {fault["name"] for fault in kernel["fault"]}
    for cause in kernel["cause"]:
        require(cause["fault"] in faults, path, f"cause {cause['name']}: no such fault")
    types = {kind["name"] for kind in kernel["object"]}
    rights = {right["name"] for right in kernel["right"]}
    for call in kernel["syscall"]:
        check_words(call, "args", len(ARGUMENT_REGISTERS), path)
        check_words(call, "results", len(RESULT_REGISTERS), path)
        for need in call.setdefault("needs", []):
            parts = need.split(":")
            require(len(parts) in (3, 4) and parts[0] in call["args"] and (parts[1] in types or parts[1] == "TABLE") and
                    (not parts[2] or parts[2] in rights), path, f"{call['name']} needs {need}?")
        for error in call.setdefault("errors", []):
            require(error in errors, path, f"{call['name']} names an unknown error {error}")
    return kernel


def load_protocols(paths):
    """Protocols by name. Equal error names get equal numbers in all of them."""
    protocols = sorted((read(path) for path in paths), key=lambda protocol: protocol["name"])
    numbers = {}
    for protocol in protocols:
        where = protocol["name"]
        for key in ("request", "error", "flag", "reason"):
            check_unique(protocol.setdefault(key, []), f"{where}: {key}")
        for request in protocol["request"]:
            check_words(request, "args", MESSAGE_WORDS, where)
            check_words(request, "results", MESSAGE_WORDS, where)
            require("who" in request, where, f"{request['name']} does not say who may ask")
            both = "cap_argument" in request and "cap_result" in request
            require(not both, where, f"{request['name']} sends a capability both ways")
        for error in protocol["error"]:
            number = PROTOCOL_ERROR_FIRST + len(numbers)
            error["number"] = numbers.setdefault(error["name"], number)
    return protocols


def protocol_errors(protocols):
    """{error name: number} over all protocols, in order of number."""
    return {error["name"]: error["number"]
            for protocol in protocols for error in protocol["error"]}
