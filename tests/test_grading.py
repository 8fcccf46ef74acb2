"""Grading from end to end: the commands, the files they write, and what becomes of them when something goes wrong."""

import csv
import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import zipfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assignments import (
    batch,
    container,
    files,
    grade,
    gradescope,
    master,
    records,
    release,
    report,
    submission,
    version,
)
from assignments.__main__ import _isolation, main
from assignments.course import Course, NoSecret
from assignments.isolation import NoIsolation, UnprivilegedUser
from assignments.sandbox import ForkServer, InProcess, MachineFailure, Sandbox, StudentError
from assignments.submission import Cell
from tools.notebooks import answered

pytestmark = pytest.mark.course

SECRET = "the tests' own secret"


@pytest.fixture(scope="module")
def product():
    """Make the first problem set."""
    return release.prepare("ps1", Course((SECRET,)))


def notebook(product, instead=None, answer="Because it is so."):
    """Return the release with the solutions, or other code for some questions, and a written answer filled in."""
    solutions = {question.name: question.solution for question in product.assignment.tested}
    return answered(product, solutions | (instead or {})).replace(submission.PROMPT, answer)


@pytest.fixture
def course(tmp_path, monkeypatch, product):
    """Set up a course's folder with three submissions, and work in it."""
    monkeypatch.chdir(tmp_path)
    Path("course.secret").write_text(SECRET)
    Path("submissions/bob").mkdir(parents=True)
    uphill = product.assignment.tested[2].misconceptions[0].code
    Path("submissions/ada.ipynb").write_text(notebook(product))
    Path("submissions/bob/any name.ipynb").write_text(notebook(product, {"q3": uphill}))
    Path("submissions/carl.pdf").write_text("%PDF-1.7")
    return tmp_path


def table(name="results/grades.csv"):
    """Read a table that was written: one dictionary for each submission."""
    return {line["submission"]: line for line in csv.DictReader(io.StringIO(Path(name).read_text("utf-8")))}


def enter(name, question, points, comment=""):
    """Enter a mark by hand into the line that is there for it."""
    file = Path("results/written.csv")
    line = f'"{name}","{question}","",""'
    assert line in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(line, f'"{name}","{question}","{points}","{comment}"'), "utf-8")


GRADING = ["grade", "ps1", "submissions", "results"]


class Here(nullcontext):
    """No walls."""

    def close(self):
        """Do nothing."""


@pytest.fixture
def here(monkeypatch):
    """Let student code run in this process: for tests of what becomes of results."""
    monkeypatch.setattr(batch, "Sandbox", lambda cells, _: InProcess(cells))
    monkeypatch.setattr("assignments.__main__._isolation", lambda ahead: nullcontext(lambda: Here(Here())))


@pytest.fixture
def ready(here, monkeypatch, product):
    """Let the problem set be prepared already, too."""
    monkeypatch.setattr(release, "prepared", lambda *_: product.assignment)


# The commands


@pytest.mark.parametrize("command", ["release", "check", "grade", "gradescope"])
def test_every_command_explains_itself_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"example:\n  python -m assignments {command} " in capsys.readouterr().out


def test_release_draws_a_secret_where_there_is_none_and_keeps_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["release", "ps1", "one"]) == 0
    secret = Path("course.secret").read_text()
    assert len(secret) > 20
    assert Path("course.secret").stat().st_mode & 0o077 == 0
    assert main(["release", "ps1", "two"]) == 0
    assert Path("course.secret").read_text() == secret
    assert Path("one/ps1.ipynb").read_bytes() == Path("two/ps1.ipynb").read_bytes()


@pytest.mark.parametrize("command", [["grade", "ps1", "submissions", "results"], ["gradescope", "ps1", "a.zip"]])
def test_grading_without_a_secret_says_so_and_draws_none(command, course, capsys):
    Path("course.secret").unlink()
    assert main(command) == 2
    assert "The course's secret cannot be read from course.secret" in capsys.readouterr().err
    assert not Path("course.secret").exists()


def test_grading_where_there_is_no_bubblewrap_refuses_and_says_what_to_install(course, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["grade", "ps1", "submissions", "results"]) == 2
    assert "sudo apt-get install bubblewrap" in capsys.readouterr().err
    assert [path.name for path in Path("results").iterdir()] == [".grader"]  # neither a record nor a page nor a table


def test_grading_where_bubblewrap_does_not_work_refuses_and_says_why(course, capsys, monkeypatch):
    broken = course / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    assert main(["grade", "ps1", "submissions", "results"]) == 2
    assert "No permissions to create new namespace" in capsys.readouterr().err


def test_check_names_the_mistake_and_needs_neither_walls_nor_the_secret(course, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    Path("course.secret").unlink()
    assert main(["check", "submissions/bob/any name.ipynb"]) == 1
    said = capsys.readouterr().out
    assert "Your step goes uphill." in said
    assert "Questions whose public tests do not pass: 1." in said
    assert "4 words; a person reads them." in said
    assert main(["check", "submissions/ada.ipynb"]) == 0
    assert "The public tests pass." in capsys.readouterr().out


def test_check_of_something_else_says_what_it_is(course, capsys):
    assert main(["check", "submissions/carl.pdf"]) == 2
    assert capsys.readouterr().err == "it is a PDF, not a notebook.\n"
    assert main(["check", "nowhere.ipynb"]) == 2


def test_check_believes_no_conventions_that_no_course_draws(course, capsys):
    book = json.loads(Path("submissions/ada.ipynb").read_text())
    book["metadata"]["assignment"]["variant"]["scale"] = "{{ 7 * 7 }}"
    Path("forged.ipynb").write_text(json.dumps(book))
    assert main(["check", "forged.ipynb"]) == 2
    assert "conventions that ps1 does not have" in capsys.readouterr().err


# Grading a folder


def test_after_a_run_signals_do_what_they_did_before(course, ready):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    main(GRADING)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def test_grade_writes_what_an_instructor_reads(course, walls, capsys):
    assert main(["grade", "ps1", "submissions", "results"]) == 0
    said = capsys.readouterr()
    assert "3/3" in said.err  # the progress bar
    assert "2 graded, 1 ungraded." in said.out
    grades = table()
    assert list(grades) == ["ada", "bob/any name", "carl.pdf"]
    assert [grades["ada"][q] for q in ("q1", "q2", "q3", "q4", "q5", "q6", "q7")] == ["4", "2", "3", "3", "4", "3", ""]
    assert (grades["ada"]["tested"], grades["ada"]["total"]) == ("19", "")
    assert (grades["bob/any name"]["q3"], grades["bob/any name"]["tested"]) == ("0", "16")
    assert grades["carl.pdf"]["remark"] == "ungraded, because it is a PDF, not a notebook"
    assert {grades["carl.pdf"][q] for q in ("q1", "q7", "tested", "total")} == {""}
    summary = Path("results/summary.html").read_text("utf-8")
    assert "2 graded, 1 ungraded" in summary
    assert "<strong>uphill</strong>" in summary
    (page,) = Path("results/feedback").glob("bob*")
    assert "Your step goes uphill." in page.read_text("utf-8")
    assert "Because it is so." in Path("results/written.html").read_text("utf-8")


def test_marks_by_hand_reach_the_grades_and_the_page_and_survive(course, ready):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    enter("ada", "q7", "5.5", "Well argued.")
    Path("submissions/dora.ipynb").write_text(Path("submissions/ada.ipynb").read_text())
    for _ in range(2):
        assert main(grading) == 0
        assert (table()["ada"]["q7"], table()["ada"]["total"]) == ("5.5", "24.5")
        assert table("results/written.csv")["ada"]["comment"] == "Well argued."
        assert table("results/written.csv")["dora"]["points"] == ""
        assert "Well argued." in Path("results/feedback/ada.html").read_text("utf-8")


def test_a_mark_by_hand_counts_before_a_tests(course, ready):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    with open("results/written.csv", "a", encoding="utf-8") as file:
        file.write('bob/any name,q3,2.5,"-1, but shown in class"\nbob/any name,q7,6,\n')
    file = Path("results/written.csv")
    file.write_text(file.read_text().replace('"bob/any name","q7","",""\n', ""))
    for _ in range(2):  # the second time it reads what it wrote itself
        assert main(grading) == 0
        row = table()["bob/any name"]
        assert (row["q3"], row["tested"], row["total"]) == ("2.5", "16", "24.5")
        page = Path("results", row["page"]).read_text("utf-8")
        assert "2.5 of 3 points, entered by hand" in page
        assert ">-1, but shown in class<" in page


SPREADSHEETS = {
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 with tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "Windows' own letters": lambda text: text.replace("fine", "schön").encode("cp1252"),
    "Windows' ends of lines": lambda text: text.replace("\n", "\r\n").encode(),
    "empty lines": lambda text: f"{text},,,\n\n".encode(),
    "another column": lambda text: text.replace("\n", ",x\n").encode(),
    "another order": lambda text: "\n".join(",".join(line.split(",")[::-1]) for line in text.splitlines()).encode(),
}


@pytest.mark.parametrize("habit", SPREADSHEETS)
def test_marks_by_hand_survive_a_spreadsheet(habit, tmp_path, product):
    text = "submission,question,points,comment\nada,q7,5,fine\nbob,q7,4.5,\n"
    (tmp_path / "written.csv").write_bytes(SPREADSHEETS[habit](text))
    marks = report._marks_by_hand(product.assignment, tmp_path / "written.csv", {"ada", "bob"})
    assert {name: mark.points for (name, _), mark in marks.items()} == {"ada": 5, "bob": 4.5}
    assert marks["ada", "q7"].comment in ("fine", "schön")


@pytest.mark.parametrize(
    "lines, sentence",
    [
        ("adda,q7,5,", "there is no submission 'adda'"),
        ("ada,q9,5,", "there is no question 'q9'; there are q1, "),
        ("ada,q7,5,\nada,q7,4,", "there is a line for this before"),
        ("ada,q7", ""),
    ],
)
def test_a_line_by_hand_that_goes_nowhere_is_refused(lines, sentence, tmp_path, product):
    (tmp_path / "written.csv").write_text(f"submission,question,points,comment\n{lines}\n")
    if not sentence:  # a line that was not filled in
        marks = report._marks_by_hand(product.assignment, tmp_path / "written.csv", {"ada"})
        assert marks == {("ada", "q7"): report.HandMark()}
        return
    with pytest.raises(report.BadMarks, match=re.escape(sentence)):
        report._marks_by_hand(product.assignment, tmp_path / "written.csv", {"ada"})


@pytest.mark.parametrize(
    "command, sentence",
    [
        (["grade", "ps2", "submissions", "results"], "results holds the results of ps1"),
        (["grade", "ps1", "submissions", "submissions/results"], "name two folders"),
        (["grade", "ps1", "results/feedback", "results"], "name two folders"),
        (["grade", "ps1", "empty", "other"], "There is no file in empty"),
        (["grade", "ps1", "nowhere", "other"], "nowhere is no folder"),
    ],
    ids=["another set", "inside", "around", "nothing", "nowhere"],
)
def test_a_mistyped_folder_overwrites_nothing(course, ready, capsys, command, sentence):
    main(["grade", "ps1", "submissions", "results"])
    Path("empty").mkdir()
    before = Path("results/grades.csv").read_bytes()
    assert main(command) == 2
    assert sentence in capsys.readouterr().err
    assert Path("results/grades.csv").read_bytes() == before
    assert not Path("other").exists()


def test_a_written_answer_may_have_headings_of_its_own(product):
    book = json.loads(notebook(product, answer="It is so."))
    place = next(n for n, cell in enumerate(book["cells"]) if "It is so." in "".join(cell["source"]))
    for text in ("### Question 1\nOne.", "## Question 2\nTwo.", "# Mine\nThree."):
        place += 1
        book["cells"].insert(place, {"cell_type": "markdown", "metadata": {}, "source": text})
    book["cells"].insert(
        0, {"cell_type": "markdown", "metadata": {}, "source": "Question 7: on-line against off-line, below"}
    )
    answers = product.assignment.written_answers(submission.parse(json.dumps(book).encode()))
    assert [word for word in ("so.", "One.", "Two.", "Three.") if word in answers["q7"]] == [
        "so.",
        "One.",
        "Two.",
        "Three.",
    ]
    assert "Restart the kernel" not in answers["q7"]


@pytest.mark.parametrize(
    "entry, sentence", [("7", "7 is not between 0 and 6"), ("good", "'good' is no number"), ("-1", "is not between")]
)
def test_a_mark_by_hand_that_is_none_is_refused_with_its_line(course, ready, capsys, entry, sentence):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    written = Path("results/written.csv")
    enter("ada", "q7", entry)
    before = written.read_text()
    assert main(grading) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "line 2 (ada, q7)" in said
    assert written.read_text() == before


def test_what_did_not_change_is_not_graded_again_and_what_did_is(course, here, product):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    ada, bob = (next(Path("results/records").glob(f"{name}*")) for name in ("ada", "bob"))
    before = ada.stat().st_mtime_ns, bob.stat().st_mtime_ns
    Path("submissions/bob/any name.ipynb").write_text(notebook(product))
    main(grading)
    assert ada.stat().st_mtime_ns == before[0]
    assert bob.stat().st_mtime_ns != before[1]
    assert table()["bob/any name"]["tested"] == "19"


def test_another_secret_overwrites_grades_only_when_asked_to(course, here, capsys):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    before = Path("results/grades.csv").read_bytes(), Path("results/records/ada.json").read_bytes()
    Path("course.secret").write_text(f"next year\n{SECRET}")
    assert main(grading) == 2
    said = capsys.readouterr().err
    assert "were given with another secret" in said and "--secret" in said and "--regrade-all" in said
    assert (Path("results/grades.csv").read_bytes(), Path("results/records/ada.json").read_bytes()) == before
    assert main([*grading, "--regrade-all"]) == 0
    assert Path("results/records/ada.json").read_bytes() != before[1]
    assert "another secret" in Path("results/summary.html").read_text("utf-8")


GRADE = [sys.executable, "-m", "assignments", "grade", "ps1", "submissions"]


@pytest.fixture(scope="module")
def graded_whole(tmp_path_factory, walls, product):
    """Set up a course of twelve, and grade it without a disturbance."""
    course = tmp_path_factory.mktemp("whole")
    (course / "course.secret").write_text(SECRET)
    (course / "submissions").mkdir()
    uphill = {"q3": product.assignment.tested[2].misconceptions[0].code}
    for number in range(12):
        (course / "submissions" / f"student{number}.ipynb").write_text(notebook(product, uphill if number % 2 else {}))
    subprocess.run([*GRADE, "whole"], check=True, capture_output=True, cwd=course)
    return course


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda end: end.name)
def test_a_run_that_is_ended_goes_on_and_ends_with_the_same_grades(graded_whole, monkeypatch, end):
    monkeypatch.chdir(graded_whole)
    results = Path(f"ended by {end.name}")
    ended = subprocess.Popen(
        [*GRADE, results],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # A shell lets what it runs in the background ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while len(list((results / "records").glob("*.json"))) < 3:
        time.sleep(0.01)
        assert ended.poll() is None
    ended.send_signal(end)
    said = ended.communicate()[1].decode()
    assert ended.returncode == (-9 if end == signal.SIGKILL else 130)
    assert end == signal.SIGKILL or "Stopped. What was graded is kept: run the same command again to go on." in said
    assert "Traceback" not in said
    kept = {path: path.stat().st_mtime_ns for path in (results / "records").glob("*.json")}
    assert 3 <= len(kept) < 12
    again = subprocess.run([*GRADE, results], check=True, capture_output=True, text=True)
    assert ("The grader was killed while it graded" in again.stdout) == (end == signal.SIGKILL)
    for file in ("grades.csv", "written.csv", "summary.html"):
        assert (results / file).read_bytes() == Path("whole", file).read_bytes()
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


@pytest.mark.parametrize(
    "failure, sentence",
    [
        (OSError("no processes left"), "the grader failed, not the student: OSError: no processes left"),
        (MachineFailure("its memory is full"), "could not run it: its memory is full"),
    ],
    ids=["grader", "machine"],
)
def test_what_the_grader_or_the_machine_could_not_do_is_ungraded_and_tried_again(
    course, ready, monkeypatch, failure, sentence
):
    def broken(*_):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(grade, "grade_submission", broken)
        main(GRADING)
    assert sentence in table()["ada"]["remark"]
    assert table()["ada"]["q1"] == ""
    main(GRADING)
    assert table()["ada"]["tested"] == "19"
    assert "Graded anew" not in Path("results/summary.html").read_text("utf-8")  # nobody had a grade before


def test_a_question_on_which_the_grader_failed_is_ungraded_and_the_others_count(course, ready, monkeypatch):
    real = grade.grade_submission

    def broken(*given):
        return [
            replace(mark, points=0.0, ungraded="a test fails") if mark.question == "q2" else mark
            for mark in real(*given)
        ]

    with monkeypatch.context() as patch:
        patch.setattr(grade, "grade_submission", broken)
        main(GRADING)
    row = table()["ada"]
    assert (row["q1"], row["q2"], row["tested"], row["total"]) == ("4", "", "", "")
    assert row["remark"] == "q2 is ungraded, because a test fails."
    assert "Ungraded, because a test fails." in Path("results/feedback/ada.html").read_text("utf-8")
    assert "2 graded" in Path("results/summary.html").read_text("utf-8")
    main(GRADING)
    assert table()["ada"]["tested"] == "19"


# Records, and by what they were given


def record_of(name):
    """Read the record of a submission."""
    return records.load(records.place(Path("results"), name))


def as_before(monkeypatch, version, points):
    """Let the grader be another version, which gives other points for some questions."""
    real = grade.grade_submission

    def other(*given):
        return [replace(mark, points=points.get(mark.question, mark.points)) for mark in real(*given)]

    monkeypatch.setattr("assignments.version.of_grader", lambda: version)
    monkeypatch.setattr(grade, "grade_submission", other)


def test_a_changed_grader_grades_anew_and_says_which_grades_changed(course, ready, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        as_before(patch, "1 (old)", {"q1": 2.0})
        main(GRADING)
        assert table()["ada"]["q1"] == "2"
        assert "Graded by grader 1 (old), problem set 2 (" in Path("results/feedback/ada.html").read_text("utf-8")
    capsys.readouterr()
    main(GRADING)
    assert table()["ada"]["q1"] == "4"
    said = capsys.readouterr().out
    assert "'ada' is graded anew: another version of the grader." in said
    assert "Graded anew: 3. Grades that changed by that: 2." in said
    assert "'ada': q1: 2 → 4" in said
    summary = Path("results/summary.html").read_text("utf-8")
    assert "q1: 2 → 4" in summary and "The grades of 2 of them changed." in summary
    assert "another version of the grader" in Path("results/feedback/ada.html").read_text("utf-8")
    main(GRADING)
    assert "Graded anew: 3" in capsys.readouterr().out  # and it stays to be read


def test_a_failure_of_the_machine_meanwhile_does_not_hide_what_changed(course, ready, monkeypatch):
    with monkeypatch.context() as patch:
        as_before(patch, "1 (old)", {"q1": 2.0})
        main(GRADING)

    def broken(*_):
        raise MachineFailure("its memory is full")

    with monkeypatch.context() as patch:
        patch.setattr(grade, "grade_submission", broken)
        main(GRADING)
    assert table()["ada"]["status"] == "ungraded"
    main(GRADING)
    assert record_of("ada").changes() == "q1: 2 → 4"


def test_a_changed_problem_set_grades_anew(course, ready, product, monkeypatch):
    main(GRADING)
    monkeypatch.setattr(release, "prepared", lambda *_: replace(product.assignment, version="3 (new)"))
    main(GRADING)
    assert record_of("ada").regraded == "another version of the problem set"


def test_any_change_of_a_master_is_another_version():
    cells = master.read("ps1")
    changed = [*cells, Cell("markdown", "One more sentence.")]
    chosen = {name: options[0] for name, options in master.variant_options("ps1").items()}
    one, other = (master.make("ps1", chosen, lambda _: 0, given).assignment.version for given in (cells, changed))
    assert one != other and one.startswith("2 (")


def test_the_version_of_the_grader_follows_its_sources(tmp_path):
    shutil.copytree(
        Path(records.__file__).parent, tmp_path / "assignments", ignore=shutil.ignore_patterns("__pycache__")
    )

    def version():
        command = [sys.executable, "-c", "from assignments import version; print(version.of_grader())"]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    before = version()
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}, NumPy {np.__version__})" in before
    with open(tmp_path / "assignments" / "inside" / "worker.py", "a") as file:
        file.write("# one more line\n")
    assert version() != before


def edited(text):
    """Give 99 points."""
    assert '"points": 4' in text
    return text.replace('"points": 4', '"points": 99', 1)


DAMAGES = {
    "cut off": lambda text: text[:100],
    "a list": lambda _: "[]",
    "null": lambda _: "null",
    "nothing": lambda _: "",
    "no marks": lambda _: '{"record": {"submission": "ada"}, "sha256": ""}',
    "edited": edited,
    "bytes": lambda _: "\udcff",
    "another's": lambda _: records.place(Path("results"), "bob/any name").read_text("utf-8"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_graded_again_and_said(course, here, capsys, damage):
    main(GRADING)
    before, file = Path("results/grades.csv").read_bytes(), records.place(Path("results"), "ada")
    file.write_text(DAMAGES[damage](file.read_text("utf-8")), "utf-8", "surrogateescape")
    capsys.readouterr()
    assert main(GRADING) == 0
    assert "'ada' is graded anew: its record is damaged" in capsys.readouterr().out
    assert Path("results/grades.csv").read_bytes() == before
    assert "its record is damaged" in Path("results/summary.html").read_text("utf-8")


def test_one_submission_or_one_question_is_graded_anew_when_asked(course, ready, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        as_before(patch, version.of_grader(), {"q1": 2.0, "q2": 1.0})
        main(GRADING)
    main([*GRADING, "--regrade-question", "q1", "--regrade-submission", "ada"])
    rows = table()
    assert (rows["ada"]["q1"], rows["ada"]["q2"], rows["bob/any name"]["q1"]) == ("4", "1", "2")
    main([*GRADING, "--regrade-question", "q1"])
    assert (table()["bob/any name"]["q1"], table()["bob/any name"]["q2"]) == ("4", "1")
    main([*GRADING, "--regrade-submission", "bob/any name"])
    assert (table()["ada"]["q2"], table()["bob/any name"]["q2"]) == ("1", "2")
    assert "it was asked for" in Path("results/summary.html").read_text("utf-8")


@pytest.mark.parametrize(
    "option, sentence",
    [
        (["--regrade-submission", "adda"], "There is no submission 'adda'. The names are those in grades.csv."),
        (["--regrade-question", "q9"], "There is no question 'q9' that tests mark. There are q1, q2"),
    ],
)
def test_what_is_not_there_cannot_be_graded_anew(course, here, capsys, option, sentence):
    main(GRADING)
    assert main([*GRADING, *option]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("count, sentences", [(2, 2), (batch.FEW + 1, 1)])
def test_who_is_graded_anew_is_named_where_they_are_few(count, sentences):
    basis = records.Basis("2", "2", "", "")
    tasks = [
        batch.Task(f"s{place}", Path("s"), basis, reason="another version of the grader") for place in range(count)
    ]
    said = []
    batch._tell_reasons([*tasks, batch.Task("new", Path("new"), basis)], said.append)
    assert len(said) == sentences
    assert ("'s0' is graded anew" in said[0]) == (count == 2)


# Runs that end early, and two at once


def test_the_second_of_two_runs_says_so_and_stops(course, here, capsys):
    with files.alone_in(Path("results")):
        assert main(GRADING) == 2
        assert "Another run is grading into results. Wait until it has ended" in capsys.readouterr().err
        assert not Path("results/grades.csv").exists()
    assert main(GRADING) == 0


def test_a_lock_ends_with_its_process(course, here):
    hold = """
from pathlib import Path
from assignments import files
with files.alone_in(Path("results")):
    print("locked", flush=True)
    input()
"""
    holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    assert main(GRADING) == 2
    holder.kill()
    holder.communicate()
    assert main(GRADING) == 0


KILLED = """
import os, sys
from contextlib import nullcontext
from assignments import batch, grade
from assignments.__main__ import main
from assignments.sandbox import ForkServer, InProcess

class Here(nullcontext):
    def close(self): pass

real = grade.grade_submission
def grade_submission(submission, *rest):
    if "KILLS THE GRADER" in submission.cells[0].text:
        os.kill(os.getpid(), 9)
    return real(submission, *rest)
grade.grade_submission = grade_submission
batch.Sandbox = lambda cells, _: InProcess(cells)
sys.modules["assignments.__main__"]._isolation = lambda ahead: nullcontext(lambda: Here(Here()))
sys.exit(main(sys.argv[1:]))
"""


def test_a_submission_at_which_the_grader_is_killed_is_named_then_passed_by(course, product):
    book = json.loads(notebook(product))
    book["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "KILLS THE GRADER"})
    Path("submissions/boris.ipynb").write_text(json.dumps(book))
    command = [sys.executable, "-c", KILLED, *GRADING, "--jobs", "1"]
    runs = [subprocess.run(command, capture_output=True, text=True) for _ in range(4)]
    assert [run.returncode for run in runs] == [-9, -9, 0, 0]
    assert "killed while it graded 'boris'. It is graded by itself now" in runs[1].stdout
    assert "'boris' is passed by: the grader was killed twice" in runs[2].stdout
    assert "boris" not in runs[3].stdout.split("ungraded.")[0]
    assert "--regrade-submission tries it again" in table()["boris"]["remark"]
    assert (table()["boris"]["tested"], table()["ada"]["tested"]) == ("", "19")
    again = subprocess.run([*command, "--regrade-submission", "boris"], capture_output=True)
    assert again.returncode == -9


def test_a_full_disk_loses_nothing_that_was_graded(course, here, monkeypatch, capsys):
    real, written = files.write_whole, []

    def full(path, text, **options):
        if path.parent.name == "records":
            if written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            written.append(path)
        real(path, text, **options)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_whole", full)
        assert main([*GRADING, "--jobs", "1"]) == 2
    assert (
        "The disk of results/records is full. What was graded is kept: make room and run the same"
        in capsys.readouterr().err
    )
    (kept,) = Path("results/records").glob("*.json")
    before = kept.stat().st_mtime_ns
    assert main(GRADING) == 0
    assert kept.stat().st_mtime_ns == before
    assert table()["ada"]["tested"] == "19"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_a_file_that_cannot_be_written_stays_as_it_was_and_leaves_nothing_beside_it(tmp_path, monkeypatch):
    file = tmp_path / "grades.csv"
    file.write_text("before")
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: (real(path, *rest), real("/dev/full", os.O_WRONLY))[1])
    with pytest.raises(OSError) as full:
        files.write_whole(file, "after")
    assert full.value.errno == errno.ENOSPC
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]
    assert file.read_text() == "before"


# Names, tables, secrets, and who may read what


def test_spaces_around_a_name_stop_nobody_and_a_later_file_gets_no_mark_of_another(course, here):
    Path("submissions/bob .ipynb").write_text(Path("submissions/ada.ipynb").read_text())
    Path("submissions/eve.ipynb").write_text(Path("submissions/ada.ipynb").read_text())
    main(GRADING)
    enter("bob\\x20", "q7", "5")
    enter("eve", "q7", "6")
    shutil.copy("submissions/ada.ipynb", "submissions/bob.ipynb")
    shutil.copy("submissions/ada.ipynb", "submissions/eve")
    assert main(GRADING) == 0
    assert {name: row["q7"] for name, row in table().items() if name.startswith(("bob", "eve"))} == {
        "bob\\x20": "5",
        "bob": "",
        "bob/any name": "",
        "eve": "6",
        "eve (no suffix)": "",
    }


NAMES = [
    "ada",
    " ada",
    "ada ",
    "ada\\x20",
    "a\u3164da",
    "a\\u3164da",
    "a\n",
    "a\\n",
    "\u00e9",
    "e\u0301",
    "ada.pdf",
    "ada;=1+1",
    "=1+1",
]


def test_no_two_files_have_one_name_and_none_begins_or_ends_with_a_space(tmp_path):
    for name in NAMES:
        for suffix in ("", ".ipynb", ".pdf"):
            (tmp_path / f"{name}{suffix}").write_text("")
    named = batch.named(tmp_path)
    assert len(named) == len(list(tmp_path.iterdir()))
    shown = [unicodedata.normalize("NFC", name) for name in named]
    assert len(set(shown)) == len(shown)
    assert all(name.isprintable() and name == name.strip() and "\u3164" not in name for name in named)
    assert len({records.file_name(name).lower() for name in named}) == len(named)  # where capitals are no difference


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_name_and_no_remark_forges_a_cell_whatever_the_delimiter(delimiter):
    rows = [
        {"submission": name, "q1": "3", "remark": f"it is a .{name} file"}
        for name in ("x;=1+1", "x,=1+1", ';=1;"=2', "＝1")
    ]
    cells = [cell for line in csv.reader(io.StringIO(report._csv(rows[0], rows)), delimiter=delimiter) for cell in line]
    assert not [cell for cell in cells if cell.lstrip('"').startswith(("=", "＝"))]


def test_a_secret_with_a_byte_order_mark_is_the_same_secret(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / encoding).write_text(f"{SECRET}\n", encoding)
    assert Course.read(tmp_path / "utf-8") == Course.read(tmp_path / "utf-8-sig")
    (tmp_path / "wide").write_text(SECRET, "utf-16")
    with pytest.raises(NoSecret, match="save it as UTF-8"):
        Course.read(tmp_path / "wide")


def test_a_secret_is_in_no_text_about_a_course():
    assert SECRET not in repr(Course((SECRET,)))


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_only_the_user_and_the_group_read_grades_and_files_follow_the_umask(course, here, umask):
    before = os.umask(umask)
    try:
        main(GRADING)
        main(["release", "ps1", "handout"])
        main(["gradescope", "ps1", "archive.zip"])
    finally:
        os.umask(before)
    private = [path for path in Path("results").rglob("*") if path.is_file()] + [Path("archive.zip")]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o660 & ~umask}
    assert {path.stat().st_mode & 0o777 for path in Path("handout").iterdir()} == {0o666 & ~umask}
    assert not Path("results").stat().st_mode & 0o007


def test_a_file_whose_folder_may_only_be_listed_has_a_name_and_a_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    Path("closed").mkdir()
    Path("closed/work.ipynb").write_text("{}")
    Path("closed").chmod(0o444)
    child = os.fork()
    if child == 0:  # root may look everywhere
        try:
            if os.geteuid() == 0:
                os.setresuid(65534, 65534, 65534)
            ((name, path),) = batch.named(Path()).items()
            with pytest.raises(submission.Unreadable, match="it cannot be opened: Permission denied"):
                submission.read(path)
            os._exit(0 if name == "closed/work" else 1)
        finally:
            os._exit(2)
    status = os.waitpid(child, 0)[1]
    Path("closed").chmod(0o755)
    assert os.waitstatus_to_exitcode(status) == 0


def test_the_page_of_a_removed_student_goes(course, here):
    main(GRADING)
    assert len(list(Path("results/feedback").iterdir())) == 3
    Path("submissions/ada.ipynb").unlink()
    main(GRADING)
    assert sorted(path.name[:3] for path in Path("results/feedback").iterdir()) == ["bob", "car"]


def test_a_set_with_written_questions_only_is_reported(course, here, product, monkeypatch):
    written = replace(product.assignment, questions=tuple(product.assignment.written))
    monkeypatch.setattr(release, "prepared", lambda *_: written)
    assert main(GRADING) == 0
    assert table()["ada"]["q7"] == ""
    assert "2 graded" in Path("results/summary.html").read_text("utf-8")


def test_a_written_answer_without_end_is_cut(course, here, product):
    Path("submissions/ada.ipynb").write_text(notebook(product, answer="&" * 5_000_000))
    main(GRADING)
    assert Path("results/written.html").stat().st_size < 300_000
    assert "the whole answer is in the notebook" in Path("results/written.html").read_text("utf-8")


def test_a_red_public_test_beside_full_points_is_said(course, here, product):
    code = product.assignment.tested[2].solution.replace(
        "    # BEGIN SOLUTION",
        "    if theta.shape == (2,) and theta[1] == -2:\n        return theta\n    # BEGIN SOLUTION",
    )
    Path("submissions/ada.ipynb").write_text(notebook(product, {"q3": code}))
    main(GRADING)
    row = table()["ada"]
    assert row["q3"] == "3"
    assert row["remark"] == "q3 has all points, and a public test fails: look at the answer."
    assert row["remark"] in Path("results/summary.html").read_text("utf-8")
    assert "a public test fails" in Path("results/feedback/ada.html").read_text("utf-8")
    assert table()["bob/any name"]["remark"] == ""


def test_jobs_are_a_whole_number_from_1(capsys):
    with pytest.raises(SystemExit):
        main([*GRADING, "--jobs", "0"])
    assert "argument --jobs: '0' is not a whole number from 1" in capsys.readouterr().err


def test_check_prints_no_commands_for_a_terminal(course, product, capsys):
    code = "def sgd_step(theta, grad, eta):\n    raise ValueError('\\x1b[2J\\u202egnp')"
    Path("submissions/ada.ipynb").write_text(notebook(product, {"q3": code}))
    assert main(["check", "submissions/ada.ipynb"]) == 1
    said = capsys.readouterr().out
    assert "\\x1b[2J\\u202egnp" in said
    assert said.replace("\n", "").isprintable()


def test_check_runs_where_the_console_has_no_check_mark(course):
    command = [sys.executable, "-m", "assignments", "check", "submissions/bob/any name.ipynb"]
    run = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert run.returncode == 1, run.stderr
    said = run.stdout.decode("cp1252")
    assert "ok: " in said and "failed: " in said and "Your step goes uphill." in said


def test_no_command_waits_for_what_only_tests_and_readers_need():
    slow = {"nbformat", "otter", "matplotlib", "jsonschema", "tqdm"}
    command = [sys.executable, "-c", f"import sys, assignments.__main__\nprint(sorted({slow!r} & set(sys.modules)))"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"


def test_a_run_with_nothing_to_do_builds_no_walls_and_prepares_nothing(course, here, monkeypatch):
    main(GRADING)
    before = {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}
    monkeypatch.setattr("assignments.__main__._isolation", _isolation)
    monkeypatch.setattr(ForkServer, "begin", lambda _: pytest.fail("walls are built"))
    monkeypatch.setattr(release, "prepare", lambda *_: pytest.fail("the assignment is prepared once more"))
    assert main(GRADING) == 0
    assert {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()} == before


def test_nothing_in_a_table_is_a_formula():
    rows = [{"submission": f"{sign}cmd|' /C calc'!A0"} for sign in "=+-@"]
    lines = list(csv.reader(io.StringIO(report._csv(["submission"], rows))))
    assert all(cell.startswith("'") for (cell,) in lines[1:])


def test_names_that_look_alike_get_files_of_their_own():
    names = ["ada", "ada ", "ada/ps1", "ada-ps1", "\u00e9", "e\u0301", "..", "." * 5, "x" * 300, "x" * 301, "\n", "\\n"]
    assert len({records.file_name(name) for name in names}) == len(names)
    assert all(re.fullmatch(r"[\w.-]{1,80}", records.file_name(name)) for name in names)


# Gradescope


@pytest.fixture
def gradescope_folder(tmp_path, product):
    """Unpack the archive as Gradescope does, and hand something in."""
    with zipfile.ZipFile(io.BytesIO(gradescope.archive(product))) as archive:
        archive.extractall(tmp_path / "autograder" / "source")
    (tmp_path / "autograder" / "submission").mkdir()
    return tmp_path / "autograder"


def run_in_container(folder):
    """Run the grader that is in the archive, and nothing else of this repository."""
    command = [sys.executable, "-m", "assignments.container", str(folder)]
    subprocess.run(command, cwd=folder / "source", check=True, capture_output=True, timeout=120)
    return json.loads((folder / "results" / "results.json").read_text("utf-8"))


def test_the_archive_gives_the_same_marks(gradescope_folder, walls, product):
    instead = {q.name: q.misconceptions[0].code for q in product.assignment.tested[::2]}
    text = notebook(product, instead)
    (gradescope_folder / "submission" / "mine.ipynb").write_text(text)
    handed_in = submission.parse(text.encode())
    marks = grade.grade_submission(handed_in, product.assignment, lambda cells: Sandbox(cells, walls))
    answer = run_in_container(gradescope_folder)
    assert [test["score"] for test in answer["tests"]] == [o.points for mark in marks for o in mark.outcomes]
    assert sum(test["max_score"] for test in answer["tests"]) == sum(q.points for q in product.assignment.tested)
    assert 0 < sum(test["score"] for test in answer["tests"]) < sum(mark.max_points for mark in marks)


def test_the_archive_shows_hidden_tests_only_when_the_grades_are_published(gradescope_folder, walls, product):
    kept = next(q for q in product.assignment.tested if q.name == "q2")
    signs = next(m for m in kept.misconceptions if m.name == "the sign kept")  # which no public test shows
    uphill = product.assignment.tested[2].misconceptions[0]
    text = notebook(product, {"q2": signs.code, "q3": uphill.code})
    (gradescope_folder / "submission" / "mine.ipynb").write_text(text)
    answer = run_in_container(gradescope_folder)
    assert uphill.feedback in answer["output"]
    early = [test for test in answer["tests"] if test["visibility"] == "visible"]
    assert signs.feedback not in answer["output"] + json.dumps(early, ensure_ascii=False)
    late = [test for test in answer["tests"] if test["visibility"] == "after_published"]
    assert signs.feedback in json.dumps(late, ensure_ascii=False)
    assert all(test["max_score"] == 0 for test in early)


@pytest.mark.parametrize(
    "handed_in, sentence", [({}, "0 files"), ({"a.ipynb": "", "b.ipynb": ""}, "2 files"), ({"a.pdf": "%PDF"}, "a PDF")]
)
def test_the_archive_says_why_something_is_not_graded(gradescope_folder, walls, handed_in, sentence):
    for name, text in handed_in.items():
        (gradescope_folder / "submission" / name).write_text(text)
    answer = run_in_container(gradescope_folder)
    assert sentence in answer["output"]


def test_the_archive_holds_the_grader_and_installs_the_same_python_and_numpy(gradescope_folder):
    files = {path.relative_to(gradescope_folder / "source").as_posix() for path in gradescope_folder.rglob("*.*")}
    assert {"setup.sh", "assignment.json", "assignments/container.py"} <= files
    assert not {file for file in files if "master" in file or "course" in file}
    setup = (gradescope_folder / "source" / "setup.sh").read_text()
    assert "bubblewrap" in setup
    assert f"python={sys.version_info.major}.{sys.version_info.minor} " in setup
    assert f"numpy=={np.__version__}" in setup
    run = (gradescope_folder / "source" / "run_autograder").read_text()
    for script in (setup, run):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "chmod -R go-rwx /autograder" in run


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user, and in Gradescope's container it is root"
)
def test_another_user_reads_neither_tests_nor_results_and_starts_nothing(tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "assignment.json").write_text("the tests")
    cells = ["import os", f"def f(): return open('{tmp_path}/assignment.json').read()", "def g(): return os.fork()"]
    cells += ["def h(): return os.getuid()", "def k(): os.kill(os.getppid(), 9)"]
    cells += ["import ctypes", "def n(): return ctypes.CDLL(None).socket(2, 1, 0)"]
    cells += ["def m(): open('/tmp/kept-for-the-next-question', 'w').write('the hidden data')"]
    with ForkServer(UnprivilegedUser()) as server:
        for name, kind in [("f", "PermissionError"), ("g", "BlockingIOError"), ("k", "PermissionError"), ("m", "Perm")]:
            sandbox = Sandbox(cells, server)
            with pytest.raises(StudentError, match=kind):
                sandbox.call(name)
            assert sandbox.call("h") == 65534
            assert sandbox.call("n") == -1  # no socket
            sandbox.close()


def test_the_container_falls_back_on_another_user_only_as_root(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert isinstance(container.open_isolation().isolation, UnprivilegedUser)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoIsolation):
        container.open_isolation()
