"""Honest work in many styles, saved by many programs, gets every point: through the command, and in this process."""

import csv
from itertools import cycle
from pathlib import Path

import pytest
from honest_files import SAVERS, SECRET, Style, styles

from assignments import grade, release, submission
from assignments.__main__ import main
from assignments.course import Course
from assignments.inside.notebook import NOTES
from assignments.sandbox import InProcess

pytestmark = pytest.mark.course

NAMES = ["ps1", "ps2", "ps3", "ps4"]
STYLES = {name: styles(name) for name in NAMES}
CASES = [(name, style) for name in NAMES for style in STYLES[name] if style.plan != "smallest"]  # needs a time limit
SOLVED = Style("solved", "The reference's solutions.", "end", ())
ANSWER = "Because it is so: 因为是这样."


@pytest.fixture(scope="module")
def builds():
    """Make the problem sets with the conventions in which the styles are written."""
    return {name: release.prepare(name, Course((SECRET,))) for name in NAMES}


def test_there_are_a_hundred_styles_and_each_is_another():
    every = [style for name in NAMES for style in STYLES[name]]
    assert len(every) >= 100
    assert len({style.what for style in every}) == len({style.cells for style in every}) == len(every)


@pytest.mark.parametrize("name, style", CASES, ids=[f"{name}-{style.name}" for name, style in CASES])
def test_every_style_gets_every_point_in_this_process(builds, name, style):
    code = [text for kind, text in style.answered_in(builds[name]) if kind == "code"]
    results = grade.grade_submission(submission.Submission.of_code(code), builds[name].assignment, InProcess)
    failed = {result.question: o.message for result in results for o in result.outcomes if not o.passed}
    assert not failed
    assert max((result.note for result in results), key=list(NOTES.values()).index) == NOTES[style.plan]


@pytest.mark.parametrize("style", [one for one in STYLES["ps1"] if "slow" in one.name], ids=lambda style: style.name)
def test_a_student_who_checks_a_notebook_does_not_wait_for_its_experiments(builds, style):
    code = [text for kind, text in style.answered_in(builds["ps1"]) if kind == "code"]
    handed_in = submission.Submission.of_code(code)
    results = grade.grade_submission(handed_in, builds["ps1"].assignment, InProcess, with_hidden=False)
    assert all(outcome.passed for result in results for outcome in result.outcomes)
    assert not any(result.note for result in results)


def saved(build, style, save):
    """Return a style as a program saves it, with a written answer."""
    cells = [(kind, text.replace(submission.PROMPT, ANSWER)) for kind, text in style.answered_in(build)]
    return save(cells, {"assignment": build.notebook["metadata"]["assignment"]})


@pytest.mark.parametrize("save", SAVERS, ids=lambda save: save.__name__)
def test_every_program_that_saves_notebooks_is_understood(builds, save):
    build = builds["ps1"]
    handed_in = submission.parse(saved(build, SOLVED, save))
    cells = SOLVED.answered_in(build)
    assert handed_in.code == [text for kind, text in cells if kind == "code"]
    answers = build.assignment.written_answers(handed_in)
    assert [answer.removeprefix("![](picture)").strip() for answer in answers.values()] == [ANSWER]


@pytest.mark.parametrize("name", NAMES)
def test_every_style_gets_every_point_from_the_command(builds, walls, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("course.secret").write_text(SECRET)
    Path("submissions").mkdir()
    files = [*zip(STYLES[name], cycle(SAVERS)), *((SOLVED, save) for save in SAVERS)]
    for style, save in files:
        Path(f"submissions/{style.name}, {save.__name__}.ipynb").write_bytes(saved(builds[name], style, save))
    assert main(["grade", name, "submissions", "results"]) == 0
    points = str(sum(question.points for question in builds[name].assignment.tested))
    with open("results/grades.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(files)
    assert {row["submission"]: row["tested"] for row in rows if row["tested"] != points} == {}
    assert {row["submission"]: row["remark"] for row in rows if row["remark"]} == {}
