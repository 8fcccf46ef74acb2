"""By what a grade was given: the version of this grader."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import numpy as np

NUMBER = "2"  # for people; what makes two graders different is the digest, which nobody has to remember to change


@cache
def of_grader() -> str:
    """Return the grader's version: its number, a digest of its source files, and what it computes with.

    Examples
    --------
    >>> of_grader().startswith("2 (")
    True
    """
    folder = Path(__file__).parent
    paths = [*folder.glob("*.py"), *folder.glob("inside/*.py")]
    files = sorted((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    sources = digest(*(part for name, data in files for part in (name.encode(), data)))
    return f"{NUMBER} ({sources}; {python}, NumPy {np.__version__})"


def digest(*parts: bytes) -> str:
    """Return a short digest of some parts, which moving a byte from one to the next changes, too."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:8]
