"""Masters: the notebooks in ``masters/``, which hold an assignment with its solutions, hidden tests and usual mistakes.

A master is a notebook as otter-grader (https://otter-grader.readthedocs.io) wants it, with three things more:

- a raw cell ``# VARIANT`` names what each course decides anew, with the options that are drawn from;
- a line that begins with ``#:`` and what stands in double braces belong to Jinja, which fills in what was drawn;
- in a question, a raw cell ``# MISCONCEPTIONS`` lists the usual wrong answers, each as an edit of the solution (or a
  list of edits), and a raw cell ``# RUBRIC`` says how a written answer is marked.

A hidden test may ask for `reference`, which holds the solutions, for `rng`, a generator that the course's secret seeds,
and for `allclose_nested`, which compares values without stretching shapes. Whatever must not reach a student carries
`CANARY`.
"""

from __future__ import annotations

import copy
import logging
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jinja2
import nbformat
import yaml
from nbformat.v4 import new_code_cell
from otter.assign import main as otter_assign

from assignments.assignment import Assignment, Misconception, Question

CANARY = "CANARY-8f41c6"
FOLDER = Path(__file__).parent / "masters"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))

OURS = ("VARIANT", "MISCONCEPTIONS", "RUBRIC")
TEMPLATES = jinja2.Environment(line_statement_prefix="#:", undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
TEST_CONFIG = re.compile(r'\A""" # BEGIN TEST CONFIG\n.*?\n""" # END TEST CONFIG\n', re.DOTALL)
OTTERS_COMMENT = re.compile(r"<!-- (BEGIN|END) QUESTION -->\s*")
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},  # with it, ! is no error of syntax
}
PUBLIC_TESTS = """\
# The public tests of this question. The grader has its own copies, and more.
{functions}


{calls}
print("The public tests pass.")"""


class BadMaster(ValueError):
    """A master breaks a rule; the message says which, and where."""


@dataclass(frozen=True)
class Build:
    """What a master becomes for one course.

    Attributes
    ----------
    assignment : Assignment
        For the grader.
    notebook : NotebookNode
        For the students.
    archive : bytes
        What otter-grader makes for Gradescope.
    """

    assignment: Assignment
    notebook: nbformat.NotebookNode
    archive: bytes


def variant_options(name):
    """Return what each course decides in the assignment `name`, with what is drawn from."""
    return next((_yaml(cell) for cell in read(name).cells if _kind(cell) == "VARIANT"), {})


def draw_variant(name, course):
    """Return what a course has drawn for the assignment `name`."""
    return {key: course.choose(f"{name}.{key}", values) for key, values in variant_options(name).items()}


def check_variant(name, chosen):
    """Return the conventions that a notebook claims to be made for.

    Raises
    ------
    BadMaster
        If the assignment `name` has no such conventions.
    """
    possible = variant_options(name)
    fitting = isinstance(chosen, dict) and chosen.keys() == possible.keys()
    if not fitting or any(value not in possible[key] for key, value in chosen.items()):
        raise BadMaster(f"the notebook's metadata name conventions that {name} does not have: {chosen}")
    return chosen


def read(name):
    """Read the master of the assignment `name`.

    Raises
    ------
    BadMaster
        If there is none.
    """
    if name not in NAMES:
        raise BadMaster(f"there is no assignment {name!r}; there are {', '.join(NAMES)}")
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def make(name, chosen, seed, master=None):
    """Make of a master what one course needs.

    Parameters
    ----------
    name : str
        Of the assignment: "ps1".
    chosen : dict
        The conventions.
    seed : callable
        Gives a seed for a name, as `Course.seed` does.
    master : NotebookNode, optional
        Instead of the one in ``masters/``.

    Raises
    ------
    BadMaster
        If the master breaks a rule: one of otter-grader's, or one of those at the top of this module.
    """
    master = copy.deepcopy(master) if master else read(name)
    try:
        for cell in master.cells:
            cell.source = TEMPLATES.from_string(cell.source).render(chosen)
    except jinja2.TemplateError as error:
        raise BadMaster(f"{name}: a template cannot be filled in: {error}") from None
    notebook, tests, archive = _assign(name, master)
    drafts = _drafts(name, master)
    questions = [_question(name, draft, tests.get(draft["name"], ""), seed) for draft in drafts]
    _show_public_tests(notebook, {draft["name"]: draft["public"] for draft in drafts})
    notebook.metadata = {**KERNEL, "assignment": {"name": name, "variant": chosen}}
    title = next(cell.source for cell in master.cells if cell.cell_type == "markdown").splitlines()[0].lstrip("# ")
    for number, cell in enumerate(notebook.cells, start=1):
        if CANARY in str(cell) or cell.cell_type == "raw":
            raise BadMaster(
                f"{name}: cell {number} of the release would be {cell.source[:60]!r}: is a marker mistyped?"
            )
    return Build(Assignment(name, title, chosen, tuple(questions)), notebook, archive)


def _kind(cell):
    """Return what the first line of a raw cell announces: "BEGIN QUESTION", "RUBRIC"; None for other cells."""
    if cell.cell_type != "raw":
        return None
    return cell.source.split("\n", 1)[0].lstrip("# ").rstrip()


def _yaml(cell):
    try:
        return yaml.safe_load(cell.source)
    except yaml.YAMLError as error:
        raise BadMaster(f"the cell {cell.source[:40]!r} is not YAML: {error}") from None


def _listed(value):
    return value if isinstance(value, list) else [value]


def _assign(name, master):
    """Let otter-grader make the students' notebook, the tests and the archive."""
    cells = []
    for cell in master.cells:
        if _kind(cell) in OURS:
            continue
        if _kind(cell) == "BEGIN QUESTION":
            cell = {**cell, "source": f"{cell.source}\ncheck_cell: false"}  # the tests themselves stand there instead
        cells.append(nbformat.from_dict(cell))
    logging.getLogger("otter").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copy(FOLDER / "otter.yml", folder)
        nbformat.write(nbformat.from_dict({**master, "cells": cells}), folder / f"{name}.ipynb")
        try:
            otter_assign(str(folder / f"{name}.ipynb"), str(folder / "made"), no_pdfs=True, no_run_tests=True)
        except Exception as error:  # otter-grader says what is wrong by many kinds of exceptions
            raise BadMaster(f"{name}: otter-grader refuses the master: {error}") from error
        notebook = nbformat.read(folder / f"made/student/{name}.ipynb", as_version=4)
        tests = {file.stem: file.read_text("utf-8") for file in (folder / "made/autograder/tests").glob("*.py")}
        (archive,) = (folder / "made/autograder").glob("*.zip")
        return notebook, tests, archive.read_bytes()


def _drafts(name, master):
    """Return, for each question, what stands in the master and otter-grader does not hand on."""
    drafts, block = [], None
    for cell in master.cells:
        kind = _kind(cell)
        if kind == "BEGIN QUESTION":
            drafts.append(
                {
                    "title": "",
                    "solution": [],
                    "public": [],
                    "hidden": [],
                    "misconceptions": [],
                    "rubric": [],
                    **_yaml(cell),
                }
            )
        elif kind and kind.startswith(("BEGIN", "END")):
            block = kind if kind.startswith("BEGIN") else None
        elif kind in OURS and drafts:
            _demand_canary(name, drafts[-1], cell)
            drafts[-1][kind.lower()] = _yaml(cell)
        elif block == "BEGIN SOLUTION":
            _demand_canary(name, drafts[-1], cell)
            if cell.cell_type == "code":
                if cell.source.count("# BEGIN SOLUTION") != cell.source.count("# END SOLUTION"):
                    raise BadMaster(f"{name}, {drafts[-1]['name']}: a solution begins and does not end")
                drafts[-1]["solution"].append(cell.source)
        elif block == "BEGIN TESTS":
            drafts[-1]["hidden"].append(cell.source.startswith("# HIDDEN"))
            if drafts[-1]["hidden"][-1]:
                _demand_canary(name, drafts[-1], cell)
            else:
                drafts[-1]["public"].append(TEST_CONFIG.sub("", cell.source))
        elif drafts and cell.cell_type == "markdown" and not drafts[-1]["title"]:
            drafts[-1]["title"] = cell.source.splitlines()[0].lstrip("# ")
    return drafts


def _demand_canary(name, draft, cell):
    if CANARY not in cell.source:
        start = cell.source.strip().split("\n")[0][:60]
        raise BadMaster(
            f"{name}, {draft['name']}: the cell that begins {start!r} is secret and does not carry {CANARY}"
        )


def _question(name, draft, tests, seed):
    """Return the question that a draft describes."""
    where = f"{name}, {draft['name']}"
    solution = "\n\n".join(draft["solution"])
    if bool(tests) == bool(draft["rubric"]):
        raise BadMaster(f"{where}: a question has either tests or a rubric")
    if any(points for points, case in zip(draft["points"] if tests else [], draft["hidden"], strict=False) if not case):
        raise BadMaster(f"{where}: a public test gives points, and whoever copies its numbers into the answer has them")
    mistakes = []
    for entry in draft["misconceptions"]:
        code = solution
        for find, put in zip(_listed(entry["find"]), _listed(entry["put"]), strict=True):
            if code.count(find) != 1:
                raise BadMaster(f"{where}: {find!r} of {entry['name']!r} does not stand once in the solution")
            code = code.replace(find, put)
        mistakes.append(Misconception(entry["name"], " ".join(entry["feedback"].split()), code))
    return Question(
        name=draft["name"],
        title=draft["title"],
        points=draft["points"] if draft["rubric"] else sum(draft["points"]),
        solution="" if draft["rubric"] else solution,
        tests=tests,
        misconceptions=tuple(mistakes),
        rubric=tuple(draft["rubric"]),
        seed=seed(f"{name}.{draft['name']}"),
    )


def _show_public_tests(notebook, public):
    """Put the public tests of each question behind its answer, as cells that anyone can read and run."""
    cells = []
    for cell in notebook.cells:
        marked = cell.metadata.get("otter", {}).get("tests", [])  # where otter-grader would put its check
        cell.metadata.clear()
        cell.source = OTTERS_COMMENT.sub("", cell.source)
        cells.append(cell)
        for name in marked:
            functions = "\n\n\n".join(source.strip() for source in public[name])
            signatures = re.findall(r"^def (test_\w+)\((.*)\):", functions, re.MULTILINE)
            calls = "\n".join(f"{test}({arguments})" for test, arguments in signatures)
            if calls:
                cells.append(new_code_cell(PUBLIC_TESTS.format(functions=functions, calls=calls)))
    for number, cell in enumerate(cells):
        cell.id = f"{number:03}"  # random ones would make each release another file
    notebook.cells, notebook.nbformat_minor = cells, 5
