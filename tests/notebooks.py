"""What the chapters let a reader move, and problem sets with answers in them, for the tests and the benchmarks."""

import ast
import re
from pathlib import Path

import nbformat

from optim.explore import Explorable, Laboratory

CHAPTERS = sorted((Path(__file__).parent.parent / "chapters").glob("*.ipynb"))


def explorables(path):
    """Run of a notebook what its explorables need, and return them."""
    return _shown(path, "explore", Explorable)


def laboratories(path):
    """Run of a notebook what its laboratories need, and return them."""
    return _shown(path, "laboratory", Laboratory)


def _shown(path, call, kind):
    """Run of a notebook what the cells that call a function need, and return what they show of its kind."""
    names, found = {}, []
    cells = [ast.parse(c.source) for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    for body in _needed(cells, call):
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), path.name, "eval"), names)
        if isinstance(value, kind):
            found.append(value)
    return found


def answered(product, answers):
    """Return the release of a problem set, as text, with code written in: by the names of the questions."""
    book = nbformat.from_dict(product.notebook)
    for question in product.assignment.tested:
        start = re.search(r"^def \w+\(", question.solution, re.MULTILINE)[0]
        for cell in book.cells:
            if question.name in answers and cell.source.startswith(start):
                cell.source = answers[question.name]
    return nbformat.writes(book)


def _needed(cells, call):
    """Return the bodies of the cells that call a function, and of those that define, before them, what they use."""
    bodies, wanted = [], set()
    for cell in reversed(cells):
        defined, used = set(), set()
        for node in ast.walk(cell):
            if isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.alias):
                defined.add(node.asname or node.name)
        if call in used or defined & wanted:
            bodies.insert(0, cell.body)
            wanted |= used
    return bodies
