"""The commands: ``python -m assignments release | check | grade | gradescope``."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from assignments import batch, files, grade, gradescope, master, records, release, report, submission
from assignments.course import Course, NoSecret
from assignments.isolation import Bubblewrap, NoIsolation
from assignments.sandbox import ForkServer, InProcess, MachineFailure, default_jobs, find_isolation

# What whoever gave the command can put right; the message says how.
USER_ERRORS = (
    batch.AnotherCourse,
    batch.NoSuchName,
    files.Busy,
    master.BadMaster,
    NoSecret,
    NoIsolation,
    report.BadMarks,
    submission.Unreadable,
    OSError,
)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def run_release(arguments: argparse.Namespace) -> int:
    """Make what students get: a notebook and a README."""
    course, new = Course.found(arguments.secret)
    if new:
        print(f"{arguments.secret} now holds a secret for this course. Grading needs it; keep it to yourself.")
    product = release.prepare(arguments.assignment, course)
    release.write(product, arguments.folder)
    print(
        f"{product.assignment.title}, {product.assignment.points:g} points, is in {arguments.folder}. In this course:"
    )
    for name, value in product.assignment.variant.items():
        print(f"  {name}: {value}")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Run the public tests on your own notebook, as the grader does, and name usual mistakes."""
    handed_in = submission.read(arguments.notebook)
    name, variant = handed_in.made_for.get("name"), handed_in.made_for.get("variant")
    if name not in master.NAMES:
        raise submission.Unreadable(
            f"{arguments.notebook} does not say which problem set it is: its metadata are gone. "
            "Copy your answers into the notebook that was handed out"
        )
    assignment = master.make(name, master.check_variant(name, variant), seed=lambda _: 0).assignment
    failed = 0
    for mark in grade.grade_submission(handed_in, assignment, InProcess, with_hidden=False):
        failed += any(not outcome.passed for outcome in mark.outcomes)
        print(mark.title)
        for outcome in mark.outcomes:
            print(f"  {_sign(outcome.passed)} {outcome.title}")
            if outcome.message:
                print(f"    {submission.escape_unprintable(outcome.message)}")
        for remark in (mark.feedback, mark.note, mark.ungraded):
            if remark:
                print(f"    {submission.escape_unprintable(remark)}")
    for question in assignment.written:
        words = len((assignment.written_answers(handed_in)[question.name] or "").split())
        print(f"{question.title}\n  {f'{words} words; a person reads them' if words else 'no answer yet'}.")
    print("The public tests pass." if not failed else f"Questions whose public tests do not pass: {failed}.")
    return 1 if failed else 0


def _sign(passed: bool) -> str:
    """Return a check mark or a cross, or a word where the console has none."""
    sign, word = ("✓", "ok:") if passed else ("✗", "failed:")
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return word
    return sign


def run_grade(arguments: argparse.Namespace) -> int:
    """Grade a folder of submissions; run it again to go on after an interruption or to add marks by hand."""
    name, results = arguments.assignment, arguments.results
    _check_folders(name, arguments.submissions, results)
    course = Course.read(arguments.secret)
    anew = batch.Anew(
        frozenset(arguments.regrade_submission), frozenset(arguments.regrade_question), arguments.regrade_all
    )
    with _signals_stop(), files.alone_in(results), _isolation(records.assignment_in(results) == "") as open_isolation:
        assignment = release.prepared(name, course, results / ".grader" / "assignment.json")
        names = batch.grade_folder(
            assignment, arguments.submissions, results, open_isolation, arguments.jobs, _progress(name), print, anew
        )
        tally = report.write(assignment, results, names)
    print(f"{tally.graded} graded, {len(tally.ungraded)} ungraded.")
    for record in tally.ungraded:
        print(f"  '{record.submission}': {record.ungraded}")
    if tally.regraded:
        print(f"Graded anew: {len(tally.regraded)}. Grades that changed by that: {len(tally.changed)}.")
        for record in tally.changed:
            print(f"  '{record.submission}': {record.changes()}")
    print(f"Read {results / 'summary.html'}; the grades are in {results / 'grades.csv'}.")
    if assignment.written:
        print(f"Written answers: read {results / 'written.html'}, enter marks in written.csv, grade again.")
    return 0


def _check_folders(name: str, submissions: Path, results: Path) -> None:
    """Refuse folders that are mistyped."""
    if not submissions.is_dir():
        raise NotADirectoryError(f"{submissions} is no folder. Name the folder with what was handed in.")
    there, here = submissions.resolve(), results.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise FileExistsError(
            "The results would lie among the submissions, or these among the results: name two folders."
        )
    if not submission.files(there):
        raise FileNotFoundError(f"There is no file in {submissions}.")
    if results.exists() and not results.is_dir():
        raise NotADirectoryError(f"{results} is a file. Name a folder for the results.")
    if (held := records.assignment_in(results)) not in ("", name):
        raise FileExistsError(f"{results} holds the results of {held}. Name another folder for those of {name}.")


@contextlib.contextmanager
def _isolation(ahead: bool) -> Iterator[Callable[[], ForkServer]]:
    """Give what returns the walls; where nothing is graded yet, they are begun ahead, while the tests are prepared."""
    if not ahead:
        yield find_isolation
        return
    with ForkServer(Bubblewrap()) as server:
        with contextlib.suppress(MachineFailure):  # `find_isolation` tries again, and says what to do
            server.begin()
        yield partial(find_isolation, server)


def _progress(name: str) -> Any:
    """Return what shows how far it is."""
    from tqdm import tqdm  # only where something is graded

    def progress(done: Iterable[None], total: int) -> Iterable[None]:
        return tqdm(done, total=total, unit="submission", desc=name)

    return progress


@contextlib.contextmanager
def _signals_stop() -> Iterator[None]:
    """Let other signals do what Ctrl-C does: SIGTERM, and SIGHUP where the terminal is closed."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, _stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def run_gradescope(arguments: argparse.Namespace) -> int:
    """Make the archive for a programming assignment on Gradescope."""
    product = release.prepare(arguments.assignment, Course.read(arguments.secret))
    files.write_whole(arguments.archive, gradescope.archive(product), private=True)
    print(f"Upload {arguments.archive} under Configure Autograder. It holds the hidden tests: keep it to yourself.")
    return 0


def _jobs(text: str) -> int:
    """Read how many submissions are graded at a time."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m assignments",
        description="Hand out, check and grade the book's problem sets.",
        epilog="Each command has a --help of its own, with an example.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(run: Any, example: str, *, secret: str = "") -> argparse.ArgumentParser:
        name, words = run.__name__.removeprefix("run_"), run.__doc__
        example = f"example:\n  python -m assignments {name} {example}"
        raw = argparse.RawDescriptionHelpFormatter
        command = commands.add_parser(name, help=words, description=words, epilog=example, formatter_class=raw)
        command.set_defaults(run=run)
        if name != "check":
            command.add_argument("assignment", choices=master.NAMES, help="which problem set")
            words = "the file with the course's secret, one line a course, the newest first"
            command.add_argument(
                "--secret", type=Path, default=Path("course.secret"), metavar="FILE", help=words + secret
            )
        return command

    command = add(run_release, "ps1 handout", secret="; drawn where there is none (default: %(default)s)")
    command.add_argument("folder", type=Path, help="a new or empty folder, to be handed out as it is")

    command = add(run_check, "ps1.ipynb")
    command.add_argument("notebook", type=Path, help="your notebook")

    command = add(run_grade, "ps1 submissions results", secret=" (default: %(default)s)")
    command.add_argument("submissions", type=Path, help="the folder with what was handed in; subfolders are searched")
    command.add_argument("results", type=Path, help="the folder for grades.csv, summary.html and the students' pages")
    command.add_argument(
        "--jobs", type=_jobs, default=default_jobs(), metavar="N", help="how many at a time (default: %(default)s)"
    )
    anew = command.add_argument_group("grade anew what did not change")
    anew.add_argument(
        "--regrade-submission",
        action="append",
        default=[],
        metavar="NAME",
        help="this one, by its name in grades.csv; may be given more than once",
    )
    anew.add_argument(
        "--regrade-question",
        action="append",
        default=[],
        metavar="NAME",
        help="this question (q3) of all, or of the submissions named; may be given more than once",
    )
    anew.add_argument("--regrade-all", action="store_true", help="everything, also what was graded with another secret")

    command = add(run_gradescope, "ps1 ps1-gradescope.zip", secret=" (default: %(default)s)")
    command.add_argument("archive", type=Path, help="the zip file to write")
    return parser


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a letter that a console does not have is no reason to stop
    arguments = command_line().parse_args(words)
    try:
        code: int = arguments.run(arguments)
        return code
    except USER_ERRORS as error:
        print(f"{_sentence(error).rstrip('.')}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        return 130


def _sentence(error: Exception) -> str:
    """Say what went wrong, and what would be right."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        where = f" of {os.path.dirname(error.filename)}" if error.filename else ""
        return f"The disk{where} is full. What was graded is kept: make room and run the same command again"
    if isinstance(error, OSError) and error.filename and error.strerror:
        right = {errno.EACCES: "change who may use it, or name another", errno.ENOENT: "name one that is there"}
        advice = f": {right[error.errno]}" if error.errno in right else ""
        return submission.escape_unprintable(f"{error.filename}: {error.strerror}{advice}")
    return "\n".join(map(submission.escape_unprintable, str(error).split("\n")))


if __name__ == "__main__":
    sys.exit(main())
