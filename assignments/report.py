"""What is read after grading: `grades.csv`, a page of feedback for each student, a summary, and the written answers."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assignments import files, pages, records, version
from assignments.assignment import Assignment, Question
from assignments.grade import QuestionResult
from assignments.records import Record

WRITTEN_COLUMNS = ["submission", "question", "points", "comment"]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'", "＝", "＋", "－", "＠")  # with which spreadsheets let one begin
BARS = 10


class BadMarks(ValueError):
    """The file with the marks by hand holds something that is no mark; the message says where."""


@dataclass(frozen=True)
class HandMark:
    """What a person entered for a question of a submission.

    Attributes
    ----------
    points : float, optional
        None where only a comment was entered.
    comment : str
    """

    points: float | None = None
    comment: str = ""


NOTHING = HandMark()


@dataclass(frozen=True)
class WrittenAnswer:
    """An answer that a person marks; its text is None where the heading of the question is gone."""

    submission: str
    question: Question
    text: str | None
    mark: HandMark


@dataclass
class Tally:
    """What the summary counts, submission by submission.

    Attributes
    ----------
    graded : int
        How many were graded.
    points : list of float
        The points by tests of each submission on which the grader failed nowhere.
    by_question : dict
        The points of each question, by its name.
    misconceptions : Counter
        By title of the question, name and feedback.
    ungraded, regraded : list of Record
    remarks : list of tuple
        A submission's name and what is to be said about it.
    """

    graded: int = 0
    points: list[float] = field(default_factory=list)
    by_question: dict[str, list[float]] = field(default_factory=dict)
    misconceptions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    ungraded: list[Record] = field(default_factory=list)
    regraded: list[Record] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count one submission."""
        if record.regraded:
            self.regraded.append(record)
        if record.ungraded:
            self.ungraded.append(record)
            return
        self.graded += 1
        self.remarks += [(record.submission, remark) for remark in remarks(record)]
        if all(points is not None for points in record.points.values()):
            self.points.append(sum(mark.points for mark in record.results))
        for mark in record.results:
            if not mark.ungraded:
                self.by_question.setdefault(mark.question, []).append(mark.points)
            if mark.misconception:
                self.misconceptions[mark.title, mark.misconception, mark.feedback] += 1

    @property
    def changed(self) -> list[Record]:
        """The submissions whose points changed when they were graded anew."""
        return [record for record in self.regraded if record.before]


def write(assignment: Assignment, results: Path, names: list[str]) -> Tally:
    """Write every report into the folder `results`, from the records of the submissions `names`.

    Raises
    ------
    BadMarks
        If the marks by hand cannot be read; nothing is written then.
    """
    by_hand = _marks_by_hand(assignment, results / "written.csv", set(names))
    tally, rows, answers, written = Tally(), [], [], set()
    for record in records.of(results, names):
        mine = {q.name: by_hand.get((record.submission, q.name), NOTHING) for q in assignment.questions}
        tally.add(record)
        rows.append(_row(assignment, record, mine))
        if not record.ungraded:
            answers += [
                WrittenAnswer(record.submission, question, record.answers.get(question.name), mine[question.name])
                for question in assignment.written
            ]
        page = results / rows[-1]["page"]
        text = pages.render(
            "feedback.html",
            assignment=assignment,
            record=record,
            by_hand=mine,
            row=rows[-1],
            doubtful={mark.question for mark in record.results if doubtful(mark)},
        )
        files.write_changed(page, text, private=True)
        written.add(page)
    for page in (results / "feedback").glob("*.html"):
        if page not in written:
            page.unlink()  # of somebody who is not among the submissions any more
    files.write_changed(results / "grades.csv", _csv(rows[0].keys() if rows else [], rows), private=True)
    if assignment.written:
        table = _csv(WRITTEN_COLUMNS, _to_mark(answers, by_hand))
        files.write_changed(results / "written.csv", table, private=True)
        text = pages.render("written.html", assignment=assignment, answers=answers)
        files.write_changed(results / "written.html", text, private=True)
    files.write_changed(results / "summary.html", _summary(assignment, tally), private=True)
    return tally


def doubtful(mark: QuestionResult) -> bool:
    """Return whether a question has all its points though a public test fails."""
    full = mark.max_points > 0 and mark.points == mark.max_points
    return full and any(not outcome.passed for outcome in mark.outcomes)


def remarks(record: Record) -> Iterator[str]:
    """Return what an instructor should know about a submission that was graded."""
    if record.note:
        yield record.note
    for mark in record.results:
        if mark.ungraded:
            yield f"{mark.question} is ungraded, because {mark.ungraded}."
        elif doubtful(mark):
            yield f"{mark.question} has all points, and a public test fails: look at the answer."


def _row(assignment: Assignment, record: Record, by_hand: Mapping[str, HandMark]) -> dict[str, str]:
    """Return a line of `grades.csv`; what is not known yet stays empty. A mark by hand counts before a test's."""
    tested = record.points
    known = {}
    row = {"submission": record.submission, "status": "ungraded" if record.ungraded else "graded"}
    for question in assignment.questions:
        entered = by_hand[question.name].points
        points = tested.get(question.name) if entered is None else entered
        if points is not None:
            known[question.name] = points
        row[question.name] = "" if points is None else f"{points:g}"
    by_tests = [points for points in tested.values() if points is not None]
    row["tested"] = f"{sum(by_tests):g}" if by_tests and len(by_tests) == len(tested) else ""
    row["total"] = f"{sum(known.values()):g}" if len(known) == len(assignment.questions) else ""
    row["of"] = f"{assignment.points:g}"
    row["remark"] = f"ungraded, because {record.ungraded}" if record.ungraded else " ".join(remarks(record))
    row["page"] = f"feedback/{records.file_name(record.submission)}.html"
    return row


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Write a table in which nothing becomes a formula or a cell of its own, whatever a spreadsheet separates by."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value, key) for key, value in row.items()})
    return text.getvalue()


def _harmless(value: str, column: str) -> str:
    if column == "remark":  # behind the first column, quotes do not hold together what a semicolon separates
        value = value.replace(";", ",")
    return f"'{value}" if value.startswith(FORMULA) else value


def _marks_by_hand(assignment: Assignment, path: Path, names: set[str]) -> dict[tuple[str, str], HandMark]:
    """Read the marks that a person has entered, by submission and question.

    It reads what spreadsheets make of the file: semicolons for commas, other encodings, columns in another order.
    """
    if not path.exists():
        return {}
    most = {question.name: question.points for question in assignment.questions}
    text = _decoded(path.read_bytes())
    first = text.split("\n", 1)[0]
    table = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    missing = [column for column in WRITTEN_COLUMNS if column not in (table.fieldnames or ())]
    if missing:
        raise BadMarks(
            f"{path}: the first line names no column {missing[0]!r}; it should be {','.join(WRITTEN_COLUMNS)}."
        )
    marks: dict[tuple[str, str], HandMark] = {}
    for line in table:
        name, question, given, comment = ((line[column] or "").strip().removeprefix("'") for column in WRITTEN_COLUMNS)
        if not (given or comment) and name not in names:  # an empty line, or of somebody who was taken away
            continue
        where = f"{path}, line {table.line_num} ({name}, {question})"
        if name not in names:
            raise BadMarks(
                f"{where}: there is no submission {name!r}. Correct the name (grades.csv has it) or delete the line."
            )
        if question not in most:
            raise BadMarks(f"{where}: there is no question {question!r}; there are {', '.join(most)}.")
        if (name, question) in marks:
            raise BadMarks(f"{where}: there is a line for this before. Keep one of the two.")
        try:
            points = float(given.replace(",", ".")) if given else None
        except ValueError:
            raise BadMarks(f"{where}: {given!r} is no number.") from None
        if points is not None and not 0 <= points <= most[question]:
            raise BadMarks(f"{where}: {given} is not between 0 and {most[question]:g}.")
        marks[name, question] = HandMark(points, comment)
    return marks


def _decoded(data: bytes) -> str:
    """Return the text of a file that a spreadsheet may have written."""
    for encoding in ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _to_mark(answers: Iterable[WrittenAnswer], by_hand: Mapping[tuple[str, str], HandMark]) -> list[dict[str, str]]:
    """Return the table for marks by hand: a line for each written answer, and whatever was entered."""
    lines = {(answer.submission, answer.question.name): NOTHING for answer in answers} | dict(by_hand)
    return [
        {
            "submission": name,
            "question": question,
            "points": "" if mark.points is None else f"{mark.points:g}",
            "comment": mark.comment,
        }
        for (name, question), mark in lines.items()
    ]


def _summary(assignment: Assignment, tally: Tally) -> str:
    most = sum(question.points for question in assignment.tested)
    bars = Counter(min(int(points / most * BARS), BARS - 1) for points in tally.points if most)
    histogram: list[dict[str, Any]] = [
        {"from": most * bar / BARS, "to": most * (bar + 1) / BARS, "count": bars[bar]} for bar in range(BARS)
    ]
    questions = [
        {
            "title": question.title,
            "max_points": question.points,
            "mean": statistics.fmean(points),
            "full": sum(p == question.points for p in points),
            "none": sum(p == 0 for p in points),
        }
        for question in assignment.tested
        if (points := tally.by_question.get(question.name))
    ]
    return pages.render(
        "summary.html",
        assignment=assignment,
        grader=version.of_grader(),
        tally=tally,
        most=most,
        histogram=histogram,
        tallest=max([1, *bars.values()]),
        questions=questions,
        misconceptions=sorted(tally.misconceptions.items(), key=lambda item: (-item[1], item[0])),
        mean=statistics.fmean(tally.points) if tally.points else 0,
        median=statistics.median(tally.points) if tally.points else 0,
    )
