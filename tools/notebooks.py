"""What the chapters let a reader move, and problem sets with answers in them, for the tests and the benchmarks."""

import ast
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import numpy as np

from assignments import release
from assignments.inside.reading import Statement
from optim import minimize
from optim.explore import Explorable, Laboratory
from optim.plots import Curve, Readout

CHAPTERS = sorted((Path(__file__).parent.parent / "chapters").glob("*.ipynb"))
CHAPTER_FILES = {path.stem: path for path in CHAPTERS}


@cache
def explorables(path):
    """Run of a notebook what its explorables need, once, and return them."""
    return _shown(path, "explore", Explorable)


@cache
def laboratories(path):
    """Run of a notebook what its laboratories need, once, and return them."""
    return _shown(path, "laboratory", Laboratory)


def code_cells(path):
    """Return the code of a notebook, cell by cell."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def defined(path, name):
    """Run of a notebook what a name needs, and return what it stands for."""
    names = {}
    for cell in _needed(code_cells(path), name):
        exec(compile(cell, path.name, "exec"), names)
        if name in names:
            break
    return names[name]


def _shown(path, call, kind):
    """Run of a notebook what the cells that call a function need, and return what they show of its kind."""
    names, found = {}, []
    for cell in _needed(code_cells(path), call):
        body = ast.parse(cell).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), path.name, "eval"), names)
        if isinstance(value, kind):
            found.append(value)
    return found


class explorable:
    """The explorable of a chapter, ``"sgd"`` for one, that says these words below its picture.

    The chapter is run when something of it is first asked for: tests are collected without.
    """

    def __init__(self, chapter, says):
        self._chapter, self._says = chapter, says

    def __getattr__(self, name):
        if name.startswith(("_", "pytest")):  # what pytest looks for in everything that it collects
            raise AttributeError(name)
        [found] = [shown for shown in explorables(CHAPTER_FILES[self._chapter]) if self._says in shown.caption]
        return getattr(found, name)


class Moved:
    """What a reader sees of an explorable with its controls moved; those not named stay at their default.

    A slider is moved to a number at which it can stand on the page, a choice to one of its words.
    """

    def __init__(self, shown, **settings):
        values = dict(shown.defaults)
        for name, setting in settings.items():
            control = shown.controls[name]
            word = setting if isinstance(setting, str) else f"{setting:.15g}"
            assert word in control.words(), f"{name} cannot be set to {word}, only to {control.words()}"
            values[name] = control.values[control.words().index(word)]
        self.marks = shown.marks(**values)

    def numbers(self, words):
        """Return the numbers of the note that contains these words."""
        [note] = [mark for mark in self.marks if isinstance(mark, Readout) and words in mark.template]
        return [float(value) for value in note.values]

    def curve(self, label, panel=0):
        """Return x and y of the curve with this label."""
        [mark] = [mark for mark in self.marks if isinstance(mark, Curve) and (mark.label, mark.panel) == (label, panel)]
        return np.broadcast_arrays(mark.x, mark.y)


def everywhere(shown, words, *names, **settings):
    """Return the number of the note that contains these words at all places of some sliders, with one axis for each."""
    grid = np.meshgrid(*[shown.controls[name].values for name in names], indexing="ij", sparse=True)
    values = shown.defaults | settings | dict(zip(names, grid, strict=True))
    [note] = [mark for mark in shown.marks(**values) if isinstance(mark, Readout) and words in mark.template]
    return np.broadcast_to(note.values[0], np.broadcast_shapes(*[places.shape for places in grid]))


def runs_of(lab, start=None, settings=None):
    """Return the runs of a laboratory by name, from another start or with some settings changed; it stays as it is."""
    [loss], [rules] = lab.losses.values(), lab.rules.values()
    changed = {name: replace(rule, **(settings or {}).get(name, {})) for name, rule in rules.items()}
    return {name: minimize(loss, start or loss.start, rule, lab.steps) for name, rule in changed.items()}


def answered(product, answers):
    """Return the release of a problem set, as text, with code written in: by the names of the questions."""
    book = nbformat.reads(release.notebook_text(product), as_version=4)
    for question in product.assignment.tested:
        start = re.search(r"^def \w+\(", question.solution, re.MULTILINE)[0]
        for cell in book.cells:
            if question.name in answers and cell.source.startswith(start):
                cell.source = answers[question.name]
    return nbformat.writes(book)


def _needed(cells, call):
    """Return the sources of the cells that call a function, and of those that define, before them, what they use."""
    needed, wanted = [], set()
    for cell in reversed(cells):
        body = ast.parse(cell).body
        read = [Statement(node, 0, 0) for node in body]
        if any(call in statement.uses or statement.binds & wanted for statement in read):
            needed.insert(0, cell)
            wanted = _wanted_before(body, wanted)
    return needed


def _wanted_before(body, wanted):
    """Return the names that must have a value before some statements, given those that must have one after them."""
    for node in reversed(body):
        read = Statement(node, 0, 0)
        used = read.uses
        if isinstance(node, ast.For):  # what its body binds and then reads is its own
            head = Statement(ast.For(node.target, node.iter, [ast.Pass()], []), 0, 0)
            used = head.uses | (_wanted_before(node.body, set()) - head.binds)
        wanted = (wanted - read.binds) | used
    return wanted
