"""The Python in a notebook's cells, as Jupyter reads them: IPython's own transformer, and what becomes of magics."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
# The magics that run Python, each with the options that may stand before the code. All others are skipped.
RUN_PYTHON = {
    "time": r"(?:--no-raise-error\s+)?",
    "capture": "",
    "prun": r"(?:-[lsTD]\s*\S+\s+|-[rq]+\s+)*",
    "timeit": r"(?:-[nrp]\s*\d+\s+|-[tcqov]+\s+)*",
}
AUTOMAGIC = re.compile(r"(?:pip|conda|mamba|uv|cd|ls|pwd|mkdir|cat)\b(?!\s*[=(.\[,:])")  # magics without their %
MOST_AUTOMAGICS = 20  # in a cell


class NotPython(ValueError):
    """A cell that is no Python; the message says where."""


def python_of(cell: str) -> list[ast.stmt]:
    r"""Return the statements of a cell: what is Python as it stands, or else what IPython makes of it.

    Shell lines and magics become calls of `get_ipython()`. Of the magics in `RUN_PYTHON` the code itself is taken.

    Raises
    ------
    NotPython

    Examples
    --------
    >>> for statement in python_of("%matplotlib inline\n%time x = 1\nls = 3  # right?"):
    ...     print(ast.unparse(statement))
    get_ipython().run_line_magic('matplotlib', 'inline')
    x = 1
    ls = 3
    >>> python_of("x = (1")
    Traceback (most recent call last):
    assignments.inside.cells.NotPython: '(' was never closed: `x = (1`
    """
    try:
        return _statements(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError, RuntimeError) as error:
        line = (getattr(error, "text", None) or "").strip()
        raise NotPython(f"{getattr(error, 'msg', error)}{f': `{line}`' if line else ''}") from None


def skipped_magic(cell: str) -> str:
    r"""Return the magic for which a whole cell is skipped, with its ``%%``; an empty text for other cells.

    Examples
    --------
    >>> skipped_magic("%%bash\nls"), skipped_magic("%%time\nx = 1")
    ('%%bash', '')
    """
    magic = re.match(r"\s*%%(\w+)", cell)
    return f"%%{magic[1]}" if magic and magic[1] not in RUN_PYTHON else ""


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return _parse(cell).body
    except SyntaxError:
        tree = _parse_as_ipython(cell)
    code: list[ast.stmt] = _TakeOutOfMagics().visit(tree).body
    return code


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():  # of "\s" in the label of a plot
        warnings.simplefilter("ignore")
        return ast.parse(text)


@cache
def _transformer() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager  # takes longer than all else, and few cells need it

    return TransformerManager()


def _parse_as_ipython(cell: str) -> ast.Module:
    for _ in range(MOST_AUTOMAGICS):
        try:
            return _parse(_transformer().transform_cell(cell))
        except SyntaxError as error:  # a line such as `pip install numpy` is a magic, too
            lines = cell.split("\n")
            place = (error.lineno or 0) - 1
            if not (0 <= place < len(lines) and AUTOMAGIC.match(lines[place])):
                raise
            lines[place] = f"%{lines[place]}"
            cell = "\n".join(lines)
    return _parse(_transformer().transform_cell(cell))


class _TakeOutOfMagics(ast.NodeTransformer):
    """Puts the code that a magic would run in the place of the call that runs it."""

    def visit_Expr(self, node: ast.Expr) -> Any:
        found = _magic(node.value)
        return self.generic_visit(node) if found is None else list(_code_of(*found)) or ast.Pass()

    def visit_Call(self, node: ast.Call) -> Any:
        """Replace ``x = %time f()`` by ``x = f()``; other magics have no value."""
        found = _magic(node)
        if found and found[0] in ("time", "prun"):
            code = list(_code_of(*found))
            if len(code) == 1 and isinstance(code[0], ast.Expr):
                return code[0].value
        return self.generic_visit(node)


def _magic(node: ast.expr) -> tuple[str, str, str] | None:
    """Return the name, line and cell of the magic that an expression runs, if that runs Python."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=kind),
            args=[ast.Constant(value=str(name)), ast.Constant(value=str(line)), *rest],
        ) if kind in ("run_line_magic", "run_cell_magic") and name in RUN_PYTHON:
            match rest:
                case [ast.Constant(value=str(cell))]:
                    return name, line, cell
            return name, line, ""
    return None


def _code_of(name: str, line: str, cell: str) -> Iterator[ast.stmt]:
    line = re.sub(rf"\A{RUN_PYTHON[name]}", "", f"{line} ").strip()
    if name == "capture":
        code = python_of(f"{line.split()[0]} = get_ipython()") if re.match(r"[^\W\d]", line) else []
    else:
        code = python_of(line)
    code += python_of(cell)
    if name == "timeit" and code:  # its names are its own
        timed = _parse("def _timed(): pass\n_timed()").body
        for statement in timed:
            ast.copy_location(statement, code[0])
        timed[0].body = code  # type: ignore[attr-defined]
        code = timed
    yield from code
