"""Run notebooks afresh and store their outputs: what GitHub shows, and what the tests hold the chapters to.

Without arguments it takes every chapter: ``python book/refresh.py``. Or name some:
``python book/refresh.py chapters/sgd.ipynb``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
LIVE = "application/vnd.jupyter.widget-view+json"


def refresh(path):
    """Run the notebook at `path` from top to bottom and write it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": path.parent}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # what a cell prints is one output, however the kernel sent it
    ).execute()
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", ()):  # times, which belong to a machine
            cell.outputs = []
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE, None)  # a slider whose kernel is gone is an error message in JupyterLab
    nbformat.write(notebook, path)


def main(names):
    """Refresh the named notebooks, or all; return 1 if a cell failed."""
    paths = [Path(name) for name in names] or sorted(CHAPTERS.glob("*.ipynb"))
    for number, path in enumerate(paths, start=1):
        print(f"[{number}/{len(paths)}] {path.name} ...", end=" ", flush=True)
        try:
            refresh(path)
        except CellExecutionError as error:
            print(f"not stored, a cell failed:\n{error}")
            return 1
        print("stored")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
