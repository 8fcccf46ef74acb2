"""What runs inside the sandbox: a student's code, and nothing that the student must not see.

The grader starts this file as a program of its own. It reads requests and writes answers, one line of JSON each: first
the cells of the notebook and the function that is asked for, then one call after the other. Only numbers, arrays and
short texts cross, written out by `encode` and read by `decode`. The grader reads them as a stranger's: the code in here
may have taken over this process.
"""

from __future__ import annotations

import ast
import base64
import builtins
import ctypes  # now: a user with fewer rights may not be able to read it any more
import json
import math
import os
import platform
import re
import struct
import symtable
import sys

import numpy as np

DTYPES = ("bool", "int32", "int64", "float32", "float64")
LONGEST_TEXT = 1000
DEEPEST = 6
MOST_ELEMENTS = 200_000

DENIED = {  # system calls: their numbers on x86-64 and on 64-bit ARM
    "add_key": (248, 217),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "msgget": (68, 186),
    "perf_event_open": (298, 241),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}

CELL_MAGICS_THAT_RUN_PYTHON = ("time", "timeit", "capture", "prun")
SHELL_OR_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\w+\s*=\s*[%!].*|.*\w\?{1,2}\s*|(?:pip|conda|cd|ls)\s.*)$")


class NotAllowed(TypeError):
    """A value that does not cross between student and grader."""


def encode(value, depth=0):
    """Write a value out as what JSON knows.

    Examples
    --------
    >>> encode((np.float32(0.5), [1, None]))
    [0.5, [1, None]]
    >>> encode(np.array([1.0, 2.0]))
    {'dtype': 'float64', 'shape': [2], 'data': 'AAAAAAAA8D8AAAAAAAAAQA=='}
    >>> encode({1, 2})
    Traceback (most recent call last):
    assignments.worker.NotAllowed: a set: only numbers, arrays, texts, and lists, tuples and dictionaries of them
    """
    if depth > DEEPEST:
        raise NotAllowed(f"a value nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool | np.bool_):
        return value if value is None else bool(value)
    if isinstance(value, int | np.integer):
        if not -(2**63) <= int(value) < 2**63:
            raise NotAllowed("a whole number of more than 64 bits")
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise NotAllowed(f"a text of more than {LONGEST_TEXT} characters")
        return str(value)
    if isinstance(value, np.ndarray):
        array = np.asarray(value)  # a subclass counts as the numbers it holds
        if array.dtype.name not in DTYPES:
            raise NotAllowed(f"an array of {array.dtype.name} instead of real numbers")
        if array.size > MOST_ELEMENTS:
            raise NotAllowed(f"an array of {array.size} numbers, of which at most {MOST_ELEMENTS} are read")
        data = base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
        return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.decode("ascii")}
    if isinstance(value, list | tuple):
        return [encode(part, depth + 1) for part in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) and len(key) <= LONGEST_TEXT for key in value):
            raise NotAllowed("a dictionary whose keys are not texts")
        return {"dict": {str(key): encode(part, depth + 1) for key, part in value.items()}}
    kind = type(value).__name__
    what = f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
    raise NotAllowed(f"{what}: only numbers, arrays, texts, and lists, tuples and dictionaries of them")


def decode(parts, depth=0):
    """Read what `encode` wrote, believing nothing.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> decode(encode([np.eye(2), {"t": 1}]))
    [array([[1., 0.],
           [0., 1.]]), {'t': 1}]
    >>> decode({"dtype": "object", "shape": [1], "data": "AAAA"})
    Traceback (most recent call last):
    ValueError: unreadable answer
    """
    if depth > DEEPEST:
        raise ValueError("unreadable answer")
    if parts is None or type(parts) in (bool, int, float):
        return parts
    if type(parts) is str and len(parts) <= LONGEST_TEXT:
        return parts
    if type(parts) is list:
        return [decode(part, depth + 1) for part in parts]
    if type(parts) is dict and parts.keys() == {"dict"} and type(parts["dict"]) is dict:
        return {key: decode(part, depth + 1) for key, part in parts["dict"].items()}
    if type(parts) is dict and parts.keys() == {"dtype", "shape", "data"} and parts["dtype"] in DTYPES:
        shape, data = parts["shape"], parts["data"]
        if type(shape) is list and len(shape) <= DEEPEST and type(data) is str:
            dtype = np.dtype(parts["dtype"])
            whole = all(type(length) is int and 0 <= length <= MOST_ELEMENTS for length in shape)
            raw = base64.b64decode(data, validate=True)  # binascii.Error is a ValueError
            if whole and len(raw) == math.prod(shape) * dtype.itemsize:
                return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    raise ValueError("unreadable answer")


def python_of(cell):
    r"""Return the Python in a cell, with its shell lines and magics blanked out.

    Examples
    --------
    >>> python_of("%matplotlib inline\nx = 1\n!ls")
    'pass\nx = 1\npass'
    """
    magic = re.match(r"\s*%%(\w+).*\n?", cell)
    if magic:
        cell = "pass\n" + cell[magic.end() :] if magic[1] in CELL_MAGICS_THAT_RUN_PYTHON else ""
    lines = cell.split("\n")
    try:
        ast.parse(cell)
    except SyntaxError:
        lines = [SHELL_OR_MAGIC.sub(r"\1pass", line) for line in lines]
    return "\n".join(lines)


class Statement:
    """A statement at the top of a cell: its code, the names it binds, and those it uses."""

    def __init__(self, node, number):
        table = symtable.symtable(ast.unparse(node), "cell", "exec")
        self.node, self.number = node, number
        self.binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
        self.uses = {s.get_name() for s in table.get_symbols() if s.is_referenced()} | self._global_names(table)
        self.binds |= self._changes(node)
        self.imports_all = isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)

    @classmethod
    def _global_names(cls, table):
        inner = set()
        for child in table.get_children():
            inner |= {s.get_name() for s in child.get_symbols() if s.is_global()} | cls._global_names(child)
        return inner

    @staticmethod
    def _changes(node):
        """Return the names whose objects it changes: ``x[0] = 1``, ``x.y = 1``, ``x.append(1)``."""
        changed = set()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return changed  # what they change, they change when they are called
        for part in ast.walk(node):
            target = None
            if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
                target = part
            elif isinstance(node, ast.Expr) and part is node.value and isinstance(part, ast.Call):
                target = part.func if isinstance(part.func, ast.Attribute) else None
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
            if isinstance(target, ast.Name):
                changed.add(target.id)
        return changed


def statements(cells):
    """Return the statements of all cells, and for each cell that is no Python the number and the reason."""
    found, unreadable = [], {}
    for number, cell in enumerate(cells, start=1):
        try:
            found += [Statement(node, number) for node in ast.parse(python_of(cell)).body]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = (getattr(error, "text", None) or "").strip()
            unreadable[number] = f"{getattr(error, 'msg', error)}{f': `{line}`' if line else ''}"
    return found, unreadable


def needed(found, name):
    r"""Return, in their order, the statements on which `name` depends: not the experiments around it.

    They stand before its last definition, and only what is missing there is looked for behind it: an experiment further
    down may use a helper's name for something else.

    Examples
    --------
    >>> cell = "import numpy as np\nimport slow\nrate = 0.1\nslow.plot(rate)\ndef f(x): return rate * np.sqrt(x)"
    >>> [ast.unparse(s.node) for s in needed(statements([cell])[0], "f")][:2]
    ['import numpy as np', 'rate = 0.1']
    """
    last = max((place for place, s in enumerate(found) if name in s.binds), default=-1)
    until_then = set().union(*(s.binds for s in found[: last + 1]))
    modules = {n for s in found if isinstance(s.node, ast.Import | ast.ImportFrom) for n in s.binds}
    chosen, wanted = set(), {name}
    while True:
        new = set()
        for place, s in enumerate(found):
            gives = s.binds - modules if isinstance(s.node, ast.Expr) else s.binds
            gives = gives if place <= last else gives - until_then
            if place not in chosen and (s.imports_all or gives & wanted):
                new.add(place)
        if not new:
            return [found[place] for place in sorted(chosen)]
        chosen |= new
        wanted |= set().union(*(found[place].uses for place in new))


class Notebook:
    """The functions of a notebook: each found by name, and what it needs run once, when it is first called."""

    def __init__(self, cells):
        self.cells = cells
        self.statements, self.unreadable = statements(cells)
        self.names = {"__name__": "notebook", "__builtins__": builtins, "display": lambda *_, **__: None}
        self.ran = set()
        self.failed = {}

    def function(self, name):
        """Return the function that the notebook calls `name`, running only what it needs."""
        for statement in needed(self.statements, name):
            if statement in self.ran:
                continue
            self.ran.add(statement)
            code = compile(ast.Module([statement.node], []), f"cell {statement.number}", "exec")
            try:
                exec(code, self.names)
            except Exception as error:
                self.failed[statement.number] = f"{type(error).__name__}: {error}"
        if callable(self.names.get(name)):
            return self.names[name]
        raise Missing(self._why_missing(name))

    def _why_missing(self, name):
        broken = [n for n in self.unreadable if re.search(rf"\bdef\s+{name}\b", self.cells[n - 1])]
        if broken:
            return f"code cell {broken[-1]}, which defines `{name}`, is not Python: {self.unreadable[broken[-1]]}"
        if self.failed:
            number, reason = next(iter(self.failed.items()))
            return f"code cell {number}, which `{name}` needs, failed: {reason}"
        return f"there is no function `{name}` in this notebook"

    def first_failure(self):
        """Say which of the cells that ran failed first, the usual reason for a name that is not there."""
        if not self.failed:
            return "each question is run by itself, with the definitions and assignments that it needs and nothing else"
        number, reason = next(iter(self.failed.items()))
        return f"code cell {number} failed before: {reason}"


class Missing(LookupError):
    """The notebook does not define what is asked for."""


def answer(notebook, request):
    """Call the function that is asked for and return what it returned, with the arguments as it left them."""
    arguments, keywords = decode(request["arguments"]), decode(request["keywords"])
    try:
        function = notebook.function(request["function"])
        result = function(*arguments, **keywords)
        return {"result": encode(result), "arguments": encode(arguments), "keywords": encode(keywords)}
    except Missing as error:
        return {"missing": str(error)[:LONGEST_TEXT]}
    except NotAllowed as error:
        return {"refused": str(error)[:LONGEST_TEXT]}
    except BaseException as error:  # also what a student raises to get out: SystemExit, KeyboardInterrupt
        message = f"{error}; {notebook.first_failure()}" if isinstance(error, NameError) else str(error)
        return {"raised": type(error).__name__[:80], "message": message[:LONGEST_TEXT]}


def deny_system_calls():
    """Let the kernel refuse what no answer needs and what limits and namespaces do not stop.

    Shared memory of System V and file systems of one's own are memory without a limit, keys outlive the process, and a
    socket is the network where no namespace keeps it away. It is the classic filter: pairs of "is it this number?".
    """
    machines = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
    if platform.machine() not in machines:
        return
    column, kind = machines[platform.machine()]
    numbers = [both[column] for both in DENIED.values()]
    load, equal, at_least, leave = 0x20, 0x15, 0x35, 0x06
    allow, refuse = (leave, 0, 0, 0x7FFF0000), (leave, 0, 0, 0x00050001)  # the latter says EPERM
    steps = [(load, 0, 0, 4), (equal, 1, 0, kind), refuse, (load, 0, 0, 0), (at_least, len(numbers) + 1, 0, 1 << 30)]
    steps += [(equal, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [allow, refuse]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    header = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    system = ctypes.CDLL(None, use_errno=True)
    for call in [(38, 1, 0, 0, 0), (22, 2, header, 0, 0)]:  # no new privileges, which allows the filter
        if system.prctl(*call):
            raise OSError(ctypes.get_errno(), "the filter of system calls is refused")


def close_the_doors(limits):
    """Give up every right that student code does not need. There is no way back."""
    import resource  # Windows has none, and there only `answer` is used

    if os.geteuid() == 0:  # root is not bound by the limit on processes
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    deny_system_calls()
    for name, limit in limits.items():
        most = limit + 1 if name == "RLIMIT_CPU" else limit  # the first limit sends a signal that tells why
        resource.setrlimit(getattr(resource, name), (limit, most))


def main():
    """Serve one grader until it closes the line."""
    requests, answers = os.fdopen(os.dup(0), "r", encoding="ascii"), os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what a student prints or asks for goes nowhere
        os.dup2(nothing, standard)
    first = json.loads(requests.readline())
    close_the_doors(first["limits"])
    print(json.dumps("ready"), file=answers, flush=True)
    notebook = Notebook(first["cells"])
    for line in requests:
        print(json.dumps(answer(notebook, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main())
