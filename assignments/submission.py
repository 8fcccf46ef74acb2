"""What students hand in: files of every kind and from every program, of which any may be damaged or forged."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assignments.assignment import Assignment

PROMPT = "_Type your answer here, replacing this text._"  # where otter-grader wants an answer
CLOSING = "Before you hand in"  # the heading after the last question
LARGEST = 20_000_000  # bytes
MOST_PARTS = 1_000_000  # objects, lists and commas in the file, each of which Python makes something larger of
LONGEST_CODE = 1_000_000  # characters; a problem set with its answers has about 15,000
LONGEST_WRITTEN = 20_000  # characters of a written answer that reach the reports
PICTURE = re.compile(r"data:image/[^)\s\"']*")  # as Colab writes pasted pictures into a text
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
    made_for: dict[str, Any]

    @classmethod
    def of_code(cls, code: Sequence[str]) -> Submission:
        """Return a submission of code cells only."""
        return cls(tuple(Cell("code", text) for text in code), {})

    @property
    def code(self) -> list[str]:
        """The texts of the code cells."""
        return [cell.text for cell in self.cells if cell.kind == "code"]

    def written_answer(self, title: str, others: Sequence[str]) -> str | None:
        """Return the text below the heading `title`, up to the next of the headings `others`.

        None without the heading. A student's own headings belong to the answer. Pictures in it are left out, and what
        is beyond `LONGEST_WRITTEN` characters.
        """
        texts = [cell.text for cell in self.cells if cell.kind != "code"]
        start = next((place for place, text in enumerate(texts) if _has_heading(text, title)), None)
        if start is None:
            return None
        ends = [*others, CLOSING]
        answer = takewhile(lambda text: not any(_has_heading(text, end) for end in ends), texts[start + 1 :])
        written = PICTURE.sub("picture", "\n\n".join(answer)).replace(PROMPT, "").strip()
        if len(written) > LONGEST_WRITTEN:
            written = f"{written[:LONGEST_WRITTEN]}\n\n(Cut off here: the whole answer is in the notebook.)"
        return written


def _has_heading(text: str, title: str) -> bool:
    return re.search(rf"^#+ *{re.escape(title)}\s*$", text, re.MULTILINE) is not None


def files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return what somebody handed in, in order: the files under a folder, but not what operating systems leave behind.

    A folder that cannot be looked into, or that lies in too many others, is there itself: `read` says what is wrong.
    """
    found: list[Path] = []
    folders = [Path(folder)]
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


def _left_behind(name: str) -> bool:
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


def read(path: str | os.PathLike[str]) -> Submission:
    """Read a notebook.

    Raises
    ------
    Unreadable
        If it is none, or none in Python.
    """
    path = Path(path)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable("it is a folder that cannot be looked into, or one in too many others")
        if stat.S_ISLNK(mode):
            raise Unreadable("it is a link to another file, not a file")
        if not stat.S_ISREG(mode):
            raise Unreadable("it is no ordinary file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError also for a name that no system allows
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    return parse(data, path.suffix)


def parse(data: bytes, suffix: str = ".ipynb") -> Submission:
    """Read a notebook from its bytes: of format 2, 3 or 4, in UTF-8, UTF-16 or UTF-32; see `read`."""
    if len(data) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // 1_000_000} MB: clear the outputs and hand it in again")
    start = data[:1000].removeprefix(codecs.BOM_UTF8).lstrip()
    if not data.strip(b" \t\r\n\0"):
        raise Unreadable("the file is empty")
    for signature, kind in OTHER_FILES.items():
        if start.startswith(signature):
            raise Unreadable(f"it is {kind}, not a notebook")
    if sum(map(data.count, (b"{", b"[", b","))) > MOST_PARTS:
        raise Unreadable("there are more than a million parts in it: clear the outputs and hand it in again")
    try:
        notebook = _json(data)
    except (ValueError, RecursionError, MemoryError):
        if suffix.lower() != ".ipynb":
            raise Unreadable(f"it is a {suffix or 'nameless'} file, not a notebook") from None
        raise Unreadable("it is not a notebook: the file is damaged or was cut off") from None
    metadata = _dict(_dict(notebook).get("metadata"))
    kernel = _dict(metadata.get("kernelspec"))
    language = kernel.get("language") or _dict(metadata.get("language_info")).get("name") or "python"
    if not str(language).lower().startswith(("python", "ipython")):
        raise Unreadable(f"it is written in {escape_unprintable(str(language)[:40])}, not in Python")
    cells = tuple(_cells(_dict(notebook)))
    if not any(cell.text.strip() for cell in cells):
        raise Unreadable("there is nothing in its cells")
    if sum(len(cell.text) for cell in cells if cell.kind == "code") > LONGEST_CODE:
        raise Unreadable("there are more than a million characters in its code cells")
    return Submission(cells, _dict(metadata.get("assignment")))


def _json(data: bytes) -> Any:
    """Read JSON in whatever encoding it has, also with line breaks in its texts."""
    try:
        return json.loads(data, strict=False)  # which finds out about UTF-8, -16 and -32
    except UnicodeDecodeError:
        return json.loads(data.decode("cp1252", "replace"), strict=False)  # a Windows editor's


def _cells(notebook: dict[str, Any]) -> Iterator[Cell]:
    """Read the cells; before format 4 they lie in worksheets, and headings are cells of their own."""
    sheets = notebook.get("worksheets")
    listed = [notebook, *map(_dict, sheets if isinstance(sheets, list) else [])]
    lists = [sheet["cells"] for sheet in listed if isinstance(sheet.get("cells"), list)]
    if not lists:
        raise Unreadable("it is not a notebook: there are no cells in it")
    for cell in (_dict(one) for cells in lists for one in cells):
        kind, text = cell.get("cell_type"), cell.get("source", cell.get("input", ""))
        if isinstance(text, list):
            text = _joined([part for part in text if isinstance(part, str)])
        if not isinstance(text, str):
            continue
        if kind in ("heading", "html"):
            text = f"{_number_signs(cell.get('level'))} {text}" if kind == "heading" else text
            kind = "markdown"
        if kind in ("code", "markdown", "raw"):
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            yield Cell(kind, text.encode("utf-8", "replace").decode("utf-8"))


def _number_signs(level: Any) -> str:
    return "#" * level if isinstance(level, int) and 0 < level < 7 else "#"


def _joined(lines: list[str]) -> str:
    """Join the lines of a cell; some programs leave out what ends them."""
    return ("" if any(line.endswith(("\n", "\r")) for line in lines[:-1]) else "\n").join(lines)


def check_belongs_to(handed_in: Submission, assignment: Assignment) -> str:
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


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
