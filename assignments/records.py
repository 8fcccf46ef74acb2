"""What is known about each graded submission, as it is kept in the results' folder ``records``.

A record says by what it was graded, so that one of another grader, problem set, course or file is graded anew, and it
carries a digest of itself, so that a damaged or edited one is not believed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from assignments import files, version
from assignments.assignment import Assignment
from assignments.grade import Outcome, QuestionResult

FOLDER = "records"


class Damaged(ValueError):
    """A record is none: cut off, edited, or of something else."""


@dataclass(frozen=True)
class Basis:
    """What a grade depends on.

    Attributes
    ----------
    grader, problem_set : str
        Their versions.
    course : str
        Which secret drew the conventions and the hidden data.
    file : str
        A digest of what was handed in.
    """

    grader: str
    problem_set: str
    course: str
    file: str

    @classmethod
    def of(cls, assignment: Assignment, file: str) -> Basis:
        """Return what the grade of a file depends on now."""
        return cls(version.of_grader(), assignment.version, assignment.course, file)

    def difference(self, other: Basis) -> str:
        """Say in words what is not the same in another one; an empty text where all is."""
        for name, words in REASONS.items():
            if getattr(self, name) != getattr(other, name):
                return words
        return ""


ANOTHER_FILE = "another file was handed in"
REASONS = {
    "file": ANOTHER_FILE,
    "course": "another secret",
    "problem_set": "another version of the problem set",
    "grader": "another version of the grader",
}


@dataclass(frozen=True)
class Record:
    """What is known about one submission.

    Attributes
    ----------
    submission, assignment : str
        Their names.
    basis : Basis
    ungraded : str
        Why it could not be graded, as a clause; empty where it was.
    note : str
        A remark for student and instructor.
    results : tuple of QuestionResult
    answers : dict
        What it answers to the written questions, by their names; None without the heading.
    cacheable : bool
        Whether it would be the same another time: not after a failure of the machine or of the grader.
    regraded : str
        Why it was graded anew, as a clause, where the file is the same as the time before.
    before : dict
        The points before, of the questions whose points changed by that; None where it is not known.
    """

    submission: str
    assignment: str
    basis: Basis
    ungraded: str = ""
    note: str = ""
    results: tuple[QuestionResult, ...] = ()
    answers: dict[str, str | None] = field(default_factory=dict)
    cacheable: bool = True
    regraded: str = ""
    before: dict[str, float | None] | None = None

    @property
    def points(self) -> dict[str, float | None]:
        """The points of each question that tests mark; None where the grader failed on it."""
        return {result.question: None if result.ungraded else result.points for result in self.results}

    def changes(self) -> str:
        """Say which points changed when it was graded anew: "q3: 2 → 3"."""
        if self.before is None:
            return "what it was before is not known"

        def shown(points: float | None) -> str:
            return "ungraded" if points is None else f"{points:g}"

        now = self.points
        pairs = [f"{name}: {shown(points)} → {shown(now.get(name))}" for name, points in self.before.items()]
        return ", ".join(pairs) or "as before"

    def compared_with(self, old: Record, reason: str) -> Record:
        """Return this record with the reason why it took the place of an old one, and the points that it changed."""
        now, then = self.points, old.points
        if not old.cacheable:  # what was there before the failure counts
            then = {**then, **(old.before or {})}
        names = [*then, *(name for name in now if name not in then)]
        return replace(
            self, regraded=reason, before={name: then.get(name) for name in names if then.get(name) != now.get(name)}
        )


def load(path: Path) -> Record:
    """Read a record.

    Raises
    ------
    FileNotFoundError
        If there is none.
    Damaged
        If the file holds something else, or was changed since it was written.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        parts = stored["record"]
        if stored["sha256"] != _checksum(parts):
            raise Damaged("it was changed after it was written")
        results = tuple(
            QuestionResult(**{**result, "outcomes": tuple(Outcome(**outcome) for outcome in result["outcomes"])})
            for result in parts["results"]
        )
        return Record(**{**parts, "basis": Basis(**parts["basis"]), "results": results})
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"it cannot be read: {error}") from None


def save(path: Path, record: Record) -> None:
    """Write a record."""
    parts = asdict(record)
    text = json.dumps({"sha256": _checksum(parts), "record": parts}, indent=1, ensure_ascii=False)
    files.write_whole(path, text, private=True)


def place(results: Path, name: str) -> Path:
    """Return where the record of a submission is kept."""
    return results / FOLDER / f"{file_name(name)}.json"


def of(results: Path, names: list[str]) -> Iterator[Record]:
    """Read the records of submissions, one after the other."""
    for name in names:
        yield load(place(results, name))


def assignment_in(results: Path) -> str:
    """Return the name of the assignment whose results are in a folder; an empty text where there are none."""
    for path in sorted((results / FOLDER).glob("*.json")):
        try:
            return load(path).assignment
        except (OSError, Damaged):
            continue  # and it is graded again
    return ""


def file_name(name: str) -> str:
    r"""Return a file name for a submission: readable, unlike any other's, and harmless.

    Examples
    --------
    >>> file_name("ada"), file_name("ada/../\nps1")
    ('ada', 'ada-..-ps1-63e5dbbfa7bbc9e4')
    """
    plain = re.sub(r"[^\w.-]+", "-", name)[:60]
    own = plain == name and not plain.startswith(".") and not re.search(r"-[0-9a-f]{16}$", plain)
    if own and plain == plain.lower() and plain.isascii():
        return plain
    return f"{plain.lstrip('.')[:50]}-{hashlib.sha256(name.encode('utf-8')).hexdigest()[:16]}"


def _checksum(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
