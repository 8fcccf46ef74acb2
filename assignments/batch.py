"""Grade a folder of submissions: each once, each by itself, and every result kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assignments import files, grade, records, submission
from assignments.assignment import Assignment
from assignments.records import Basis, Damaged, Record
from assignments.sandbox import MachineFailure, Sandbox, Stopped

IN_FLIGHT = Path(".grader", "in-flight")  # in the results: one file for each submission that is being graded
NO_SUFFIX = " (no suffix)"
ASKED = "it was asked for"
FEW = 5  # submissions that are named one by one


class AnotherCourse(ValueError):
    """The results were made with another secret."""


class NoSuchName(ValueError):
    """A submission or a question that is to be graded anew is not there."""


@dataclass(frozen=True)
class Anew:
    """What is to be graded anew though nothing has changed.

    Attributes
    ----------
    submissions, questions : frozenset of str
        Their names. With both, these questions of these submissions.
    everything : bool
        Also what was graded with another secret.
    """

    submissions: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    everything: bool = False

    def names(self, submission: str) -> bool:
        """Return whether a submission, or a question of it, is to be graded anew."""
        return self.everything or (submission in self.submissions if self.submissions else bool(self.questions))


@dataclass(frozen=True)
class Task:
    """A submission that is to be graded.

    Attributes
    ----------
    name : str
    path : Path
    basis : Basis
    old : Record, optional
        What it got before.
    reason : str
        Why it is graded anew; empty the first time, and where another file was handed in.
    questions : frozenset of str
        The only questions that are graded anew; all if there are none.
    """

    name: str
    path: Path
    basis: Basis
    old: Record | None = None
    reason: str = ""
    questions: frozenset[str] = frozenset()


def grade_folder(
    assignment: Assignment,
    folder: Path,
    results: Path,
    open_isolation: Callable[[], AbstractContextManager[Any]],
    jobs: int,
    progress: Callable[[Iterable[None], int], Iterable[None]],
    tell: Callable[[str], None],
    anew: Anew | None = None,
) -> list[str]:
    """Grade what is new or has changed since the last time.

    Parameters
    ----------
    assignment : Assignment
    folder, results : Path
        Where the submissions are, and where the results go.
    open_isolation : callable
        Returns the walls around student code, as `find_isolation` does; not called where nothing is to be graded.
    jobs : int
        How many submissions at a time.
    progress : callable
        Wraps an iterable over the submissions and shows how far it is, as tqdm does.
    tell : callable
        Takes a sentence for whoever waits.
    anew : Anew, optional

    Returns
    -------
    list of str
        The names of the submissions, in the order of `grades.csv`.

    Raises
    ------
    AnotherCourse
        If the results were made with another secret and `anew` does not say `everything`.
    NoSuchName
        If `anew` names something that is not there.
    """
    anew = anew or Anew()
    paths = named(folder)
    _check_names(anew, paths, assignment)
    tasks = _plan(assignment, paths, results, anew)
    _tell_reasons(tasks, tell)
    killed = {task.name: attempts for task in tasks if (attempts := _attempts(results, task))}
    for task in [task for task in tasks if killed.get(task.name, 0) > 1]:
        tell(f"'{task.name}' is passed by: the grader was killed twice while it graded this submission.")
        _give_up(assignment, task, results)
        tasks.remove(task)
    alone = [task for task in tasks if task.name in killed]
    for task in alone:
        tell(f"The grader was killed while it graded '{task.name}'. It is graded by itself now, before the others.")
    if tasks:
        together = [task for task in tasks if task.name not in killed]
        with open_isolation() as isolation, ThreadPoolExecutor(jobs) as pool:

            def one(task: Task) -> None:
                _grade_and_keep(assignment, task, results, isolation)

            def graded() -> Iterator[None]:
                yield from map(one, alone)
                yield from pool.map(one, together)

            try:
                for _ in progress(graded(), len(tasks)):
                    pass
            except BaseException:
                isolation.close()  # first, so that nobody waits for what is in flight
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return list(paths)


def _tell_reasons(tasks: list[Task], tell: Callable[[str], None]) -> None:
    """Say what is graded anew, and why; where it is much, only how much."""
    reasons = Counter(task.reason for task in tasks if task.reason not in ("", ASKED))
    for reason, count in reasons.items():
        if count > FEW:
            tell(f"{count} submissions are graded anew: {reason}.")
    for task in tasks:
        if 0 < reasons[task.reason] <= FEW:
            tell(f"'{task.name}' is graded anew: {task.reason}.")


def _check_names(anew: Anew, paths: dict[str, Path], assignment: Assignment) -> None:
    if unknown := sorted(anew.submissions - paths.keys()):
        raise NoSuchName(f"There is no submission '{unknown[0]}'. The names are those in grades.csv")
    tested = [question.name for question in assignment.tested]
    if unknown := sorted(anew.questions - set(tested)):
        raise NoSuchName(f"There is no question '{unknown[0]}' that tests mark. There are {', '.join(tested)}")


def _plan(assignment: Assignment, paths: dict[str, Path], results: Path, anew: Anew) -> list[Task]:
    """Return what has to be graded, in the order of the submissions."""
    tasks = []
    for name, path in paths.items():
        task = Task(name, path, Basis.of(assignment, _digest(path)))
        try:
            old = records.load(records.place(results, name))
            if (old.submission, old.assignment) != (name, assignment.name):
                raise Damaged("it is another submission's")
        except FileNotFoundError:
            tasks.append(task)
            continue
        except Damaged as error:
            tasks.append(replace(task, reason=f"its record is damaged, {error}"))
            continue
        if old.basis.course != task.basis.course and not anew.everything:
            raise AnotherCourse(
                f"The grades in {results} were given with another secret, so other hidden tests. Name the secret that "
                "belongs to them with --secret, or another folder for the results; --regrade-all grades everything "
                "with this secret and overwrites them"
            )
        reason = old.basis.difference(task.basis)
        if reason == records.ANOTHER_FILE:
            tasks.append(task)
        elif not old.cacheable:
            tasks.append(replace(task, old=old, reason=old.regraded) if old.regraded else task)
        elif reason:
            tasks.append(replace(task, old=old, reason=reason))
        elif anew.names(name):
            questions = frozenset() if old.ungraded or anew.everything else anew.questions
            tasks.append(replace(task, old=old, reason=ASKED, questions=questions))
    return tasks


def _grade_and_keep(assignment: Assignment, task: Task, results: Path, isolation: Any) -> None:
    """Grade a submission and write its record. Where this process is killed meanwhile, a file stays that says so."""
    mark = _mark(results, task)
    files.write_whole(mark, json.dumps([asdict(task.basis), _attempts(results, task) + 1]), private=True)
    try:
        record = grade_file(assignment, task, isolation)
        if task.old:
            record = record.compared_with(task.old, task.reason)
        elif task.reason:
            record = replace(record, regraded=task.reason)
        records.save(records.place(results, task.name), record)
    finally:
        mark.unlink(missing_ok=True)


def grade_file(assignment: Assignment, task: Task, isolation: Any) -> Record:
    """Grade one file and return what is then known about it.

    Raises
    ------
    Stopped
        If the isolation was closed meanwhile.
    """
    record = Record(task.name, assignment.name, task.basis)
    try:
        handed_in = submission.read(task.path)
        note = submission.check_belongs_to(handed_in, assignment)
        marks = grade.grade_submission(handed_in, assignment, lambda cells: Sandbox(cells, isolation))
    except Stopped:
        raise
    except submission.Unreadable as error:
        return replace(record, ungraded=submission.escape_unprintable(str(error)))
    except MachineFailure as error:
        return replace(record, ungraded=submission.escape_unprintable(str(error)), cacheable=False)
    except Exception as error:  # of the grader, never of the student: those are caught where they arise
        reason = f"the grader failed, not the student: {type(error).__name__}: {error}. Run the command again"
        return replace(record, ungraded=submission.escape_unprintable(reason), cacheable=False)
    if task.questions and task.old:
        kept = {result.question: result for result in task.old.results if result.question not in task.questions}
        marks = [kept.get(mark.question, mark) for mark in marks]
    return replace(
        record,
        note=note,
        results=tuple(marks),
        answers=assignment.written_answers(handed_in),
        cacheable=not any(mark.ungraded for mark in marks),
    )


def _give_up(assignment: Assignment, task: Task, results: Path) -> None:
    """Keep a record that says why a submission is passed by."""
    reason = (
        "the grader was killed twice while it graded this submission (is the machine's memory full?). "
        "--regrade-submission tries it again"
    )
    records.save(records.place(results, task.name), Record(task.name, assignment.name, task.basis, ungraded=reason))
    _mark(results, task).unlink(missing_ok=True)


def _mark(results: Path, task: Task) -> Path:
    return results / IN_FLIGHT / records.place(results, task.name).name


def _attempts(results: Path, task: Task) -> int:
    """Return how many runs were killed while they graded this very file."""
    try:
        basis, attempts = json.loads(_mark(results, task).read_text("utf-8"))
        return int(attempts) if basis == asdict(task.basis) else 0
    except (OSError, ValueError, TypeError):
        return 0


def named(folder: Path) -> dict[str, Path]:
    """Return the submissions in a folder by their names, no two of which look alike."""
    paths = {name_of(path, folder): path for path in submission.files(folder)}
    looks = Counter(unicodedata.normalize("NFC", name) for name in paths)
    return {
        name if looks[unicodedata.normalize("NFC", name)] == 1 else name.encode("unicode_escape").decode(): path
        for name, path in paths.items()
    }


def name_of(path: Path, folder: Path) -> str:
    r"""Return what a submission is called: its path in the folder, where it is a notebook without ``.ipynb``.

    No two paths have one name, whatever else is in the folder, and no name begins or ends with a space.

    Examples
    --------
    >>> name_of(Path("in/ada/ps1.ipynb"), Path("in")), name_of(Path("in/bob.pdf"), Path("in"))
    ('ada/ps1', 'bob.pdf')
    >>> print(name_of(Path("in/bob .ipynb"), Path("in")), name_of(Path("in/bob"), Path("in")), sep=", ")
    bob\x20, bob (no suffix)
    """
    name = os.fsencode(path.relative_to(folder).as_posix().replace("\\", "\\\\")).decode("utf-8", "backslashreplace")
    plain = path.stem and "." not in path.stem and not path.stem.endswith(NO_SUFFIX)
    if os.path.isdir(path):  # one that cannot be looked into; `Path.is_dir` fails on what lies in one
        name += "/"
    elif path.suffix == ".ipynb" and plain:
        name = name.removesuffix(".ipynb")
    elif "." not in path.name:
        name += NO_SUFFIX
    return re.sub(r"(?:^|(?<=/)) | (?=/|$)", r"\\x20", submission.escape_unprintable(name))


def _digest(path: Path) -> str:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > submission.LARGEST:
            return "no file"
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "no file"
