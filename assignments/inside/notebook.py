"""A student's notebook as the grader runs it: for each function what it needs, and nothing else."""

from __future__ import annotations

import ast
import builtins
import re
import symtable

CELL_MAGICS_THAT_RUN_PYTHON = ("time", "timeit", "capture", "prun")
SHELL_OR_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\w+\s*=\s*[%!].*|.*\w\?{1,2}\s*|(?:pip|conda|cd|ls)\s.*)$")


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
