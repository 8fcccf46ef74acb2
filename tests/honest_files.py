"""Honest submissions: styles of code from `tests/honest`, written into a release and saved as programs save notebooks.

A file there is one style. Its first line says which, and a line ``# graded: cell`` that only a smaller part of the
notebook makes the answers right. Then come cells, each under a line that says where it stands:

- ``# %% q3``: in the place of the answer to question 3,
- ``# %% before q3``, ``# %% after q3``: before this answer, or behind its public tests,
- ``# %% start``, ``# %% end``: behind the imports at the top, or in front of the last cell,
- ``# %%``: behind the cell above.

Questions that it does not answer get the reference's solution.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "honest"
SECRET = "honest answers"  # decides the conventions in which the answers are written


@dataclass(frozen=True)
class Style:
    """A style: what it is, the plan with which it is graded, and its cells with their places."""

    name: str
    what: str
    plan: str
    cells: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, path):
        """Read a file."""
        head, *parts = re.split(r"^# %%[ ]?(.*)\n", path.read_text("utf-8"), flags=re.MULTILINE)
        plan = re.search(r"^# graded: (\w+)$", head, re.MULTILINE)
        places = parts[::2]
        for number, place in enumerate(places):
            places[number] = place or places[number - 1]
        cells = tuple(zip(places, (text.strip("\n") for text in parts[1::2]), strict=True))
        return cls(path.stem.replace("_", " "), head.splitlines()[0].lstrip("# "), plan[1] if plan else "end", cells)

    def answered_in(self, build):
        """Return the cells of a release, (kind, text), with the answers of this style."""
        before, instead, after = {}, {}, {}
        for place, text in self.cells:
            kind, _, question = place.rpartition(" ")
            {"before": before, "": instead, "after": after}[kind].setdefault(question, []).append(("code", text))
        stubs = {
            re.search(r"^def \w+\(", question.solution, re.MULTILINE)[0]: question
            for question in build.assignment.tested
        }
        cells, waiting = [], []
        for cell in build.notebook.cells:
            text = cell.source
            stub = next((one for one in stubs if cell.cell_type == "code" and text.startswith(one)), None)
            if text.startswith("!python -m assignments check"):
                cells += instead.pop("end", [])
            if stub:
                name = stubs[stub].name
                cells += before.pop(name, [])
                cells += instead.pop(name, [("code", stubs[stub].solution)])
                waiting = after.pop(name, [])
                continue
            cells.append((cell.cell_type, text))
            if text.startswith("import matplotlib"):
                cells += instead.pop("start", [])
            if text.startswith("# The public tests of this question."):
                cells += waiting
                waiting = []
        assert not (before or instead or after or waiting), f"{self.name}: no such place"
        return cells


def styles(name):
    """Return the styles of the problem set `name`."""
    return [Style.read(path) for path in sorted((FOLDER / name).glob("*.ipy"))]
