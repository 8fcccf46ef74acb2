"""Grading from end to end: the commands, the files they write, and what becomes of them when something goes wrong."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from notebooks import answered

from assignments import batch, container, files, grade, gradescope, records, release, report, submission
from assignments.__main__ import main
from assignments.course import Course
from assignments.isolation import NoIsolation, UnprivilegedUser
from assignments.sandbox import Sandbox, StudentError

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
    assert not [
        path for path in Path("results").rglob("*.*") if path.name != ".lock"
    ]  # neither a record nor a page nor a table


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


def test_marks_by_hand_reach_the_grades_and_the_page_and_survive(course, walls):
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


def test_a_mark_by_hand_counts_before_a_tests(course, walls):
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
def test_a_mistyped_folder_overwrites_nothing(course, walls, capsys, command, sentence):
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
def test_a_mark_by_hand_that_is_none_is_refused_with_its_line(course, walls, capsys, entry, sentence):
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


def test_what_did_not_change_is_not_graded_again_and_what_did_is(course, walls, product):
    grading = ["grade", "ps1", "submissions", "results"]
    main(grading)
    ada, bob = (next(Path("results/records").glob(f"{name}*")) for name in ("ada", "bob"))
    before = ada.stat().st_mtime_ns, bob.stat().st_mtime_ns
    Path("submissions/bob/any name.ipynb").write_text(notebook(product))
    main(grading)
    assert ada.stat().st_mtime_ns == before[0]
    assert bob.stat().st_mtime_ns != before[1]
    assert table()["bob/any name"]["tested"] == "19"


def test_another_secret_overwrites_grades_only_when_asked_to(course, walls, capsys):
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


def test_a_killed_run_goes_on_and_ends_with_the_same_grades(course, walls, product):
    for number in range(12):
        Path(f"submissions/student{number}.ipynb").write_text(notebook(product))
    command = [sys.executable, "-m", "assignments", "grade", "ps1", "submissions"]
    subprocess.run([*command, "whole"], check=True, capture_output=True)
    killed = subprocess.Popen([*command, "results"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(Path("results/records").glob("*.json"))) < 3:
        time.sleep(0.01)
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    kept = {path: path.stat().st_mtime_ns for path in Path("results/records").glob("*.json")}
    assert 3 <= len(kept) < 15
    subprocess.run([*command, "results"], check=True, capture_output=True)
    for file in ("grades.csv", "written.csv", "summary.html"):
        assert Path("results", file).read_bytes() == Path("whole", file).read_bytes()
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


def test_a_damaged_record_is_graded_again(course, walls):
    main(["grade", "ps1", "submissions", "results"])
    before = Path("results/grades.csv").read_bytes()
    Path("results/records/ada.json").write_text('{"finger')
    main(["grade", "ps1", "submissions", "results"])
    assert Path("results/grades.csv").read_bytes() == before


def test_what_the_grader_could_not_do_is_ungraded_and_tried_again(course, walls, monkeypatch):
    def broken(*_):
        raise OSError("no processes left")

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "start", broken)
        patch.setattr("assignments.__main__.find_isolation", lambda: walls)
        main(["grade", "ps1", "submissions", "results"])
    assert "the grader failed, not the student" in table()["ada"]["remark"]
    assert table()["ada"]["q1"] == ""
    main(["grade", "ps1", "submissions", "results"])
    assert table()["ada"]["tested"] == "19"


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
    "files, sentence", [({}, "0 files"), ({"a.ipynb": "", "b.ipynb": ""}, "2 files"), ({"a.pdf": "%PDF"}, "a PDF")]
)
def test_the_archive_says_why_something_is_not_graded(gradescope_folder, walls, files, sentence):
    for name, text in files.items():
        (gradescope_folder / "submission" / name).write_text(text)
    answer = run_in_container(gradescope_folder)
    assert sentence in answer["output"]


def test_the_archive_holds_the_grader_and_installs_the_same_python_and_numpy(gradescope_folder):
    files = {path.relative_to(gradescope_folder / "source").as_posix() for path in gradescope_folder.rglob("*.*")}
    assert {"setup.sh", "run_autograder", "assignment.json", "assignments/container.py"} <= files
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
    for name, kind in [("f", "PermissionError"), ("g", "BlockingIOError"), ("k", "PermissionError")]:
        sandbox = Sandbox(cells, UnprivilegedUser())
        with pytest.raises(StudentError, match=kind):
            sandbox.call(name)
        assert sandbox.call("h") == 65534
        assert sandbox.call("n") == -1  # no socket
        sandbox.close()


def test_the_container_falls_back_on_another_user_only_as_root(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert isinstance(container.walls(), UnprivilegedUser)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoIsolation):
        container.walls()
