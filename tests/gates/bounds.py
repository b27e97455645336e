"""Gate on the worst case: what abi/kernel.toml says of each system call's bound is what its code can do.

Read from the kernel's sources: which functions have a loop, and who mentions whom. Each loop has a bound in
LOOPS. A call that reaches a loop over the levels of a tree says so ("levels"), one that reaches a
loop in slices says "sliced", and no other call says either; such a loop may end its call to have it made
again. No function reaches itself. So with a new loop somewhere this gate fails until
somebody has said what bounds it, and what that does to the calls that reach it.

What stands in ENTRIES, the ways into the kernel that are no system calls, is held to the same.
"""

import pathlib
import re
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tap import Tap

ABI = pathlib.Path("abi/kernel.toml")
FOLDERS = ("kernel/core", "kernel/riscv")
AGAIN = "ERR_RESTART"                                   # the call is made again after its interrupt
NEVER_AGAIN = {"sys_table_map": "its 16 entries are less than a slice",
               "core_call": "it only knows of calls that are", "core_reply_receive": "it only knows of calls that are"}
NEVER_RETURNS = "kernel_panic"
TREE, SLICED = "levels", "sliced"                       # these words stand in a bound
ENTRIES = {
    "core_call": ("a call to a receiver that waits", "constant"),
    "core_reply_receive": ("an answer to a caller that waits", "constant"),
    "core_fault": ("a fault", "64 levels of a tree at most; log2 n as a rule, n = callers queued on the endpoint"),
    "core_timer": ("the timer", "16 deadlines, 64 levels of a tree each at most; log2 n as a rule, n = armed deadlines"),
    "core_interrupt": ("a device's interrupt", "16 interrupts, 64 levels of a tree each at most"),
    "core_notified": ("a notice of another hart", "constant"),
}
# Those of a constant number of steps: what bounds it.
STEPS = {
    "asid.c:begin_generation": "harts", "asid.c:give_number": "harts: more numbers than harts",
    "asid.c:loaded_mask": "harts", "asid.c:number_is_kept": "harts",
    "balance.c:balance_place": "harts", "balance.c:balance_share": "harts", "balance.c:balance_take": "harts",
    "bytes.c:memset": "the size of what is cleared, a page at most",
    "captable.c:sys_cap_copies": "CAP_COPIES_MAX", "captable.c:sys_cap_renew": "CAP_RENEW_MAX",
    "deadline.c:deadline_fire": "DEADLINES_AT_ONCE",
    "harts.c:arch_fence_code": "harts",
    "interrupt.c:interrupt_take_all": "INTERRUPTS_AT_ONCE",
    "lock.c:core_lock_wait": "the other harts' entries, one each (K2)",
    "machine.c:sys_machine_counter": "harts",
    "message.c:message_deliver": "8 words", "message.c:message_deliver_words": "8 words",
    "object.c:object_create": "256 pages of a capability table", "object.c:release": "256 pages of a capability table",
    "object.c:object_find_place": "16 sizes, 256 pages of a capability table",
    "paging.c:arch_root_clear": "the kernel's 256 root entries", "paging.c:arch_root_fill": "the kernel's 256 root entries",
    "plic.c:arch_interrupt_unmask": "harts", "sbi.c:ask_for": "harts",
    "schedule.c:schedule_highest": "5 halvings", "schedule.c:take_ready": "RANDOM_CHOICES",
    "scrub.c:check_unused": "512 pages of a chunk", "scrub.c:search_group": "32 entries of a group",
    "space.c:space_destroy": "harts", "asid.c:arch_flush_pages": "SPACE_FLUSH_PAGES_MAX",
    "table.c:has_child_tables": "512 entries",
    "table_range.c:sys_table_map": "TABLE_MAP_MAX",
    "table_range.c:sys_table_copy": "3 pairs of tables, each in slices",
    "table_range.c:run_map": "32 entries of a group",
    "table_range.c:run_map_device": "32 entries of a group", "table_range.c:run_change": "32 entries of a group",
    "table_range.c:run_thaw": "32 entries of a group", "table_range.c:run_drop": "32 entries of a group",
    "table_range.c:copy_group": "32 entries of a group",
    "thread.c:float_forget": "harts", "thread.c:sys_thread_read": "8 registers",
    "tree.c:take_place": "2 sides",
}
LEVELS = {"tree.c:tree_insert", "tree.c:tree_remove"}
IN_SLICES = {
    "captable.c:captable_drain", "endpoint.c:endpoint_drain", "ipc.c:refuse_callers", "machine.c:sys_machine_log",
    "notification.c:notification_drain", "scrub.c:go_on", "table.c:sys_table_free", "table_range.c:for_range",
}
# Run before the first user mode, when a hart has nothing to do, or when the kernel stops: nobody waits for them.
NOT_WAITED_FOR = {
    "event.c:event_print_all", "harts.c:await_arrival", "harts.c:hart_arrive", "harts.c:harts_start",
    "paging.c:paging_start", "panic.c:arch_stop_others", "panic.c:print", "panic.c:kernel_panic", "panic.c:panic_join", "panic.c:panic_stop",
    "panic.c:print_backtrace", "panic.c:print_place", "panic.c:print_registers", "panic.c:put_number",
    "panic.c:put_text", "plic.c:plic_start", "schedule.c:schedule_start", "start.c:endow_init", "trap.c:trap_idle",
}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
DIRECTIVE = re.compile(r"^#(?:.*\\\n)*.*$", re.MULTILINE)
ATTRIBUTE = re.compile(r"__attribute__\(\(\w+\)\) ?")
FUNCTION = re.compile(r"^(?!\s)([^;{}=]*?)\b(\w+)\([^;{}]*\)\s*\n\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
LOOP = re.compile(r"\b(?:for|while) \(")
MACRO_END = re.compile(r"\}\s*while \(0\)")


class Function:
    def __init__(self, path, kind, name, body):
        self.path, self.name, self.body = path, name, body
        self.is_static = "static" in kind and path.suffix == ".c"
        self.key = f"{path.name}:{name}"
        self.has_loop = bool(LOOP.search(MACRO_END.sub("}", body)))
        self.mentions = set()

    def names_in_body(self):
        """What it may mean by a word: not a member, nor a variable of its own."""
        words = set(re.findall(r"(?<![.>\w])(?<!enum )(?<!struct )[a-z]\w+\b", self.body))
        return words - set(re.findall(r"[\w*] \*?(\w+)(?: =|;|,|\[)", self.body)) - {NEVER_RETURNS}


def functions_of(path, text):
    text = ATTRIBUTE.sub("", DIRECTIVE.sub("", STRING.sub('""', COMMENT.sub("", text))))
    return [Function(path, kind, name, body) for kind, name, body in FUNCTION.findall(text)]


def linked(functions):
    by_name = {}
    for function in functions:
        by_name.setdefault(function.name, []).append(function)
    for function in functions:
        for name in function.names_in_body():
            found = by_name.get(name, [])
            here = [other for other in found if other.path == function.path]
            called = re.search(rf"(?<![.>\w]){name}\(", function.body)
            function.mentions.update(here or [other for other in found if not other.is_static] if called or here else [])
    return functions


def read_kernel():
    paths = [path for folder in FOLDERS for path in sorted(pathlib.Path(folder).glob("*.[ch]"))]
    return linked([function for path in paths for function in functions_of(path, path.read_text())])


def reached(function, found=None):
    found = set() if found is None else found
    if function not in found:
        found.add(function)
        for other in function.mentions:
            reached(other, found)
    return found


def circles(functions):
    """Functions that reach themselves."""
    return [function.key for function in functions
            if any(function in reached(other) for other in function.mentions)]


def wrong_words(function, bound):
    """What the bound says and should not, or does not say and should."""
    levels = [other.key for other in reached(function) if other.key in LEVELS]
    slices = [other.key for other in reached(function) if AGAIN in other.body and function.name not in NEVER_AGAIN]
    return [f"{function.name} reaches {' '.join(sorted(found)) or 'no such loop'}, its bound is: {bound}"
            for word, found in ((TREE, levels), (SLICED, slices)) if (word in bound) != bool(found)]


def bounds_of_calls():
    """{function: bound}; what is bounded as another call, a few times maybe, has that one's."""
    bounds = {f"sys_{call['name']}": call["bound"] for call in tomllib.loads(ABI.read_text())["syscall"]}
    alike = {name: bounds[f"sys_{bound.removeprefix('as ').partition(',')[0]}"] for name, bound in bounds.items()
             if bound.startswith("as ")}
    return bounds | alike | {name: bound for name, (_, bound) in ENTRIES.items()}


def unbounded(functions):
    known = STEPS.keys() | LEVELS | IN_SLICES | NOT_WAITED_FOR
    loops = {function.key for function in functions if function.has_loop}
    return sorted(loops - known), sorted(known - loops)


def mutants(tap):
    """The gate sees what it is for."""
    text = "void sys_a(void)\n{\n    go(1);\n}\n\nstatic void go(int n)\n{\n    while (n > 0) {\n        n--;\n    }\n}\n"
    functions = linked(functions_of(pathlib.Path("x.c"), text))
    tap.check(unbounded(functions)[0] == ["x.c:go"], "the gate notices a loop that nobody gave a bound")
    functions = linked(functions_of(pathlib.Path("tree.c"), text.replace("go(", "tree_insert(")))
    tap.check(len(wrong_words(functions[0], "constant")) == 1, "and a call that is not as constant as it says")
    tap.check(len(wrong_words(functions[0], "64 levels, sliced")) == 1, "and one that says it is sliced, and is not")
    functions = linked(functions_of(pathlib.Path("x.c"), text.replace("n--", "sys_a()")))
    tap.check(len(circles(functions)) == 2, "and functions that reach themselves")


def main():
    tap = Tap()
    functions = read_kernel()
    by_name = {function.name: function for function in functions}
    new, old = unbounded(functions)
    tap.check(not new, "every loop of the kernel has a bound", new)
    tap.check(not old, "and every bound its loop", old)
    tap.check(not circles(functions), "no function of the kernel reaches itself", circles(functions))
    never_look = [function.key for function in functions if function.key in IN_SLICES
                  and AGAIN not in function.body]
    tap.check(not never_look, "every loop in slices makes way between two", never_look)
    waited_for = [f"{name}: {other.key}" for name in bounds_of_calls() for other in reached(by_name[name])
                  if other.key in NOT_WAITED_FOR]
    tap.check(not waited_for, "what nobody waits for is reached by no call", waited_for)
    wrong = [line for name, bound in bounds_of_calls().items() for line in wrong_words(by_name[name], bound)]
    tap.check(not wrong, f"the bounds of {len(bounds_of_calls())} entries are what their code can do", wrong)
    mutants(tap)
    tap.end()


if __name__ == "__main__":
    main()
