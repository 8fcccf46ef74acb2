"""The explorables of the chapters, and problem sets with answers in them, for the tests and the benchmarks."""

import ast
import re
from pathlib import Path

import nbformat

from assignments import release
from optim.explore import Explorable

CHAPTERS = sorted((Path(__file__).parent.parent / "chapters").glob("*.ipynb"))


def explorables(path):
    """Run of a notebook what its explorables need, and return them."""
    names, found = {}, []
    for body in _needed(
        [ast.parse(c.source) for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    ):
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), path.name, "eval"), names)
        if isinstance(value, Explorable):
            found.append(value)
    return found


def answered(product, answers):
    """Return the release of a problem set, as text, with code written in: by the names of the questions."""
    book = nbformat.reads(release.notebook_text(product), as_version=4)
    for question in product.assignment.tested:
        start = re.search(r"^def \w+\(", question.solution, re.MULTILINE)[0]
        for cell in book.cells:
            if question.name in answers and cell.source.startswith(start):
                cell.source = answers[question.name]
    return nbformat.writes(book)


def _needed(cells):
    """Return the bodies of the cells that call `explore`, and of those that define, before them, what they use."""
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
        if "explore" in used or defined & wanted:
            bodies.insert(0, cell.body)
            wanted |= used
    return bodies
