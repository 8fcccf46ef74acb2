"""Files written whole or not at all, readable by those who may read them, and a folder that one run has to itself."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


class Busy(RuntimeError):
    """Another run works in the folder."""


def write_whole(path: Path, text: str | bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all, whatever happens meanwhile; folders above it are made.

    Parameters
    ----------
    path : Path
    text : str or bytes
        A half character, which a student may write, becomes a question mark.
    private : bool
        Whether nobody but the user and the group may read it: grades, records, hidden tests. Beyond that the umask
        decides, as it does for every file.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{secrets.token_hex(8)}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660 if private else 0o666), "wb") as file:
            file.write(data)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def write_changed(path: Path, text: str | bytes, *, private: bool = False) -> None:
    """Write a file as `write_whole` does, unless it holds just that already."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    try:
        unchanged = path.read_bytes() == data
    except OSError:
        unchanged = False
    if not unchanged:
        write_whole(path, data, private=private)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have a folder to oneself; it is made where there is none. The lock ends with the process, however that ends.

    Raises
    ------
    Busy
        If another process has it.
    """
    import fcntl  # Windows has none, and there nothing is graded

    folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    own = folder / ".grader"  # for what a run needs and nobody reads
    own.mkdir(mode=0o770, exist_ok=True)
    with open(os.open(own / "lock", os.O_RDWR | os.O_CREAT, 0o660), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"Another run is grading into {folder}. Wait until it has ended, or name another folder"
            ) from None
        yield
