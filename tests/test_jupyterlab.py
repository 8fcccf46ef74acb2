"""A chapter in a real JupyterLab: it runs from top to bottom, and its explorables and laboratories are live widgets."""

import json
import os
import subprocess
import sys
import threading

import nbformat
import pytest

from tools.browser import ROOT, count_explorables

CHAPTER = "chapters/sgd"
LABORATORY = """
from dataclasses import dataclass

import ipywidgets
import numpy as np
import traitlets

from optim import Momentum, Rule, ravine
from optim.explore import laboratory

@dataclass(frozen=True)
class SignSGD(Rule):
    eta: float

    def update(self, theta, g, s, eta):
        theta -= eta * np.sign(g)

mine = laboratory(ravine(20), [SignSGD(0.03), Momentum(0.02)], "A rule of the reader's own.")
told = ipywidgets.Label()
told.add_class("told")
traitlets.dlink((mine, "start"), (told, "value"), str)
display(told)
mine
"""
ERROR = ".jp-OutputArea-output[data-mime-type*=err]"  # a traceback, or whatever went to stderr
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # draw every cell, not only those in view
}


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """Start JupyterLab, with no setting of this machine, on a copy of the chapter and a laboratory, without outputs."""
    home = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(ROOT / f"{CHAPTER}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.cells.append(nbformat.v4.new_code_cell(LABORATORY))
    nbformat.write(notebook, home / "chapter.ipynb")
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    places = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
    places |= {f"JUPYTER_{name}_DIR": name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    options = ["ServerApp.ip=127.0.0.1", "ServerApp.port=0", f"ServerApp.root_dir={home}", "IdentityProvider.token="]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *(f"--{option}" for option in options)],
        env=os.environ | {name: str(home / place) for name, place in places.items()},
        stderr=subprocess.PIPE,
        text=True,
    )
    log = []
    for line in server.stderr:
        log.append(line)
        if "http://127.0.0.1" in line:
            break
    else:
        pytest.fail(f"JupyterLab did not start:\n{''.join(log)}")
    threading.Thread(target=server.stderr.read, daemon=True).start()  # or it would wait for a reader
    yield line.split()[-1]
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def notebook(browser, lab):
    """Open the chapter, run all of it, and return the page once every cell has been executed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    tab = context.new_page()
    tab.goto(f"{lab}/tree/chapter.ipynb")
    tab.get_by_text("| Idle").wait_for()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.locator("[data-command='runmenu:run-all']").click()
    tab.wait_for_function(
        """(error) => document.querySelector(error)
            || [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].every((e) => /\\d/.test(e.innerText))""",
        arg=ERROR,
        timeout=90_000,
    )
    yield tab
    context.close()


def test_a_chapter_runs_from_top_to_bottom_in_jupyterlab(notebook):
    """No cell ends in an error or writes a warning."""
    assert notebook.locator(ERROR).all_inner_texts() == []


def test_an_explorable_is_a_widget_that_redraws_its_picture_in_jupyterlab(notebook):
    """A press of an arrow key goes to the kernel, and another picture comes back; the reset button undoes it."""
    from playwright.sync_api import expect

    explorables = notebook.locator(".jp-OutputArea-output:has(.widget-slider)").all()
    assert len(explorables) == count_explorables(CHAPTER)
    for explorable in explorables:
        handle, readout, picture = (
            explorable.locator(part).first for part in (".noUi-handle", ".widget-readout", "img")
        )
        default, drawn = readout.inner_text(), picture.get_attribute("src")
        lowest = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")
        handle.press("ArrowRight" if lowest else "ArrowLeft")
        expect(readout).not_to_have_text(default)
        expect(picture).not_to_have_attribute("src", drawn)
        explorable.get_by_role("button", name="Reset").click()
        expect(readout).to_have_text(default)


def test_a_readers_own_rule_runs_in_a_laboratory_that_tells_python_where_it_starts(notebook):
    """A press of an arrow key moves the start in the page and in Python; the picture is drawn."""
    from playwright.sync_api import expect

    told, start = notebook.locator(".told"), notebook.locator(".laboratory .start").last
    expect(told).to_have_text("[-2.0, 0.5]")
    start.press("ArrowRight")
    expect(told).not_to_have_text("[-2.0, 0.5]")
    canvas = notebook.locator(".laboratory").last.locator(".land canvas")
    colors = canvas.evaluate("""(canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }""")
    assert colors > 14  # the bands of the landscape, and what stands on them
