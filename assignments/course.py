"""What makes one course's assignments differ from another's: a secret that draws the conventions and the hidden data.

The secret is a text file with one line a course, the newest first. A convention is never drawn as it was drawn for the
course on the next line, so that last year's solution does not fit.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Option = TypeVar("Option")


class NoSecret(ValueError):
    """The file with the course's secret is missing or empty."""


@dataclass(frozen=True)
class Course:
    """A course, known by its secret.

    Parameters
    ----------
    secret : tuple of str
        This course's secret, then those of earlier courses.

    Examples
    --------
    >>> now, before = Course(("autumn", "spring")), Course(("spring",))
    >>> [course.choose("ps1.sign", ["plus", "minus"]) for course in (now, before)]
    ['minus', 'plus']
    >>> Course(("autumn",)).seed("ps1.q1") == Course(("autumn",)).seed("ps1.q1")
    True
    """

    secret: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Course:
        """Read the secret from a file.

        Raises
        ------
        NoSecret
            If the file is missing or holds nothing.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()  # Windows' editors begin a file with a mark
        except UnicodeDecodeError:
            raise NoSecret(f"The course's secret cannot be read from {path}: save it as UTF-8, plain text.") from None
        except OSError as error:
            advice = "`release` draws one; --secret names the file, if it has another name."
            raise NoSecret(f"The course's secret cannot be read from {path}: {error.strerror}. {advice}") from None
        secret = tuple(line.strip() for line in lines if line.strip())
        if not secret:
            raise NoSecret(f"{path} is empty: it should hold the course's secret, a line of any text.")
        return cls(secret)

    @classmethod
    def found(cls, path: Path) -> tuple[Course, bool]:
        """Return the course, and whether its secret is new: it is drawn and written where there is no file yet."""
        new = not path.exists()
        if new:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        return cls.read(path), new

    def seed(self, name: str) -> int:
        """Return a whole number that only the secret and the name decide."""
        digest = hmac.new(self.secret[0].encode(), name.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big")

    def fingerprint(self, name: str) -> str:
        """Return a text that tells this course from any other and does not give its secret away."""
        return f"{self.seed(f'{name}, the course itself'):016x}"

    def choose(self, name: str, options: Sequence[Option]) -> Option:
        """Draw one of the options, another one than the course before drew."""
        free = list(options)
        if self.secret[1:] and len(free) > 1:
            free.remove(Course(self.secret[1:]).choose(name, options))
        return free[self.seed(name) % len(free)]
