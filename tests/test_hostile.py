"""Hostile and confused submissions of the first problem set, graded in one run with honest ones in between."""

import csv
import ctypes
import io
import json
import os
import pickle
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import assignments
from assignments import batch, grade, master, records, release, report, submission
from assignments.course import Course
from assignments.sandbox import InProcess

pytestmark = pytest.mark.course

SECRET = "hostile"  # draws: the mean of squares, filled up
TOKEN = "written-by-a-student"  # how the name of every file begins that a submission tries to write
LEAK = "LEAK"  # how everything begins that a submission tries to tell of the hidden tests
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LONGEST_MESSAGE = 3000
PLACES = [os.path.dirname(assignments.__file__), sys.prefix, sys.base_prefix, os.path.expanduser("~"), "/tmp", "/usr"]
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
ADD_KEY, KEYCTL = (248, 250) if platform.machine() == "x86_64" else (217, 219)  # the kernel's numbers for them
WORDS = {"PLACES": repr(PLACES), "ADD_KEY": str(ADD_KEY), "KEYCTL": str(KEYCTL), "MASTERS": repr(str(master.FOLDER))}


@dataclass(frozen=True)
class Hostile:
    """A submission that wants more than it deserves, or that is confused, and what should become of it.

    Attributes
    ----------
    what : str
    cells : dict
        Code for some questions instead of the solution, by their names; in it `SOLVED` stands for what the solution
        returns. ``"before"`` and ``"after"`` hold lists of cells around the solutions.
    points : dict
        For some questions other points than all.
    says : list of str
        Parts of the messages, or of the note.
    answer : str
        The written one.
    metadata : dict
        Of the notebook.
    file : str, bytes or callable
        Instead of a notebook: what is in the file, or what makes it.
    suffix : str
        Of the file.
    ungraded : str
        A part of the reason why it is not graded; empty where it is.
    called : str
        What the grader calls it, where that is not the file's name without its suffix.
    """

    what: str
    cells: dict = field(default_factory=dict)
    points: dict = field(default_factory=dict)
    says: list = field(default_factory=list)
    answer: str = ""
    metadata: dict = field(default_factory=dict)
    file: str | bytes | Callable | None = None
    suffix: str = ".ipynb"
    ungraded: str = ""
    called: str = ""


def load(path):
    """Read a program of the corpus: its name, and the `Hostile` that it is.

    It begins with what it is and what should become of it, as comments, and goes on with cells: ``# %% q3`` is the
    answer to question 3. Words in capitals stand for what another machine calls otherwise.
    """
    head, *cells = re.split(r"^# %% (.*)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    what, *lines = [line.removeprefix("# ") for line in head.strip().splitlines()]
    fields = [line.split(": ", 1) for line in lines]
    said = {key: [value for name, value in fields if name == key] for key, _ in fields}
    one = {"before": [], "after": []}
    for place, code in zip(cells[::2], cells[1::2], strict=True):
        for word, value in WORDS.items():
            code = re.sub(rf"\b{word}\b", lambda _, value=value: value, code)
        one[place] = [*one[place], code] if place in one else code
    points = re.findall(r"(q\d)=(\d)", said.get("points", [""])[0])
    return said["name"][0], Hostile(
        what,
        one,
        {question: int(number) for question, number in points},
        said.get("says", []),
        said.get("answer", [""])[0],
        json.loads(said.get("metadata", ["{}"])[0]),
        ungraded=said.get("ungraded", [""])[0],
    )


def book(code, metadata=None, markdown=()):
    """Return a notebook with these cells."""
    cells = [{"cell_type": "code", "source": text} for text in code]
    cells += [{"cell_type": "markdown", "source": text} for text in markdown]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": cells})


def write(path, content, name):
    """Write a file under a name of bytes, which need not be characters."""
    Path(os.fsdecode(os.path.join(os.fsencode(path.parent), name))).write_bytes(content)


def pipe(path):
    """Make a pipe, or where there are none a folder: neither is an ordinary file."""
    (os.mkfifo if hasattr(os, "mkfifo") else os.mkdir)(path)


def nest(path, depth):
    """Make folders in folders, with a file at the end."""
    for _ in range(depth):
        path.mkdir()
        path /= "a"
    path.with_suffix(".ipynb").write_text("")


def reserve(path, size):
    """Write a file of zeros that takes no place on the disk."""
    with open(path, "wb") as file:
        file.truncate(size)


SOLVES_NOTHING = {
    "cells": {f"q{number}": "" for number in range(1, 7)},
    "points": {f"q{number}": 0 for number in range(1, 7)},
}
HONEST = Hostile("an honest submission")
RECORD_OF_ADA = records.file_name("ada/ps1")
TWINS = {"two\nlines": True, "two\\nlines": False}  # whether they are solved; a line break is written as the other is
CORPUS = dict(load(path) for path in sorted((Path(__file__).parent / "hostile").glob("*.py")))
NAMES = {  # of files, and of what is in them
    "honest": HONEST,
    "ada/ps1": HONEST,
    "Jürgen Müller": HONEST,
    "zz last": HONEST,
    "-rf": Hostile("a name like an option", file="", ungraded="the file is empty"),
    "=1+1": Hostile("a name like a formula"),
    "'=1+1": Hostile("a name like what a table makes of a formula", **SOLVES_NOTHING),
    "'honest": Hostile("a name like another's behind an apostrophe", **SOLVES_NOTHING),
    RECORD_OF_ADA: Hostile("a name like that of a record", **SOLVES_NOTHING),
    "x" * 249: Hostile("the longest name", file="", ungraded="the file is empty"),
    MARKUP.replace("/", ""): Hostile("markup in the name", file="", ungraded="the file is empty"),
    "from the right": Hostile(
        "a name read from the right",
        called="\\u202egpj.live.ipynb",
        file=lambda path: write(path, b" ", b"\xe2\x80\xaegpj.live.ipynb"),
        ungraded="the file is empty",
    ),
    "no character": Hostile(
        "a name of a byte that is no character",
        called="\\xff",
        file=lambda path: write(path, b" ", b"\xff.ipynb"),
        ungraded="the file is empty",
    ),
}
FILES = {  # that are no submissions of the first problem set
    "mark": Hostile(
        "a byte order mark at the start of the file",
        file=lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.with_stem("honest").read_bytes()),
    ),
    "three": Hostile("nbformat 3", file='{"worksheets": [], "nbformat": 3}', ungraded="there are no cells in it"),
    "empty": Hostile("an empty file", file="", ungraded="the file is empty"),
    "pdf": Hostile("a PDF", file="%PDF-1.7", ungraded="it is a PDF"),
    "zip": Hostile("a zip archive", file=b"PK\x03\x04\0\0", ungraded="it is a zip archive"),
    "pickled": Hostile("a pickle", file=pickle.dumps([]), ungraded="it is a pickle"),
    "page": Hostile("a web page", file=f"<html>{MARKUP}", ungraded="it is a web page"),
    "cut off": Hostile("cut off", file=book(["x = 1"])[:60], ungraded="damaged or was cut off"),
    "deep": Hostile("brackets in brackets", file="[" * 100_000, ungraded="damaged or was cut off"),
    "digits": Hostile(
        "a number of many digits", file=f'{{"cells": [{"9" * 5000}]}}', ungraded="damaged or was cut off"
    ),
    "wide": Hostile("two bytes a letter", points=SOLVES_NOTHING["points"], file=book(["x = 1"]).encode("utf-16")),
    "no cells": Hostile("no cells", file='{"nbformat": 4, "metadata": {}}', ungraded="there are no cells in it"),
    "odd cells": Hostile(
        "cells of odd kinds",
        file='{"cells": [NaN, null, [], {"cell_type": ["code"], "source": {"a": 1}}], "metadata": 7}',
        ungraded="there is nothing in its cells",
    ),
    "link": Hostile("another's work", file=lambda path: path.symlink_to("honest.ipynb"), ungraded="it is a link"),
    "link out": Hostile("a file elsewhere", file=lambda path: path.symlink_to("/etc/passwd"), ungraded="it is a link"),
    "link twice": Hostile("a link to itself", file=lambda path: path.symlink_to(path), ungraded="it is a link"),
    "pipe": Hostile("a pipe that nobody writes into", file=pipe, ungraded="it is no ordinary file"),
    "large": Hostile("a huge file", file=lambda path: reserve(path, 10**9), ungraded="it is larger than 20 MB"),
    "locked": Hostile(
        "a file that only root can read",
        file=lambda path: (path.write_text("{}"), path.chmod(0)),
        ungraded="there are no cells in it" if ROOT else "it cannot be",
    ),
    "folder.ipynb/work.py": Hostile(
        "a folder with a notebook's name", file="x = 1", suffix="", ungraded="it is a .py file"
    ),
    "no suffix": Hostile(
        "a suffix that is no character",
        called="text.\\xff",
        file=lambda path: write(path, b"x = 1", b"text.\xff"),
        suffix="",
        ungraded=" file, not a",
    ),
    "/".join(["a"] * (submission.DEEPEST_FOLDER + 1)): Hostile(
        "folders one in the other",
        file=lambda path: nest(path, 1200),
        suffix="",
        called="/".join("a" * 11) + "/",
        ungraded="one in too many others",
    ),
}
SUBMISSIONS = NAMES | CORPUS | FILES


def build(one, assignment, course):
    """Return the notebook of a submission."""
    code = [one.cells.get(question.name, question.solution) for question in assignment.tested]
    for place, (text, question) in enumerate(zip(code, assignment.tested, strict=True)):
        if "SOLVED" in text:
            name, arguments = re.search(r"^def (\w+)\((.*)\):", question.solution, re.MULTILINE).groups()
            solved = text.replace("SOLVED", f"solved_{name}({arguments})")
            code[place] = f"{question.solution}\nsolved_{name} = {name}\n{solved}"
    code = ["import numpy as np", *one.cells.get("before", []), *code, *one.cells.get("after", [])]
    (written,) = assignment.written
    markdown = [f"## {written.title}", one.answer] if one.answer else []
    return book([text.replace("COURSE", str(course)) for text in code], one.metadata, markdown)


def hand_in(folder, assignment):
    """Put every submission into a folder."""
    for name, one in SUBMISSIONS.items():
        path = folder / f"{name}{one.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = build(one, assignment, folder.parent) if one.file is None else one.file
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, cells in TWINS.items():
        solved = [q.solution for q in assignment.tested]
        (folder / f"{name}.ipynb").write_text(book(["import numpy as np", *solved] if cells else ["x = 1"]))
    (folder / "closed").mkdir()
    (folder / "closed" / "work.ipynb").write_text("")
    (folder / "closed").chmod(0o400)  # whoever is not root sees the name and nothing more


def remove(folder):
    """Remove a folder by a loop: pytest's own way is a recursion, and some folders are too deep for it."""
    if (folder / "submissions" / "closed").exists():
        (folder / "submissions" / "closed").chmod(0o700)
    subprocess.run(["rm", "-rf", folder], check=True)


def tree(folder):
    """Return what is in a folder, but for the results: names, sizes and times."""
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [] if place.count("/a/a/a/a") else [name for name in folders if name not in ("results", "closed")]
        for name in [*folders, *files]:
            seen = os.lstat(os.path.join(place, name))
            found[os.path.join(place, name)] = seen.st_mode, seen.st_size, seen.st_mtime_ns
    return found


def children():
    """Return the processes whose parent is this one, and in which state they are."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.parent.name, path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        if int(rest[1]) == os.getpid():
            found[int(number)] = rest[0]
    return found


@dataclass
class Run:
    """What the one run has left: files, by submission, and processes."""

    course: Path
    said: str
    records: dict
    rows: list
    pages: dict
    living: list
    dead: list
    before: dict
    after: dict


@pytest.fixture(scope="module")
def product():
    """Make the first problem set."""
    return release.prepare("ps1", Course((SECRET,)))


@pytest.fixture(scope="module")
def run(product, walls, tmp_path_factory, request):
    """Grade all submissions, two at a time; whatever outlives the grader becomes a child of this process."""
    course = tmp_path_factory.mktemp("hostile")
    request.addfinalizer(lambda: remove(course))
    (course / "submissions").mkdir()
    (course / "course.secret").write_text(SECRET)
    hand_in(course / "submissions", product.assignment)
    before, known = tree(course), children()
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    try:
        command = [sys.executable, "-m", "assignments", "grade", "ps1", "submissions", "results", "--jobs", "2"]
        ended = subprocess.run(command, cwd=course, capture_output=True, timeout=300)
        for _ in range(50):
            left = {number: state for number, state in children().items() if number not in known}
            living = [number for number, state in left.items() if state != "Z"]
            if not living:
                break
            time.sleep(0.1)
        for number in living:
            os.kill(number, signal.SIGKILL)
        for number in left:
            os.waitpid(number, 0)
    finally:
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    results = course / "results"
    kept = [asdict(records.load(path)) for path in (results / "records").glob("*.json")]
    yield Run(
        course,
        ended.stdout.decode(),
        {record["submission"]: record for record in kept},
        list(csv.DictReader(io.StringIO((results / "grades.csv").read_bytes().decode("utf-8"), newline=""))),
        {path.name: path.read_text("utf-8") for path in results.rglob("*.html")},
        living,
        [number for number in left if number not in living],
        before,
        tree(course),
    )


def row_of(run, name):
    """Return a submission's line in the table, where an apostrophe keeps a spreadsheet from reading a formula."""
    (row,) = [row for row in run.rows if row["submission"].removeprefix("'") == name]
    return row


def messages(record):
    """Return what the tests say."""
    return [outcome["message"] for mark in record["results"] for outcome in mark["outcomes"]]


@pytest.mark.parametrize("name", SUBMISSIONS, ids=lambda name: name[:30])
def test_it_gets_what_it_deserves_and_is_told_why(run, product, name):
    one = SUBMISSIONS[name]
    record, row = run.records[one.called or name], row_of(run, one.called or name)
    if one.ungraded:
        assert one.ungraded in record["ungraded"]
        assert (row["status"], row["tested"]) == ("ungraded", "")
        return
    right = {question.name: question.points for question in product.assignment.tested} | one.points
    assert record["ungraded"] == ""
    assert {mark["question"]: mark["points"] for mark in record["results"]} == right
    assert row["status"] == "graded"
    assert {question: float(row[question]) for question in right} == right
    said = [record["note"], *messages(record)]
    for part in one.says:
        assert any(part in text for text in said), said


def told(name, one):
    """Return how the page on attacks tells of a program: what it does, and what it gets."""
    lost = [question for question, points in one.points.items() if points == 0]
    gets = f"no points for {', '.join(lost)}" if lost else "all points"
    gets = "ungraded" if one.ungraded else "no points" if len(lost) == 6 else gets
    return f"- `{name}` {one.what[0].lower()}{one.what[1:].removesuffix('.')}: **{gets}**"


def test_the_page_on_attacks_tells_what_every_program_does_and_gets():
    page = (Path(__file__).parents[1] / "chapters" / "attacks.md").read_text("utf-8")
    listed = [told(path.name, load(path)[1]) for path in sorted((Path(__file__).parent / "hostile").glob("*.py"))]
    assert [line for line in page.splitlines() if line.startswith("- `")] == listed
    assert f"{len(listed)} programs in `tests/hostile/`" in page
    assert f"{len(NAMES) + len(FILES)} odd names and files" in page


def test_nobody_is_left_out_and_nobody_counts_twice(run):
    twins = [record for name, record in run.records.items() if name.startswith("two\\")]
    assert sorted(sum(mark["points"] for mark in twin["results"]) for twin in twins) == [0, 19]
    assert len(run.records) == len(run.rows) == len(SUBMISSIONS) + len(TWINS) + 1  # one in a closed folder


@pytest.mark.parametrize("name", [name for name, one in SUBMISSIONS.items() if one is HONEST])
def test_an_honest_one_has_the_same_record_as_when_it_is_graded_alone(run, product, walls, name):
    path = run.course / "submissions" / f"{name}.ipynb"
    task = batch.Task(name, path, records.Basis.of(product.assignment, batch._digest(path)))
    assert run.records[name] == asdict(batch.grade_file(product.assignment, task, walls))


def test_whoever_copies_the_public_answers_passes_the_public_tests_and_gets_nothing(run):
    for mark in run.records["copied"]["results"]:
        assert [outcome["message"] for outcome in mark["outcomes"] if not outcome["hidden"]] == [""]
        assert mark["points"] == 0


def test_no_process_goes_on(run):
    assert run.living == []


def test_no_zombies_remain(run):
    # In a container without an init nobody else does it. Where the student's code ends by itself, bubblewrap may not.
    assert len(run.dead) < 40


def test_no_file_appears_or_changes_outside_the_results(run):
    assert run.before == run.after
    for place in [*PLACES, os.getcwd(), "/", run.course, run.course / "submissions", run.course / "results"]:
        assert not [path for path in os.listdir(place) if path.startswith(TOKEN)]
    assert sorted(path.name for path in (run.course / "results").iterdir()) == [
        ".grader",
        "feedback",
        "grades.csv",
        "records",
        "summary.html",
        "written.csv",
        "written.html",
    ]


class Listening(InProcess):
    """Student code without walls that writes down what it is called with."""

    heard = ()

    def call(self, function, *arguments, **keywords):
        """Call a function."""
        Listening.heard = [*Listening.heard, *arguments]
        return super().call(function, *arguments, **keywords)


def numbers(assignment, with_hidden):
    """Return the numbers that the tests send, as texts: the digits that every way to write them begins with."""
    Listening.heard = []
    grade.grade_submission(release.solved(assignment), assignment, Listening, with_hidden)
    sent = np.concatenate([np.ravel(one) for one in Listening.heard if not isinstance(one, list)])
    return {f"{abs(number):.12f}"[:7] for number in sent if number % 1}


def test_nothing_of_the_hidden_data_is_told(run, product):
    hidden = numbers(product.assignment, True) - numbers(product.assignment, False)
    assert len(hidden) > 300
    for record in run.records.values():
        for mark in record["results"]:
            for outcome in mark["outcomes"]:
                assert not outcome["hidden"] or LEAK not in outcome["message"], record["submission"]
        told = re.findall(r"\d+\.\d{5}", " ".join(messages(record)))
        assert not hidden & {number[:7] for number in told}, record["submission"]
    for name, page in run.pages.items():
        assert not hidden & {number[:7] for number in re.findall(r"\d+\.\d{5}", page)}, name


def test_no_message_is_long(run):
    assert max(len(text) for record in run.records.values() for text in messages(record)) < LONGEST_MESSAGE


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attributes):
        """Write an element down."""
        self.seen |= {(tag, None), *((tag, name) for name, _ in attributes)}


def test_the_pages_hold_no_markup_but_their_own(run):
    honest, pages = Elements(), [page for page in run.pages.values() if "alert(1)" in page]
    assert len(pages) >= 5  # feedback on four submissions, the summary, the written answers
    for name in ["honest.html", "sleeper.html", "empty.html"]:
        honest.feed(run.pages[name])
    own = honest.seen | {(tag, None) for tag in ("h3", "div", "table", "tr", "th", "td")}
    own |= {("div", "class"), ("td", "class"), ("th", "class"), ("th", "style"), ("span", "style"), ("code", None)}
    for name, page in run.pages.items():
        elements = Elements()
        elements.feed(page)
        assert elements.seen <= own, name


def test_the_tables_hold_no_formulas_and_what_is_printed_no_commands_for_a_terminal(run):
    for row in run.rows:
        assert None not in row and None not in row.values()
        assert not [text for text in row.values() if re.match(r"[=+@\t\r]|-\D", text)]
    assert run.said.replace("\n", "").isprintable()


def test_a_mark_by_hand_reaches_whom_it_is_meant_for_whatever_the_names_are(run, product, tmp_path):
    shutil.copytree(run.course / "results", tmp_path / "results")
    names = [name for name, record in run.records.items() if not record["ungraded"]]
    report.write(product.assignment, tmp_path / "results", names)
    table = tmp_path / "results" / "written.csv"
    with open(table, encoding="utf-8", newline="") as file:
        (head, *rows) = csv.reader(file)
    marks = {name: str(place % 7) for place, name in enumerate(names)}
    with open(table, "w", encoding="utf-8", newline="") as file:
        lines = [[shown, question, marks[name], ""] for (shown, question, *_), name in zip(rows, names, strict=False)]
        csv.writer(file).writerows([head, *lines])
    report.write(product.assignment, tmp_path / "results", names)
    with open(tmp_path / "results" / "grades.csv", encoding="utf-8", newline="") as file:
        assert dict(zip(names, (row["q7"] for row in csv.DictReader(file)), strict=True)) == marks
