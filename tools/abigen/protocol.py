"""What a protocol's clients and its server share: P.h, P_client.h, P_handlers.h, P_dispatch.inc."""

from model import SHORT_MESSAGE_WORDS
from text import comment, enum, guarded, head, masks, numbered


def source(protocol):
    return f"abi/{protocol['name']}.toml"


def labels(protocol):
    prefix = protocol["name"].upper() + "_"
    requests = [(prefix + request["name"].upper(), number, "")
                for number, request in enumerate(protocol["request"], 1)]
    requests.append((prefix + "REQUESTS", len(protocol["request"]), "the highest label"))
    return enum(protocol["name"] + "_label", requests)


def members(protocol, key):
    """One struct of words a request, for a union that gives message words their names."""
    lines = []
    for request in protocol["request"]:
        if request[key]:
            words = " ".join(f"uint64_t {name};" for name in request[key])
            lines.append(f"    struct {{ {words} }} {request['name']};")
    return "\n".join(lines)


def request_struct(protocol):
    name = protocol["name"]
    return f"""/* The words of each request and of its answer, by name. */
union {name}_arguments {{
{members(protocol, "args")}
}};
union {name}_results {{
{members(protocol, "results")}
}};

/* A request as its handler sees it. The handler sets error, the results and send_cap, or deferred
 * when somebody will answer later. What is not set is zero. */
struct {name}_request {{
    uint64_t label;
    uint64_t badge;
    uint64_t info; /* IPC_INFO_* */
    union {{
        uint64_t w[8];
        union {name}_arguments in;
    }};
    cap_t cap; /* slot of the capability that came along; 0 = none */
    err_t error;
    union {{
        uint64_t out[8];
        union {name}_results result;
    }};
    cap_t send_cap; /* slot of a capability that goes with the answer; 0 = none */
    bool deferred;
    void *context; /* the server's own */
}};
"""


def who(protocol):
    kinds = list(dict.fromkeys(request["who"] for request in protocol["request"]))
    prefix = protocol["name"].upper() + "_WHO_"
    return enum(protocol["name"] + "_who", [(prefix + kind.upper(), number, "")
                                             for number, kind in enumerate(kinds)])


def protocol_header(protocol):
    name = protocol["name"]
    prefix = name.upper()
    parts = ["#include <stdbool.h>\n#include <stdint.h>\n\n#include <byre/gen/calls.h>\n",
             f"#define {prefix}_PROTOCOL_VERSION {protocol['version']}\n", labels(protocol)]
    parts.append("".join(f"#define {prefix}_ERR_{error['name']} ((err_t){error['number']})\n"
                         for error in protocol["error"]))
    if protocol["flag"]:
        parts.append(masks(f"{name}_flag", "", protocol["flag"]))
    if protocol["reason"]:
        parts.append(numbered(f"{name}_reason", f"{prefix}_REASON_", protocol["reason"], first=1))
    parts += [who(protocol), request_struct(protocol)]
    return guarded(source(protocol), f"{name}.h", "\n".join(parts))


def client_parameters(request):
    words = ["cap_t server"] + [f"uint64_t {name}" for name in request["args"]]
    words += [f"uint64_t *{name}_out" for name in request["results"]]
    if "cap_argument" in request:
        words.append("cap_t send_slot")
    if "cap_result" in request:
        words.append("cap_t accept_slot")
    return ", ".join(words)


def client_descriptor(request):
    parts = ["IPC_LONG"] if len(request["args"]) > SHORT_MESSAGE_WORDS else []
    if "cap_argument" in request:
        parts.append("ipc_with_cap(send_slot)")
    if "cap_result" in request:
        parts.append("IPC_ACCEPT")
    return " | ".join(parts) or "0"


def client_call(request):
    """The short form of a call where it suffices."""
    descriptor = client_descriptor(request)
    if descriptor == "0" and len(request["results"]) <= SHORT_MESSAGE_WORDS:
        return "ipc_call(server, &message)"
    if descriptor == "IPC_ACCEPT":
        return "ipc_call_accept(server, &message, accept_slot)"
    accept_slot = "accept_slot" if "cap_result" in request else "0"
    return f"ipc_call_full(server, &message, {descriptor}, {accept_slot}, 0)"


def client_stub(protocol, request):
    label = f"{protocol['name'].upper()}_{request['name'].upper()}"
    words = f", .w = {{{', '.join(request['args'])}}}" if request["args"] else ""
    results = "".join(f"    *{name}_out = message.w[{index}];\n"
                      for index, name in enumerate(request["results"]))
    return (f"/* {request.get('doc', '')} */\n"
            f"[[nodiscard]] static inline err_t {protocol['name']}_{request['name']}"
            f"({client_parameters(request)})\n{{\n"
            f"    struct message message = {{.label = {label}{words}}};\n"
            f"    err_t error = {client_call(request)};\n\n" + results +
            "    return error != ERR_OK ? error : (err_t)message.label;\n}\n")


def client_header(protocol):
    name = protocol["name"]
    body = f"#include <byre/gen/{name}.h>\n#include <libsys/ipc.h>\n\n"
    stubs = [client_stub(protocol, request) for request in protocol["request"]]
    return guarded(source(protocol), f"{name}_client.h", body + "\n".join(stubs))


def handlers_header(protocol):
    name = protocol["name"]
    handlers = "".join(f"void {name}_on_{request['name']}(struct {name}_request *request);"
                       f"{comment(request.get('doc', ''))}\n" for request in protocol["request"])
    return guarded(source(protocol), f"{name}_handlers.h",
                   f"#include <byre/gen/{name}.h>\n\n{handlers}")


def dispatch(protocol):
    name = protocol["name"]
    prefix = name.upper()
    rows = "".join(
        f"    [{prefix}_{request['name'].upper()}] = {{{name}_on_{request['name']}, "
        f"{prefix}_WHO_{request['who'].upper()}, {len(request['results'])}}},\n"
        for request in protocol["request"])
    return f"""{head(source(protocol))}#include <byre/gen/{name}_handlers.h>

/* The server says whether the sender of a request is what the request's "who" asks for. */
static bool {name}_admits(enum {name}_who who, const struct {name}_request *request);

static const struct {{
    void (*handler)(struct {name}_request *request);
    enum {name}_who who;
    unsigned result_words;
}} {name}_requests[{prefix}_REQUESTS + 1] = {{
{rows}}};

/* Hand a request to its handler. Returns the words of its answer. */
static unsigned {name}_dispatch(struct {name}_request *request)
{{
    if (request->label == 0 || request->label > {prefix}_REQUESTS) {{
        request->error = ERR_ARGUMENT;
        return 0;
    }}
    if (!{name}_admits({name}_requests[request->label].who, request)) {{
        request->error = ERR_RIGHTS;
        return 0;
    }}
    {name}_requests[request->label].handler(request);
    return {name}_requests[request->label].result_words;
}}
"""


def protocol_outputs(protocol):
    name = protocol["name"]
    return {
        f"byre/gen/{name}.h": protocol_header(protocol),
        f"byre/gen/{name}_client.h": client_header(protocol),
        f"byre/gen/{name}_handlers.h": handlers_header(protocol),
        f"byre/gen/{name}_handlers.h": handlers_header(protocol),
        f"byre/gen/{name}_dispatch.inc": dispatch(protocol),
    }
