"""The grader in Gradescope's container: one submission in, `results.json` out.

See https://gradescope-autograders.readthedocs.io/en/latest/specs/ for the folders and the format.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from assignments import grade, submission
from assignments.assignment import Assignment
from assignments.isolation import NoIsolation, UnprivilegedUser
from assignments.sandbox import Sandbox, find_isolation


def walls():
    """Return bubblewrap's walls, or another user's where the container does not let bubblewrap build them."""
    try:
        return find_isolation()
    except NoIsolation:
        if os.geteuid() != 0:
            raise
        return UnprivilegedUser()


def results(assignment, folder):
    """Grade the one submission in a folder and return what Gradescope wants to know."""
    try:
        handed_in = submission.read(_only(submission.files(folder)))
        submission.check_belongs_to(handed_in, assignment)
    except submission.Unreadable as error:
        return {"score": 0, "output": f"Not graded, because {error}. Please hand in again.", "visibility": "visible"}
    wall = walls()
    tests, remarks = [], []
    for mark in grade.grade_submission(handed_in, assignment, lambda cells: Sandbox(cells, wall)):
        if mark.feedback and mark.public:
            remarks.append(f"{mark.title}: {mark.feedback}")
        for outcome in mark.outcomes:
            late = (
                f"{outcome.message} {mark.feedback}".strip() if outcome.hidden and not mark.public else outcome.message
            )
            tests.append(
                {
                    "name": f"{mark.title}: {outcome.title}",
                    "score": outcome.points,
                    "max_score": outcome.max_points,
                    "status": "passed" if outcome.passed else "failed",
                    "output": "" if outcome.passed else late,
                    "visibility": "after_published" if outcome.hidden else "visible",
                }
            )
    return {"tests": tests, "output": "\n\n".join(remarks), "visibility": "visible"}


def _only(files):
    notebooks = [path for path in files if path.suffix == ".ipynb"] or files
    if len(notebooks) != 1:
        raise submission.Unreadable(f"there are {len(notebooks)} files instead of one notebook")
    return notebooks[0]


def main(folder):
    """Grade what lies in ``folder/submission`` and write ``folder/results/results.json``."""
    folder = Path(folder)
    assignment = Assignment.from_dict(json.loads((folder / "source/assignment.json").read_text("utf-8")))
    answer = results(assignment, folder / "submission")
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results/results.json").write_text(json.dumps(answer, indent=1), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
