"""What is read after grading: `grades.csv`, a page of feedback for each student, a summary, and the written answers."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from assignments.batch import file_name, records
from assignments.release import TEXTS, write_whole

WRITTEN_COLUMNS = ["submission", "question", "points", "comment"]
NOTHING = {"points": None, "comment": ""}
BARS = 10


class BadMarks(ValueError):
    """The file with the marks by hand holds something that is no mark; the message says where."""


@dataclass
class Tally:
    """What the summary counts, submission by submission."""

    points: list = field(default_factory=list)
    by_question: dict = field(default_factory=dict)
    misconceptions: Counter = field(default_factory=Counter)
    ungraded: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def add(self, record):
        """Count one submission."""
        if record["ungraded"]:
            self.ungraded.append(record)
            return
        if record["note"]:
            self.notes.append(record)
        self.points.append(sum(mark["points"] for mark in record["results"]))
        for mark in record["results"]:
            self.by_question.setdefault(mark["question"], []).append(mark["points"])
            if mark["misconception"]:
                self.misconceptions[mark["title"], mark["misconception"], mark["feedback"]] += 1


def write(assignment, results, names):
    """Write every report into the folder `results`, from the records of the submissions `names`."""
    results = Path(results)
    by_hand = _marks_by_hand(assignment, results / "written.csv", set(names))
    tally, rows, answers = Tally(), [], []
    feedback = TEXTS.get_template("feedback.html")
    for record in records(results, names):
        mine = {q.name: by_hand.get((record["submission"], q.name), NOTHING) for q in assignment.questions}
        tally.add(record)
        rows.append(_row(assignment, record, mine))
        if not record["ungraded"]:
            answers += [
                {"submission": record["submission"], "question": q, "text": record["answers"][q.name], **mine[q.name]}
                for q in assignment.written
            ]
        page = feedback.render(assignment=assignment, record=record, by_hand=mine, row=rows[-1])
        write_whole(results / "feedback" / f"{file_name(record['submission'])}.html", page)
    write_whole(results / "grades.csv", _csv(rows[0].keys() if rows else [], rows))
    if assignment.written:
        write_whole(results / "written.csv", _csv(WRITTEN_COLUMNS, _to_mark(answers, by_hand)))
        page = TEXTS.get_template("written.html").render(assignment=assignment, answers=answers)
        write_whole(results / "written.html", page)
    write_whole(results / "summary.html", _summary(assignment, tally))
    return tally


def _row(assignment, record, by_hand):
    """Return a line of `grades.csv`; what is not known yet stays empty. A mark by hand counts before a test's."""
    row = {"submission": record["submission"], "status": "ungraded" if record["ungraded"] else "graded"}
    tested = {mark["question"]: mark["points"] for mark in record["results"]}
    known = {}
    for question in assignment.questions:
        entered = by_hand[question.name]["points"]
        points = tested.get(question.name) if entered is None else entered
        known |= {} if points is None else {question.name: points}
        row[question.name] = "" if points is None else f"{points:g}"
    row["tested"] = f"{sum(tested.values()):g}" if tested else ""
    row["total"] = f"{sum(known.values()):g}" if len(known) == len(assignment.questions) else ""
    row["of"] = f"{assignment.points:g}"
    row["remark"] = f"ungraded, because {record['ungraded']}" if record["ungraded"] else record["note"]
    row["page"] = f"feedback/{file_name(record['submission'])}.html"
    return row


def _csv(columns, rows):
    """Write a table; nothing in it is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return text.getvalue()


def _harmless(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else value


def _marks_by_hand(assignment, path, names):
    """Read the marks that a person has entered: {(submission, question): {"points": ..., "comment": ...}}.

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
    marks = {}
    for line in table:
        name, question, given, comment = ((line[column] or "").strip().removeprefix("'") for column in WRITTEN_COLUMNS)
        if not (name or question or given or comment):
            continue
        where = f"{path}, line {table.line_num} ({name}, {question})"
        if name not in names:
            raise BadMarks(f"{where}: there is no submission {name!r}.")
        if question not in most:
            raise BadMarks(f"{where}: there is no question {question!r}; there are {', '.join(most)}.")
        if (name, question) in marks:
            raise BadMarks(f"{where}: there is a line for this before.")
        try:
            points = float(given.replace(",", ".")) if given else None
        except ValueError:
            raise BadMarks(f"{where}: {given!r} is no number.") from None
        if points is not None and not 0 <= points <= most[question]:
            raise BadMarks(f"{where}: {given} is not between 0 and {most[question]:g}.")
        marks[name, question] = {"points": points, "comment": comment}
    return marks


def _decoded(data):
    """Return the text of a file that a spreadsheet may have written."""
    for encoding in ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _to_mark(answers, by_hand):
    """Return the table for marks by hand: a line for each written answer, and whatever was entered."""
    rows = {(answer["submission"], answer["question"].name): NOTHING for answer in answers}
    rows |= by_hand
    return [
        {
            "submission": name,
            "question": question,
            "points": "" if entry["points"] is None else f"{entry['points']:g}",
            "comment": entry["comment"],
        }
        for (name, question), entry in rows.items()
    ]


def _summary(assignment, tally):
    most = sum(question.points for question in assignment.tested)
    bars = Counter(min(int(points / most * BARS), BARS - 1) for points in tally.points)
    histogram = [{"from": most * bar / BARS, "to": most * (bar + 1) / BARS, "count": bars[bar]} for bar in range(BARS)]
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
    middle = {name: getattr(statistics, name)(tally.points) if tally.points else 0 for name in ("mean", "median")}
    return TEXTS.get_template("summary.html").render(
        assignment=assignment,
        tally=tally,
        most=most,
        histogram=histogram,
        tallest=max([1, *bars.values()]),
        questions=questions,
        misconceptions=sorted(tally.misconceptions.items(), key=lambda item: (-item[1], item[0])),
        **middle,
    )
