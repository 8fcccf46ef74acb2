"""What students get: one course's notebook and a README, made from a master and tried out before it leaves."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import jinja2
import nbformat

from assignments import grade, master
from assignments.sandbox import InProcess
from assignments.submission import Submission, parse

NUMPY = "import numpy as np"  # which every notebook does before its first question
TEXTS = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def prepare(name, course, master_notebook=None):
    """Make one course's assignment and make sure that it can be handed out.

    Parameters
    ----------
    name : str
        Of the assignment: "ps1".
    course : Course
    master_notebook : NotebookNode, optional
        Instead of the one in ``masters/``.

    Returns
    -------
    Build

    Raises
    ------
    BadMaster
        If the master breaks a rule, if its own solutions do not get every point, if a usual mistake gets every point,
        or if the notebook as it is handed out gets one.
    """
    product = master.make(name, master.draw_variant(name, course), course.seed, master_notebook)
    assignment = product.assignment
    for mark in grade.grade_submission(solved(assignment), assignment, InProcess):
        if failed := next((outcome for outcome in mark.outcomes if not outcome.passed), None):
            raise master.BadMaster(f"{name}, {mark.question}: the solution fails {failed.title!r}: {failed.message}")
    for mark in grade.grade_submission(untouched(product), assignment, InProcess):
        if mark.points:
            raise master.BadMaster(
                f"{name}, {mark.question}: the notebook as it is handed out gets {mark.points} points"
            )
    drawn = tuple(_telling(name, question, assignment, course) for question in assignment.questions)
    return replace(product, assignment=replace(assignment, questions=drawn))


def _telling(name, question, assignment, course):
    """Draw hidden data on which every usual mistake loses points: the first that do, so that a secret decides them."""
    for attempt in range(50):
        drawn = replace(question, seed=course.seed(f"{name}.{question.name}.{attempt}"))
        marks = (
            grade.grade_question(drawn, assignment, lambda one=one: InProcess([NUMPY, one.code]))
            for one in question.misconceptions
        )
        if all(mark.points < mark.max_points for mark in marks):
            return drawn
    raise master.BadMaster(
        f"{name}, {question.name}: one of the usual mistakes gets every point, whatever the data are"
    )


def solved(assignment, instead=None):
    """Return a submission with the reference solutions; `instead` gives other code for some questions, by name."""
    code = [(instead or {}).get(question.name, question.solution) for question in assignment.tested]
    return Submission.of_code([NUMPY, *code])


def untouched(product):
    """Return the notebook as it is handed out, as a submission."""
    return parse(nbformat.writes(product.notebook).encode())


def write(product, folder):
    """Write the release into a folder: the notebook and a README, nothing else.

    Raises
    ------
    FileExistsError
        If the folder holds anything else, which a student would get, too, or another release.
    """
    folder = Path(folder)
    name = product.assignment.name
    texts = {
        f"{name}.ipynb": nbformat.writes(product.notebook) + "\n",
        "README.md": TEXTS.get_template("README.md").render(assignment=product.assignment),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name not in texts or path.read_text("utf-8") != texts[path.name]:
            raise FileExistsError(f"{path} is there already. Name a new or an empty folder; nothing was written.")
    for file, text in texts.items():
        write_whole(folder / file, text)


def write_whole(path, text):
    """Write a file whole or not at all, whatever happens meanwhile."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")  # a student may write half a character
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
