"""The grader in Gradescope's container: one submission in, `results.json` out.

See https://gradescope-autograders.readthedocs.io/en/latest/specs/ for the folders and the format.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from assignments import grade, submission
from assignments.assignment import Assignment
from assignments.isolation import NoIsolation, UnprivilegedUser
from assignments.sandbox import ForkServer, MachineFailure, Sandbox, find_isolation


def open_isolation() -> ForkServer:
    """Return bubblewrap's walls, or another user's where the container does not let bubblewrap build them."""
    try:
        return find_isolation()
    except NoIsolation:
        if os.geteuid() != 0:
            raise
        return ForkServer(UnprivilegedUser())


def results(assignment: Assignment, folder: Path) -> dict[str, Any]:
    """Grade the one submission in a folder and return what Gradescope wants to know."""
    try:
        handed_in = submission.read(_only(submission.files(folder)))
        note = submission.check_belongs_to(handed_in, assignment)
        with open_isolation() as isolation:
            marks = grade.grade_submission(handed_in, assignment, lambda cells: Sandbox(cells, isolation))
    except (submission.Unreadable, MachineFailure, NoIsolation) as error:
        return {"score": 0, "output": f"Not graded, because {error}. Please hand in again.", "visibility": "visible"}
    tests, remarks = [], [note] if note else []
    for mark in marks:
        if mark.ungraded:
            remarks.append(f"{mark.title}: not graded, because {mark.ungraded}. Please tell your instructor.")
        if mark.feedback and mark.public:
            remarks.append(f"{mark.title}: {mark.feedback}")
        if mark.note:
            remarks.append(f"{mark.title}: {mark.note}")
        for outcome in mark.outcomes:
            late = f"{outcome.message} {mark.feedback}".strip() if not mark.public else outcome.message
            tests.append(
                {
                    "name": f"{mark.title}: {outcome.title}",
                    "score": outcome.points,
                    "max_score": outcome.max_points,
                    "status": "passed" if outcome.passed else "failed",
                    "output": "" if outcome.passed else late if outcome.hidden else outcome.message,
                    "visibility": "after_published" if outcome.hidden else "visible",
                }
            )
    if not tests:
        return {"score": 0, "output": "\n\n".join(remarks), "visibility": "visible"}
    return {"tests": tests, "output": "\n\n".join(remarks), "visibility": "visible"}


def _only(files: list[Path]) -> Path:
    notebooks = [path for path in files if path.suffix == ".ipynb"] or files
    if len(notebooks) != 1:
        raise submission.Unreadable(f"there are {len(notebooks)} files instead of one notebook")
    return notebooks[0]


def main(folder: str) -> None:
    """Grade what lies in ``folder/submission`` and write ``folder/results/results.json``."""
    place = Path(folder)
    assignment = Assignment.from_dict(json.loads((place / "source/assignment.json").read_text("utf-8")))
    answer = results(assignment, place / "submission")
    (place / "results").mkdir(exist_ok=True)
    (place / "results/results.json").write_text(json.dumps(answer, indent=1), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
