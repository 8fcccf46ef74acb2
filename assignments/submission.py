"""What students hand in: files of every kind, read without believing them."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

PROMPT = "_Type your answer here, replacing this text._"  # where otter-grader wants an answer
CLOSING = "Before you hand in"  # the heading after the last question
LARGEST = 20_000_000  # bytes
DEEPEST_FOLDER = 10
OTHER_FILES = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x80": "a pickle",
    b"\x89PNG": "a picture",
    b"\xff\xd8": "a picture",
    b"<": "a web page",
}
INVISIBLE = re.compile(  # letters and marks that show nothing, though Python calls them printable
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}


class Unreadable(ValueError):
    """A file that cannot be graded; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: "code", "markdown" or "raw", and its text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Submission:
    """A notebook that was handed in.

    Attributes
    ----------
    cells : tuple of Cell
    made_for : dict
        The assignment and conventions that its metadata name; empty where they are gone.
    """

    cells: tuple[Cell, ...]
    made_for: dict

    @classmethod
    def of_code(cls, code):
        """Return a submission of code cells only."""
        return cls(tuple(Cell("code", text) for text in code), {})

    @property
    def code(self):
        """The texts of the code cells."""
        return [cell.text for cell in self.cells if cell.kind == "code"]

    def written_answer(self, title, others):
        """Return the text below the heading `title`, up to the next of the headings `others`.

        None without the heading. A student's own headings belong to the answer.
        """
        texts = [cell.text for cell in self.cells if cell.kind != "code"]
        start = next((place for place, text in enumerate(texts) if _has_heading(text, title)), None)
        if start is None:
            return None
        ends = [*others, CLOSING]
        answer = takewhile(lambda text: not any(_has_heading(text, end) for end in ends), texts[start + 1 :])
        return "\n\n".join(answer).replace(PROMPT, "").strip()


def _has_heading(text, title):
    return re.search(rf"^#+ *{re.escape(title)}\s*$", text, re.MULTILINE) is not None


def files(folder):
    """Return what somebody handed in, in order: the files under a folder, but not what operating systems leave behind.

    A folder that cannot be looked into, or that lies in too many others, is there itself: `read` says what is wrong.
    """
    found, folders = [], [Path(folder)]
    while folders:
        place = folders.pop()
        try:
            inside = list(os.scandir(place))
        except OSError:
            found.append(place)
            continue
        for entry in inside:
            if _left_behind(entry.name):
                continue
            path = Path(entry.path)
            deep = len(path.relative_to(folder).parts) > DEEPEST_FOLDER
            (folders if entry.is_dir(follow_symlinks=False) and not deep else found).append(path)
    return sorted(found, key=os.fsencode)


def _left_behind(name):
    """Return whether a file of this name comes from a system or a program, not from a person."""
    hidden = name.startswith(".") and (name.startswith("._") or not name.endswith(".ipynb"))
    return hidden or name.startswith("~$") or name.lower() in SYSTEM_FILES


def escape_unprintable(text: str) -> str:
    r"""Return a text in one line, with what does not show escaped: line breaks, escape sequences, half characters.

    Examples
    --------
    >>> print(escape_unprintable("b\u3164b\nada"))
    b\u3164b\nada
    """
    return "".join(
        one if one.isprintable() and not INVISIBLE.match(one) else one.encode("unicode_escape").decode("ascii")
        for one in text
    )


def read(path):
    """Read a notebook.

    Raises
    ------
    Unreadable
        If it is none, or none in Python.
    """
    path = Path(path)
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise Unreadable("it is a folder that cannot be looked into, or one in too many others")
    if stat.S_ISLNK(mode):
        raise Unreadable("it is a link to another file, not a file")
    if not stat.S_ISREG(mode):
        raise Unreadable("it is no ordinary file")
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // 1_000_000} MB: clear the outputs and hand it in again")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror}") from None
    return parse(data, path.suffix)


def parse(data, suffix=".ipynb"):
    """Read a notebook from its bytes; see `read`."""
    if not data.strip():
        raise Unreadable("the file is empty")
    for start, kind in OTHER_FILES.items():
        if data.startswith(start):
            raise Unreadable(f"it is {kind}, not a notebook")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        if suffix.lower() != ".ipynb":
            raise Unreadable(f"it is a {suffix or 'nameless'} file, not a notebook") from None
        raise Unreadable("it is not a notebook: the file is damaged or was cut off") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        if isinstance(notebook, dict) and "worksheets" in notebook:
            raise Unreadable("it is a notebook in a format before 4: open it in JupyterLab and save it")
        raise Unreadable("it is not a notebook: there are no cells in it")
    metadata = _dict(notebook.get("metadata"))
    kernel = _dict(metadata.get("kernelspec"))
    language = kernel.get("language") or _dict(metadata.get("language_info")).get("name") or "python"
    if str(language).lower() not in ("python", "ipython", "python3"):
        raise Unreadable(f"it is written in {escape_unprintable(str(language)[:40])}, not in Python")
    cells = []
    for cell in notebook["cells"]:
        cell = _dict(cell)
        text = cell.get("source", "")
        if isinstance(text, list):
            text = "".join(part for part in text if isinstance(part, str))
        kind = cell.get("cell_type")
        if isinstance(text, str) and kind in ("code", "markdown", "raw"):
            cells.append(Cell(kind, text.encode("utf-8", "replace").decode("utf-8")))
    if not any(cell.text.strip() for cell in cells):
        raise Unreadable("there is nothing in its cells")
    return Submission(tuple(cells), _dict(metadata.get("assignment")))


def check_belongs_to(handed_in, assignment):
    """Return a remark where a submission was made for another course.

    Raises
    ------
    Unreadable
        If it was made for another assignment.
    """
    made_for = handed_in.made_for
    if made_for.get("name", assignment.name) != assignment.name:
        raise Unreadable(f"it is {escape_unprintable(str(made_for['name'])[:20])}, not {assignment.name}")
    if made_for and made_for.get("variant") != assignment.variant:
        return "The notebook was handed out in another course, with other conventions."
    return ""


def _dict(value):
    return value if isinstance(value, dict) else {}
