"""Honest work in many styles, saved by many programs, gets every point: through the command, and in this process."""

import pytest
from honest_files import SECRET, styles

from assignments import grade, release
from assignments.course import Course
from assignments.inside.notebook import NOTES
from assignments.sandbox import InProcess
from assignments.submission import Submission

NAMES = ["ps1", "ps2", "ps3"]


@pytest.fixture(scope="module")
def builds():
    """Make the problem sets with the conventions in which the styles are written."""
    return {name: release.prepare(name, Course((SECRET,))) for name in NAMES}


CASES = [(name, style) for name in NAMES for style in styles(name) if style.plan != "smallest"]  # here is no time limit


@pytest.mark.parametrize("name, style", CASES, ids=[f"{name}-{style.name}" for name, style in CASES])
def test_every_style_gets_every_point_in_this_process(builds, name, style):
    code = [text for kind, text in style.answered_in(builds[name]) if kind == "code"]
    results = grade.grade_submission(Submission.of_code(code), builds[name].assignment, InProcess)
    failed = {result.question: o.message for result in results for o in result.outcomes if not o.passed}
    assert not failed
    assert max((result.note for result in results), key=list(NOTES.values()).index) == NOTES[style.plan]
