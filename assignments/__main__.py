"""The commands: ``python -m assignments release | check | grade | gradescope``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tqdm import tqdm

from assignments import batch, grade, gradescope, master, release, report, submission
from assignments.course import Course, NoSecret
from assignments.isolation import NoIsolation
from assignments.sandbox import InProcess, find_isolation

USER_ERRORS = (master.BadMaster, NoSecret, NoIsolation, report.BadMarks, submission.Unreadable, OSError)


def run_release(arguments):
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


def run_check(arguments):
    """Run the public tests on your own notebook, as the grader does, and name usual mistakes."""
    handed_in = submission.read(arguments.notebook)
    name, variant = handed_in.made_for.get("name"), handed_in.made_for.get("variant")
    if name not in master.NAMES:
        raise submission.Unreadable(f"{arguments.notebook} does not say which problem set it is: its metadata are gone")
    assignment = master.make(name, master.check_variant(name, variant), seed=lambda _: 0).assignment
    failed = 0
    for mark in grade.grade_submission(handed_in, assignment, InProcess, with_hidden=False):
        failed += any(not outcome.passed for outcome in mark.outcomes)
        print(mark.title)
        for outcome in mark.outcomes:
            print(f"  {'✓' if outcome.passed else '✗'} {outcome.title}")
            if outcome.message:
                print(f"    {outcome.message}")
        if mark.feedback:
            print(f"    {mark.feedback}")
    for question in assignment.written:
        words = len((assignment.written_answers(handed_in)[question.name] or "").split())
        print(f"{question.title}\n  {f'{words} words; a person reads them' if words else 'no answer yet'}.")
    print("The public tests pass." if not failed else f"Questions whose public tests do not pass: {failed}.")
    return 1 if failed else 0


def run_grade(arguments):
    """Grade a folder of submissions; run it again to go on after an interruption or to add marks by hand."""
    if not arguments.submissions.is_dir():
        raise NotADirectoryError(f"{arguments.submissions} is no folder.")
    there, here = arguments.submissions.resolve(), arguments.results.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise FileExistsError(
            "The results would lie among the submissions, or these among the results: name two folders."
        )
    if not submission.files(there):
        raise FileNotFoundError(f"There is no file in {arguments.submissions}.")
    if batch.belongs_to(arguments.results) not in ("", arguments.assignment):
        raise FileExistsError(f"{arguments.results} holds the results of {batch.belongs_to(arguments.results)}.")
    product = release.prepare(arguments.assignment, Course.read(arguments.secret))
    walls = find_isolation()

    def progress(done, total):
        return tqdm(done, total=total, unit="submission", desc=arguments.assignment)

    names = batch.grade_folder(
        product.assignment, arguments.submissions, arguments.results, walls, arguments.jobs, progress
    )
    tally = report.write(product.assignment, arguments.results, names)
    print(f"{len(tally.points)} graded, {len(tally.ungraded)} ungraded.")
    for record in tally.ungraded:
        print(f"  {record['submission']!r}: {record['ungraded']}")
    print(f"Read {arguments.results / 'summary.html'}; the grades are in {arguments.results / 'grades.csv'}.")
    if product.assignment.written:
        print(f"Written answers: read {arguments.results / 'written.html'}, enter marks in written.csv, grade again.")
    return 0


def run_gradescope(arguments):
    """Make the archive for a programming assignment on Gradescope."""
    product = release.prepare(arguments.assignment, Course.read(arguments.secret))
    release.write_whole(arguments.archive, gradescope.archive(product))
    print(f"Upload {arguments.archive} under Configure Autograder. It holds the hidden tests: keep it to yourself.")
    return 0


def _positive(text):
    """Read a whole number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{number} is less than 1")
    return number


def command_line():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m assignments",
        description="Hand out, check and grade the book's problem sets.",
        epilog="Each command has a --help of its own, with an example.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(run, example, *, secret=""):
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
        "--jobs", type=_positive, default=os.cpu_count(), metavar="N", help="how many at a time (default: %(default)s)"
    )

    command = add(run_gradescope, "ps1 ps1-gradescope.zip", secret=" (default: %(default)s)")
    command.add_argument("archive", type=Path, help="the zip file to write")
    return parser


def main(words=None):
    """Run one command and return its exit code."""
    arguments = command_line().parse_args(words)
    try:
        return arguments.run(arguments)
    except USER_ERRORS as mistake:
        print(f"{str(mistake).rstrip('.')}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
