"""Write the book's own copies of the problem sets, as a course would hand them out: ``python book/problem_sets.py``.

Their secret stands here for everyone to read, so they are for readers, and no course grades them.
"""

from __future__ import annotations

from pathlib import Path

from assignments import files, master, release
from assignments.course import Course

FOLDER = Path(__file__).resolve().parents[1] / "chapters" / "problem_sets"
READERS = Course(("the book's readers",))


def handout(name: str) -> str:
    """Return the problem set `name` as the book shows it, as the text of a notebook."""
    return release.notebook_text(release.prepare(name, READERS))


def main() -> None:
    """Write every problem set."""
    for name in master.NAMES:
        files.write_whole(FOLDER / f"{name}.ipynb", handout(name))
        print(f"{name}: written")


if __name__ == "__main__":
    main()
