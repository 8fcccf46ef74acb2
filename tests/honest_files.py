"""Honest submissions: styles of code from `tests/honest`, written into a release, and programs that save notebooks.

A file there is one style. Its first line says which, and a line ``# graded: cell`` that only a smaller part of the
notebook makes the answers right. Then come cells, each under a line that says where it stands:

- ``# %% q3``: in the place of the answer to question 3,
- ``# %% before q3``, ``# %% after q3``: before this answer, or behind its public tests,
- ``# %% start``, ``# %% end``: behind the imports at the top, or in front of the last cell,
- ``# %%``: behind the cell above.

Questions that it does not answer get the reference's solution.
"""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

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
        head, *parts = re.split(r"^# %%(?: (.+))?\n", path.read_text("utf-8"), flags=re.MULTILINE)
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
        for cell in build.notebook["cells"]:
            kind, text = cell["cell_type"], "".join(cell["source"])
            stub = next((one for one in stubs if kind == "code" and text.startswith(one)), None)
            if text.startswith("!python -m assignments check"):
                cells += instead.pop("end", [])
            if stub:
                name = stubs[stub].name
                cells += before.pop(name, [])
                cells += instead.pop(name, [("code", stubs[stub].solution)])
                waiting = after.pop(name, [])
                continue
            cells.append((kind, text))
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


# How programs save a notebook: from its cells, (kind, text), and its metadata to the bytes of a file.

PYTHON = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
LANGUAGE = {"language_info": {"file_extension": ".py", "name": "python", "version": "3.11.7"}}
PRINTED = {"name": "stdout", "output_type": "stream", "text": ["The public tests pass.\n"]}
PICTURE = base64.b64encode(bytes(range(256)) * 400).decode()
DRAWN = {"output_type": "display_data", "metadata": {}, "data": {"image/png": PICTURE, "text/plain": ["<Figure>"]}}


def notebook(cells, metadata, minor=5, source=lambda text: text.splitlines(keepends=True), cell=None, outputs=()):
    """Return a notebook of format 4; `cell` is put into the metadata of each cell."""
    written = []
    for number, (kind, text) in enumerate(cells):
        one = {"cell_type": kind, "metadata": dict(cell or {}), "source": source(text)}
        if minor >= 5:
            one["id"] = f"cell-{number}"
        if kind == "code":
            one |= {"execution_count": number, "outputs": list(outputs)}
        written.append(one)
    return {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def encoded(book, encoding="utf-8", indent=1, **options):
    """Return a notebook as bytes."""
    return (json.dumps(book, indent=indent, ensure_ascii=False, **options) + "\n").encode(encoding)


def jupyter(cells, metadata):
    """Write as JupyterLab does, with printed outputs and pictures."""
    return encoded(notebook(cells, metadata | PYTHON | LANGUAGE, outputs=[PRINTED, DRAWN]))


def jupyter_4_0(cells, metadata):
    """Write as an old Jupyter Notebook does: no ids, texts as one string."""
    book = notebook(cells, metadata | PYTHON, minor=0, source=str, cell={"collapsed": True})
    return json.dumps(book).encode("ascii")


def ipython_3(cells, metadata):
    """Write as IPython Notebook 2 did: worksheets, and `input` for code."""
    book = nbformat.reads(json.dumps(notebook(cells, metadata, outputs=[PRINTED])), as_version=4)
    return nbformat.writes(book, version=3).encode()


def colab(cells, metadata):
    """Write as Google Colab, which puts pasted pictures into the text and forgets metadata that it does not know."""
    kept = {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"} | PYTHON
    cells = [(kind, text.replace("_Type your", f"![](data:image/png;base64,{PICTURE})")) for kind, text in cells]
    return encoded(notebook(cells, kept, minor=0, cell={"id": "dYx1", "outputId": "c0-a"}, outputs=[PRINTED]), indent=2)


def vs_code(cells, metadata):
    """Write as VS Code does: no kernel named, a language for each cell."""
    return encoded(notebook(cells, metadata | LANGUAGE, minor=2, cell={"vscode": {"languageId": "python"}}))


def windows(cells, metadata):
    """Write as a program on Windows does: line ends of two characters, in the file and in the cells."""
    book = notebook([(kind, text.replace("\n", "\r\n")) for kind, text in cells], metadata | PYTHON)
    return encoded(book).replace(b"\n", b"\r\n")


def byte_order_mark(cells, metadata):
    """Write as an editor that begins files with a byte-order mark."""
    return encoded(notebook(cells, metadata | PYTHON), "utf-8-sig")


def utf_16(cells, metadata):
    """Write as an editor that writes UTF-16."""
    return encoded(notebook(cells, metadata | PYTHON), "utf-16")


def widgets(cells, metadata):
    """Write as JupyterLab does with the state of widgets."""
    state = {f"{n:032x}": {"model_name": "FloatSliderModel", "state": {"value": n, "layout": "x"}} for n in range(500)}
    kept = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "0", "version_major": 2}}
    shown = {"output_type": "display_data", "metadata": {}, "data": view}
    return encoded(notebook(cells, metadata | PYTHON | kept, outputs=[shown]))


def kaggle(cells, metadata):
    """Write as Kaggle does: papermill's metadata, in one line."""
    kept = {"kaggle": {"dataSources": [], "isGpuEnabled": False}, "papermill": {"parameters": {}}} | PYTHON | LANGUAGE
    book = notebook(cells, metadata | kept, minor=4, cell={"papermill": {"duration": 0.1}, "trusted": True})
    return encoded(book, indent=None, separators=(",", ":"))


def pycharm(cells, metadata):
    """Write as PyCharm does: its marks in the metadata of each cell, and outputs of errors."""
    failed = {"output_type": "error", "ename": "NameError", "evalue": "name 'x'", "traceback": ["\x1b[0;31mNameError"]}
    cell = {"pycharm": {"name": "#%%\n", "is_executing": False}}
    return encoded(notebook(cells, metadata | PYTHON, minor=1, cell=cell, outputs=[failed]))


def databricks(cells, metadata):
    """Write as Databricks does: its own metadata, numbers of 64 bits, and no kernel."""
    cell = {"application/vnd.databricks.v1+cell": {"nuid": "a", "inputWidgets": {}, "startTime": 2**62}}
    return encoded(notebook(cells, metadata | {"application/vnd.databricks.v1+notebook": {}}, minor=0, cell=cell))


def lines_without_ends(cells, metadata):
    """Write as a script that writes the lines of each cell without what ends them."""
    return encoded(notebook(cells, metadata, source=str.splitlines))


def stripped(cells, metadata):
    """Write as nbstripout and jupytext do: no outputs, hardly any metadata."""
    kept = {"jupytext": {"text_representation": {"extension": ".py", "format_name": "percent"}}}
    return encoded(notebook(cells, kept, minor=5))


SAVERS = [jupyter, jupyter_4_0, ipython_3, colab, vs_code, windows, byte_order_mark, utf_16, widgets, kaggle]
SAVERS += [pycharm, databricks, lines_without_ends, stripped]
