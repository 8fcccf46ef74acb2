"""Grade a folder of submissions: each once, each by itself, and every result kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from assignments import grade, submission
from assignments.release import write_whole
from assignments.sandbox import Sandbox

RECORDS = "records"  # the folder in the results with one file for each submission


def grade_folder(assignment, folder, results, isolation, jobs, progress):
    """Grade what is new or has changed since the last time.

    Parameters
    ----------
    assignment : Assignment
    folder, results : Path
        Where the submissions are, and where the results go.
    isolation : Bubblewrap
    jobs : int
        How many submissions at a time.
    progress : callable
        Wraps an iterable over the submissions and shows how far it is, as tqdm does.

    Returns
    -------
    list of str
        The names of the submissions, in the order of `grades.csv`.
    """
    folder, results = Path(folder), Path(results)
    version = hashlib.sha256(json.dumps(assignment.to_dict(), sort_keys=True).encode()).hexdigest()
    paths = {}
    for path in submission.files(folder):
        name = name_of(path, folder)
        if name in paths:  # two names that differ only in what does not show
            name = f"{name} ({hashlib.sha256(os.fsencode(path.relative_to(folder))).hexdigest()[:8]})"
        paths[name] = path

    def one(name):
        place = record_path(results, name)
        fingerprint = f"{version} {_digest(paths[name])}"
        if _stored_fingerprint(place) != fingerprint:
            record = grade_file(name, paths[name], assignment, isolation)
            record["fingerprint"] = fingerprint if record.pop("cacheable") else ""
            write_whole(place, json.dumps(record, indent=1, ensure_ascii=False))

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for _ in progress(pool.map(one, paths), len(paths)):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return list(paths)


def grade_file(name, path, assignment, isolation):
    """Grade one file and return what is known about it, as what JSON knows.

    A submission that cannot be graded says under "ungraded" why; `cacheable` is False where that may be another time.
    """
    record = {"submission": name, "assignment": assignment.name, "ungraded": "", "note": "", "cacheable": True}
    record |= {"results": [], "answers": {}}
    try:
        handed_in = submission.read(path)
        record["note"] = submission.check_belongs_to(handed_in, assignment)
        marks = grade.grade_submission(handed_in, assignment, lambda cells: Sandbox(cells, isolation))
    except submission.Unreadable as error:
        return {**record, "ungraded": submission.escape_unprintable(str(error))}
    except Exception as error:  # of the machine or of a test, never of the student: those are caught where they arise
        reason = f"the grader failed, not the student: {type(error).__name__}: {error}. Run the command again"
        return {**record, "ungraded": submission.escape_unprintable(reason), "cacheable": False}
    record["results"] = [asdict(mark) for mark in marks]
    record["answers"] = assignment.written_answers(handed_in)
    return record


def records(results, names):
    """Read the records of the submissions, one after the other."""
    for name in names:
        yield json.loads(record_path(Path(results), name).read_text("utf-8"))


def belongs_to(results):
    """Return the name of the assignment whose results are in a folder; an empty text where there are none."""
    for path in (Path(results) / RECORDS).glob("*.json"):
        try:
            return str(json.loads(path.read_text("utf-8"))["assignment"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # damaged, and graded again
    return ""


def name_of(path, folder):
    """Return what a submission is called: its path in the folder, without ``.ipynb`` unless that is another's name.

    Examples
    --------
    >>> name_of(Path("in/ada/ps1.ipynb"), Path("in")), name_of(Path("in/bob.pdf"), Path("in"))
    ('ada/ps1', 'bob.pdf')
    """
    short = path.with_suffix("") if path.suffix == ".ipynb" and not os.path.isfile(path.with_suffix("")) else path
    name = os.fsencode(short.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
    return submission.escape_unprintable(name)


def file_name(name):
    r"""Return a file name for a submission: readable, unlike any other's, and harmless.

    Examples
    --------
    >>> file_name("ada"), file_name("ada/../\nps1")
    ('ada', 'ada-..-ps1-63e5dbbfa7bbc9e4')
    """
    plain = re.sub(r"[^\w.-]+", "-", name)[:60]
    own = plain == name and not plain.startswith(".") and not re.search(r"-[0-9a-f]{16}$", plain)
    return plain if own else f"{plain.lstrip('.')[:50]}-{_short_digest(name)}"


def record_path(results, name):
    """Return where the record of a submission is kept."""
    return results / RECORDS / f"{file_name(name)}.json"


def _short_digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _digest(path):
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > submission.LARGEST:
            return "no file"
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "no file"


def _stored_fingerprint(place):
    try:
        return json.loads(place.read_text("utf-8"))["fingerprint"] or None
    except (OSError, ValueError, KeyError):
        return None
