"""What nbval notices in a stored notebook and what it passes over: `nbval_sanitize.cfg` does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

pytestmark = pytest.mark.notebook

SOURCE = """
from optim import Momentum, minimize, ravine
from optim.explore import Slider, explore
from optim.plots import Readout, landscape, path

def descent(eta):
    run = minimize(ravine(20), [-2.0, 0.5], Momentum(eta), 30)
    return [path(run), Readout("The loss ends at {:.3g}.", run.loss[-1])]

shown = explore(descent, landscape(ravine(20)), "Momentum.", eta=Slider("learning rate η", 0.01, 0.1, default=0.05))
"""

PASSED_OVER = {  # which output, what is found in it, what stands there instead
    "nothing": ("text/plain", "Momentum", "Momentum"),
    "a stale table": ("text/html", '"packed": "[^"]*"', '"packed": "eJwDAAAAAAE="'),
    "a stale ground": ("text/html", 'base64,[^"]*"', 'base64,iVBORw0KGgo="'),
    "a stale curve": ("text/html", '(<path data-mark=[^>]*) d="M[^"]*"', r'\1 d="M17.1 57L20 30"'),
    "a stale picture": ("image/png", "^.*$", "iVBORw0KGgo="),
    "a widget of another kernel": ("application/vnd.jupyter.widget-view+json", "model", "model"),
}
NOTICED = {
    "another number in words": ("text/plain", r"ends at \d", "ends at 7"),
    "another number on the page": ("text/html", r"ends at \d", "ends at 7"),
    "another label": ("text/html", "learning rate", "rate"),
    "another picture in words": ("text/plain", "Momentum", "SGD"),
    "another style": ("text/html", "<style>", "<style>b {}"),
    "another number of settings": ("text/html", '"settings": 37', '"settings": 38'),
    "a path elsewhere": ("text/html", "</figure>", '<path d="M1 2"/></figure>'),
}


def bundle():
    """Return the outputs of an explorable as a notebook stores them."""
    names = {}
    exec(SOURCE, names)
    shown = names["shown"]
    return {
        "text/plain": repr(shown),
        "text/html": shown.html,
        "image/png": "AAAA",
        "application/vnd.jupyter.widget-view+json": {"model_id": "0123"},
    }


def changed(data, kind, pattern, instead):
    """Return the outputs with one of them changed; the widget is left out, as in a notebook that GitHub shows."""
    if kind.startswith("application"):
        return data
    kept = {key: value for key, value in data.items() if not key.startswith("application")}
    text, count = re.subn(pattern, instead, kept[kind])
    assert count
    return {**kept, kind: text}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Run nbval, once, on a notebook with one cell for each change; return what it says of each."""
    data, changes = bundle(), {**PASSED_OVER, **NOTICED}
    cells = [new_code_cell(SOURCE, execution_count=1)]
    for count, change in enumerate(changes.values(), start=2):
        output = new_output("execute_result", changed(data, *change), execution_count=count)
        cells.append(new_code_cell("shown", execution_count=count, outputs=[output]))
    file = tmp_path_factory.mktemp("stored") / "stored.ipynb"
    nbformat.write(new_notebook(cells=cells), file)
    settings = Path(__file__).with_name("nbval_sanitize.cfg")
    command = ["-m", "pytest", "--nbval", "--nbval-current-env", f"--nbval-sanitize-with={settings}", "-rA", file]
    report = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=file.parent).stdout
    said = {cell: verdict for verdict, cell in re.findall(r"^(PASSED|FAILED) .*::Cell (\d+)", report, re.M)}
    assert said.get("0") == "PASSED", report
    return {name: said[str(cell)] for cell, name in enumerate(changes, start=1)}


@pytest.mark.parametrize("change", PASSED_OVER)
def test_nbval_passes_over(verdicts, change):
    assert verdicts[change] == "PASSED"


@pytest.mark.parametrize("change", NOTICED)
def test_nbval_notices(verdicts, change):
    assert verdicts[change] == "FAILED"
