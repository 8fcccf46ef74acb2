"""What students get: one course's notebook and a README, made from a master and tried out before it leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assignments import files, grade, master, pages, version
from assignments.assignment import Assignment, Question
from assignments.course import Course
from assignments.inside.notebook import Outline
from assignments.master import Build
from assignments.sandbox import InProcess, StudentError
from assignments.submission import Cell, Submission, parse

NUMPY = "import numpy as np"  # which every notebook does before its first question
MOST_DRAWS = 50


def prepare(name: str, course: Course, master_cells: Sequence[Cell] = ()) -> Build:
    """Make one course's assignment and make sure that it can be handed out.

    Parameters
    ----------
    name : str
        Of the assignment: "ps1".
    course : Course
    master_cells : sequence of Cell, optional
        Instead of the master in ``masters/``.

    Raises
    ------
    BadMaster
        If the master breaks a rule, if its own solutions do not get every point, if a usual mistake gets every point,
        or if the notebook as it is handed out gets one.
    """
    product = master.make(name, master.draw_variant(name, course), course.seed, master_cells)
    assignment = product.assignment
    for mark in grade.grade_submission(solved(assignment), assignment, InProcess):
        if mark.ungraded:
            raise master.BadMaster(f"{name}, {mark.question}: {mark.ungraded}")
        if failed := next((outcome for outcome in mark.outcomes if not outcome.passed), None):
            raise master.BadMaster(f"{name}, {mark.question}: the solution fails {failed.title!r}: {failed.message}")
    for mark in grade.grade_submission(untouched(product), assignment, InProcess):
        if mark.points:
            raise master.BadMaster(
                f"{name}, {mark.question}: the notebook as it is handed out gets {mark.points} points"
            )
    drawn = tuple(_telling(name, question, assignment, course) for question in assignment.questions)
    return replace(product, assignment=replace(assignment, questions=drawn, course=course.fingerprint(name)))


def prepared(name: str, course: Course, place: Path) -> Assignment:
    """Return what `prepare` makes for the grader; it is kept in a file, and made once."""
    variant = master.draw_variant(name, course)
    draft = master.make(name, variant, course.seed).assignment
    basis = [version.of_grader(), draft.version, course.fingerprint(name), variant]
    try:
        stored = json.loads(place.read_text("utf-8"))
        if stored["basis"] == basis:
            return Assignment.from_dict(stored["assignment"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is none, or a damaged one
    assignment = prepare(name, course).assignment
    files.write_whole(place, json.dumps({"basis": basis, "assignment": assignment.to_dict()}), private=True)
    return assignment


class OwnCode(InProcess):
    """Code of a master, called directly: it needs none of the checks that what a student returns goes through."""

    def __init__(self, code: str) -> None:
        super().__init__([])
        self.names: dict[str, Any] = {"np": np}
        exec(compile(code, "a master", "exec", dont_inherit=True), self.names)

    def outlines(self, groups: Sequence[Sequence[str]]) -> list[Outline]:
        """Say that there is one way to run it."""
        return [{self.plan: {}} for _ in groups]

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """Call one of its functions."""
        try:
            return self.names[function](*arguments, **keywords)
        except Exception as error:
            raise StudentError(f"`{function}` raised {type(error).__name__}") from None


def _telling(name: str, question: Question, assignment: Assignment, course: Course) -> Question:
    """Draw hidden data on which every usual mistake loses points: the first that do, so that a secret decides them."""
    unnamed = replace(assignment, questions=tuple(replace(q, misconceptions=()) for q in assignment.questions))
    for attempt in range(MOST_DRAWS):
        drawn = replace(question, seed=course.seed(f"{name}.{question.name}.{attempt}"))
        hidden = replace(drawn, misconceptions=())  # which one it is does not matter here, and looking takes time
        marks = (grade.grade_question(hidden, unnamed, partial(OwnCode, one.code)) for one in question.misconceptions)
        if all(mark.points < mark.max_points for mark in marks):
            return drawn
    raise master.BadMaster(
        f"{name}, {question.name}: one of the usual mistakes gets every point, whatever the data are"
    )


def solved(assignment: Assignment, instead: Mapping[str, str] | None = None) -> Submission:
    """Return a submission with the reference solutions; `instead` gives other code for some questions, by name."""
    code = [(instead or {}).get(question.name, question.solution) for question in assignment.tested]
    return Submission.of_code([NUMPY, *code])


def untouched(product: Build) -> Submission:
    """Return the notebook as it is handed out, as a submission."""
    return parse(notebook_text(product).encode())


def notebook_text(product: Build) -> str:
    """Return the notebook as the text of its file."""
    return json.dumps(product.notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(product: Build, folder: Path) -> None:
    """Write the release into a folder: the notebook and a README, nothing else.

    Raises
    ------
    FileExistsError
        If the folder holds anything else, which a student would get, too, or another release.
    """
    name = product.assignment.name
    texts = {
        f"{name}.ipynb": notebook_text(product),
        "README.md": pages.render("README.md", assignment=product.assignment),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name not in texts or path.read_bytes() != texts[path.name].encode():
            raise FileExistsError(f"{path} is there already. Name a new or an empty folder; nothing was written.")
    for file, text in texts.items():
        files.write_whole(folder / file, text)
