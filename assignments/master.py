"""Masters: the notebooks in ``masters/``, which hold an assignment with its solutions, hidden tests and usual mistakes.

A master is an ordinary notebook. Raw cells say what the cells between them are; their markers are those of
otter-grader (https://otter-grader.readthedocs.io):

- ``# BEGIN QUESTION`` to ``# END QUESTION``: a question. Below the marker stand, as YAML, its ``name`` and its
  ``points``: one number for each test, or one number with ``manual: true`` where a person marks it.
- ``# BEGIN SOLUTION`` to ``# END SOLUTION``: the solution. In its code the lines from ``# BEGIN SOLUTION NO PROMPT`` to
  ``# END SOLUTION`` are for the grader only; those from a line that ends in ``# BEGIN PROMPT`` to one that ends in
  ``# END PROMPT``, a text in three quotes, are what students find there instead.
- ``# BEGIN TESTS`` to ``# END TESTS``: the tests, one function a cell. Students do not see one whose cell begins with
  ``# HIDDEN``.

Four more are this package's own:

- ``# VERSION``: the ``version`` of the problem set, a number for people. A digest of the whole master stands beside it;
- ``# VARIANT`` names, as YAML, what each course decides anew, with the options that are drawn from. A line that begins
  with ``#:`` and what stands in double braces belong to Jinja, which fills in what was drawn;
- in a question, ``# MISCONCEPTIONS`` lists the usual wrong answers, each as an edit of the solution (or a list of
  edits), and ``# RUBRIC`` says how a written answer is marked.

A hidden test may ask for `reference`, which holds the solutions, for `rng`, a generator that the course's secret seeds,
and for `allclose_nested`, which compares values without stretching shapes. Whatever must not reach a student carries
`CANARY`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

from assignments import version
from assignments.assignment import Assignment, Misconception, Question, Test
from assignments.course import Course
from assignments.submission import PROMPT, Cell

CANARY = "CANARY-8f41c6"
FOLDER = Path(__file__).parent / "masters"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))

TEMPLATES = jinja2.Environment(line_statement_prefix="#:", undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},  # with it, ! is no error of syntax
}
BEGIN_SOLUTION, END_SOLUTION = "# BEGIN SOLUTION NO PROMPT", "# END SOLUTION"
PROMPT_MARKERS = ('""" # BEGIN PROMPT', '""" # END PROMPT')
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
    notebook : dict
        For the students, as JSON knows it: nbformat 4.5.
    """

    assignment: Assignment
    notebook: dict[str, Any]


@dataclass
class Draft:
    """A question as it stands in a master.

    Attributes
    ----------
    where : str
        The master and the question, for messages.
    settings : dict
        Its ``name``, ``points`` and ``manual``.
    text : list of Cell
        What the students read.
    solution, tests : list of Cell
    misconceptions, rubric : list
        As YAML has them.
    """

    where: str
    settings: dict[str, Any]
    text: list[Cell] = field(default_factory=list)
    solution: list[Cell] = field(default_factory=list)
    tests: list[Cell] = field(default_factory=list)
    misconceptions: list[dict[str, Any]] = field(default_factory=list)
    rubric: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The first heading."""
        return next((_heading(cell) for cell in self.text if cell.kind == "markdown"), "")

    @property
    def points(self) -> float:
        """All points of the question."""
        points = self.settings["points"]
        return sum(points) if isinstance(points, list) else points

    def question(self, seed: int) -> Question:
        """Return the question as the grader knows it."""
        solution = "\n\n".join(cell.text for cell in self.solution if cell.kind == "code")
        points = self.settings["points"]
        if bool(self.tests) == bool(self.rubric) or bool(self.rubric) != bool(self.settings.get("manual")):
            raise BadMaster(f"{self.where}: a question has either tests, or a rubric and `manual: true`")
        if self.tests and (not isinstance(points, list) or len(points) != len(self.tests)):
            raise BadMaster(
                f"{self.where}: there are {len(self.tests)} tests, and `points` should name as many numbers"
            )
        tests = tuple(
            Test(cell.text, worth, _hidden(cell))
            for cell, worth in zip(self.tests, points if self.tests else (), strict=True)
        )
        if any(test.points for test in tests if not test.hidden):
            raise BadMaster(
                f"{self.where}: a public test gives points, and whoever copies its numbers into the answer has them"
            )
        return Question(
            name=self.settings["name"],
            title=self.title,
            points=self.points,
            solution="" if self.rubric else solution,
            tests=tests,
            misconceptions=tuple(self._misconception(entry, solution) for entry in self.misconceptions),
            rubric=tuple(self.rubric),
            seed=seed,
        )

    def _misconception(self, entry: dict[str, Any], solution: str) -> Misconception:
        code = solution
        for find, put in zip(_listed(entry["find"]), _listed(entry["put"]), strict=True):
            if code.count(find) != 1:
                raise BadMaster(f"{self.where}: {find!r} of {entry['name']!r} does not stand once in the solution")
            code = code.replace(find, put)
        return Misconception(entry["name"], " ".join(entry["feedback"].split()), code)

    def handed_out(self) -> list[Cell]:
        """Return the cells that the students get."""
        first, *others = self.text
        cells = [Cell(first.kind, f"{first.text}\n\n_Points:_ {self.points:g}"), *others]
        cells += [Cell("code", _without_solution(self.where, c.text)) for c in self.solution if c.kind == "code"]
        if self.rubric:
            cells.append(Cell("markdown", PROMPT))
        public = "\n\n\n".join(cell.text.strip() for cell in self.tests if not _hidden(cell))
        signatures = re.findall(r"^def (test_\w+)\((.*)\):", public, re.MULTILINE)
        if signatures:
            calls = "\n".join(f"{test}({arguments})" for test, arguments in signatures)
            cells.append(Cell("code", PUBLIC_TESTS.format(functions=public, calls=calls)))
        return cells


def variant_options(name: str) -> dict[str, list[Any]]:
    """Return what each course decides in the assignment `name`, with what is drawn from."""
    return next((_yaml(name, cell) for cell in read(name) if _marker(cell) == "VARIANT"), {})


def draw_variant(name: str, course: Course) -> dict[str, Any]:
    """Return what a course has drawn for the assignment `name`."""
    return {key: course.choose(f"{name}.{key}", values) for key, values in variant_options(name).items()}


def check_variant(name: str, chosen: object) -> dict[str, Any]:
    """Return the conventions that a notebook claims to be made for.

    Raises
    ------
    BadMaster
        If the assignment `name` has no such conventions.
    """
    possible = variant_options(name)
    if (
        isinstance(chosen, dict)
        and chosen.keys() == possible.keys()
        and all(value in possible[key] for key, value in chosen.items())
    ):
        return chosen
    raise BadMaster(
        f"The notebook's metadata name conventions that {name} does not have: {chosen}. "
        "Copy your answers into the notebook that was handed out"
    )


def read(name: str) -> list[Cell]:
    """Read the cells of the master of the assignment `name`.

    Raises
    ------
    BadMaster
        If there is none.
    """
    if name not in NAMES:
        raise BadMaster(f"there is no assignment {name!r}; there are {', '.join(NAMES)}")
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))
    return [Cell(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def make(name: str, chosen: dict[str, Any], seed: Callable[[str], int], master: Sequence[Cell] = ()) -> Build:
    """Make of a master what one course needs.

    Parameters
    ----------
    name : str
        Of the assignment: "ps1".
    chosen : dict
        The conventions.
    seed : callable
        Gives a seed for a name, as `Course.seed` does.
    master : sequence of Cell, optional
        Instead of the one in ``masters/``.

    Raises
    ------
    BadMaster
        If the master breaks one of the rules at the top of this module.
    """
    master = master or read(name)
    try:
        cells = [Cell(cell.kind, TEMPLATES.from_string(cell.text).render(chosen)) for cell in master]
    except jinja2.TemplateError as error:
        raise BadMaster(f"{name}: a template cannot be filled in: {error}") from None
    parts = _parts(name, cells)
    release = next((_yaml(name, cell)["version"] for cell in cells if _marker(cell) == "VERSION"), 1)
    drafts = [part for part in parts if isinstance(part, Draft)]
    questions = tuple(draft.question(seed(f"{name}.{draft.settings['name']}")) for draft in drafts)
    released = [cell for part in parts for cell in (part.handed_out() if isinstance(part, Draft) else [part])]
    for number, cell in enumerate(released, start=1):
        if CANARY in cell.text:
            raise BadMaster(f"{name}: cell {number} of the release would be {cell.text[:60]!r}: is a marker mistyped?")
    title = next(_heading(cell) for cell in cells if cell.kind == "markdown")
    full = f"{release} ({version.digest(*(f'{cell.kind} {cell.text}'.encode() for cell in master))})"
    assignment = Assignment(name, title, chosen, questions, full)
    return Build(assignment, _notebook(released, {"name": name, "variant": chosen}))


def _parts(name: str, cells: Sequence[Cell]) -> list[Cell | Draft]:
    """Return the parts of a master in their order: questions, and the cells between them."""
    parts: list[Cell | Draft] = []
    within = iter(cells)
    for cell in within:
        match _marker(cell):
            case None:
                parts.append(cell)
            case "VERSION" | "VARIANT":
                pass  # `make` and `variant_options` read them
            case "BEGIN QUESTION":
                draft = _draft(name, cell, within)
                if any(isinstance(part, Draft) and part.where == draft.where for part in parts):
                    raise BadMaster(f"{draft.where}: there are two questions of this name")
                parts.append(draft)
            case marker:
                raise BadMaster(f"{name}: {_misplaced(marker)}")
    return parts


def _draft(name: str, begin: Cell, cells: Iterator[Cell]) -> Draft:
    """Read a question up to its end."""
    settings = _settings(name, begin)
    draft = Draft(f"{name}, {settings['name']}", settings)
    block = ""  # "SOLUTION" or "TESTS" inside one
    for cell in cells:
        match _marker(cell), block:
            case None, "":
                draft.text.append(cell)
            case None, "SOLUTION":
                _demand_canary(draft.where, cell)
                draft.solution.append(cell)
            case None, "TESTS":
                if _hidden(cell):
                    _demand_canary(draft.where, cell)
                draft.tests.append(cell)
            case "BEGIN SOLUTION", "":
                block = "SOLUTION"
            case "BEGIN TESTS", "":
                block = "TESTS"
            case ("END SOLUTION", "SOLUTION") | ("END TESTS", "TESTS"):
                block = ""
            case "MISCONCEPTIONS", "":
                _demand_canary(draft.where, cell)
                draft.misconceptions = _yaml(draft.where, cell)
            case "RUBRIC", "":
                _demand_canary(draft.where, cell)
                draft.rubric = _yaml(draft.where, cell)
            case "END QUESTION", "":
                if not draft.title or not draft.solution:
                    raise BadMaster(f"{draft.where}: a question has a text with a heading, and a solution")
                return draft
            case marker, _:
                raise BadMaster(f"{draft.where}: {_misplaced(marker)}")
    raise BadMaster(f"{draft.where}: the question begins and does not end")


def _misplaced(marker: str | None) -> str:
    return f"the marker `# {marker}` has no place here: is it, or one before it, mistyped?"


def _marker(cell: Cell) -> str | None:
    """Return what a raw cell announces: "BEGIN QUESTION", "RUBRIC"; None for other cells."""
    return cell.text.split("\n", 1)[0].lstrip("# ").rstrip() if cell.kind == "raw" else None


def _hidden(cell: Cell) -> bool:
    return cell.text.startswith("# HIDDEN\n")


def _heading(cell: Cell) -> str:
    return cell.text.split("\n", 1)[0].lstrip("# ")


def _yaml(where: str, cell: Cell) -> Any:
    try:
        return yaml.safe_load(cell.text)
    except yaml.YAMLError as error:
        raise BadMaster(f"{where}: the cell {cell.text[:40]!r} is not YAML: {error}") from None


def _settings(where: str, cell: Cell) -> dict[str, Any]:
    settings = _yaml(where, cell)
    if not isinstance(settings, dict) or not {"name", "points"} <= settings.keys() <= {"name", "points", "manual"}:
        raise BadMaster(f"{where}: a question names its `name`, its `points` and, for a written answer, `manual: true`")
    return settings


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _demand_canary(where: str, cell: Cell) -> None:
    if CANARY not in cell.text:
        start = cell.text.strip().split("\n")[0][:60]
        raise BadMaster(f"{where}: the cell that begins {start!r} is secret and does not carry {CANARY}")


def _without_solution(where: str, code: str) -> str:
    """Return the code of a solution as the students find it."""
    kept, secret = [], False
    for line in code.split("\n"):
        mark = line.strip()
        if mark == (END_SOLUTION if secret else BEGIN_SOLUTION):
            secret = not secret
        elif mark.startswith(("# BEGIN", "# END")):
            raise BadMaster(f"{where}: the line {mark!r} has no place here: is it, or one before it, mistyped?")
        elif not secret and mark not in PROMPT_MARKERS:
            kept.append(line)
    if secret:
        raise BadMaster(f"{where}: a solution begins and does not end")
    return "\n".join(kept)


def _notebook(cells: Sequence[Cell], assignment: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with these cells, as JSON knows it."""
    extra: dict[str, dict[str, Any]] = {"code": {"execution_count": None, "outputs": []}}
    return {
        "cells": [
            {
                "cell_type": cell.kind,
                "id": f"{number:03}",  # random ones would make each release another file
                "metadata": {},
                "source": cell.text.splitlines(keepends=True),
                **extra.get(cell.kind, {}),
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {**METADATA, "assignment": assignment},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
