"""A chapter in a real JupyterLab: it runs from top to bottom, and its explorables and laboratories are live widgets."""

import json
import os
import subprocess
import sys
import threading

import nbformat
import pytest

from tools.browser import ROOT, count_explorables

CHAPTER = "chapters/optimization"
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
EXPLORABLE = """
from optim import Momentum, minimize, ravine
from optim.explore import Slider, explore
from optim.plots import Outcome, Panel, landscape, loss_curve, path

valley = ravine(20)

def both(eta, lam):
    run = minimize(valley, valley.start, Momentum(eta, lam), 60)
    return [path(run, label="Momentum"), loss_curve(run, panel=1), Outcome("loss", run.loss[-1])]

explore(
    both,
    [landscape(valley), Panel((0, 60), (1e-12, 1e3), "step t", "loss L", ylog=True)],
    "A reader's own explorable.",
    eta=Slider("rate", 0.001, 0.3, 0.05, positions=12, log=True),
    lam=Slider("inertia", 0, 0.95, 0.9, positions=8),
)
"""
ERROR = ".jp-OutputArea-output[data-mime-type*=err]"  # a traceback, or whatever went to stderr
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # draw every cell, not only those in view
}


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """Start JupyterLab, with no setting of this machine, on a copy of the chapter with two figures more."""
    home = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(ROOT / f"{CHAPTER}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in (LABORATORY, EXPLORABLE)]
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
    tab.get_by_text("| Idle").wait_for(timeout=60_000)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.locator("[data-command='runmenu:run-all']").click()
    tab.wait_for_function(
        """(error) => document.querySelector(error)
            || [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].every((e) => /\\d/.test(e.innerText))""",
        arg=ERROR,
        polling=500,
        timeout=90_000,
    )
    yield tab
    context.close()


def test_a_chapter_runs_from_top_to_bottom_in_jupyterlab(notebook):
    """No cell ends in an error or writes a warning."""
    assert notebook.locator(ERROR).all_inner_texts() == []


def drawn(explorable):
    """Return what of an explorable moves."""
    return "".join(explorable.locator("[data-mark]").evaluate_all("(all) => all.map((e) => e.outerHTML)"))


def test_an_explorable_is_a_widget_that_redraws_its_picture_in_jupyterlab(notebook):
    """A press of an arrow key goes to the kernel, and another picture comes back; the reset button undoes it."""
    from playwright.sync_api import expect

    *explorables, _ = notebook.locator(".jp-OutputArea-output:has(.explorable)").all()
    assert len(explorables) == count_explorables(CHAPTER)
    for explorable in explorables:
        handle, readout = (explorable.locator(part).first for part in (".noUi-handle", ".widget-readout"))
        default, before = readout.inner_text(), drawn(explorable)
        lowest = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemin")
        handle.press("ArrowRight" if lowest else "ArrowLeft")
        expect(readout).not_to_have_text(default)
        wait_until(notebook, lambda explorable=explorable, before=before: drawn(explorable) != before)
        explorable.get_by_role("button", name="Reset").click()
        expect(readout).to_have_text(default)
        wait_until(notebook, lambda explorable=explorable, before=before: drawn(explorable) == before)


def wait_until(tab, holds):
    """Wait for what the kernel sends."""
    for _ in range(100):
        if holds():
            return
        tab.wait_for_timeout(100)
    pytest.fail("nothing came from the kernel")


def test_in_jupyterlab_one_points_at_a_curve_and_plays_its_steps(notebook):
    """Where a path begins is step 0, marked on both panels; ipywidgets' own button plays the others."""
    explorable = notebook.locator(".jp-OutputArea-output:has(.pad)").last
    explorable.scroll_into_view_if_needed()
    x, y = explorable.locator("path[data-mark='0']:not(.halo)").first.evaluate(
        """(path) => {
            const { x, y } = path.getPointAtLength(0).matrixTransform(path.getScreenCTM());
            return [x, y];
        }"""
    )
    notebook.mouse.move(x, y)
    assert explorable.locator(".reading").inner_text().startswith("Momentum: step 0, θ₁ = −2.00")
    assert explorable.locator(".now").evaluate_all("(all) => all.map((e) => e.style.display)") == ["", ""]
    notebook.mouse.move(0, 0)
    explorable.locator(".widget-play button").first.click()
    where = "(all) => all.map((e) => e.getAttribute('transform'))"
    places = explorable.locator(".now").evaluate_all(where)
    wait_until(notebook, lambda: explorable.locator(".now").evaluate_all(where) != places)
    explorable.locator(".widget-play button").first.click()


def test_in_jupyterlab_the_handle_of_the_pad_moves_the_sliders(notebook):
    """A press of an arrow key on the handle goes to the kernel, which moves the slider and computes anew."""
    from playwright.sync_api import expect

    explorable = notebook.locator(".jp-OutputArea-output:has(.pad)").last
    before, readouts = drawn(explorable), explorable.locator(".widget-readout")
    explorable.locator(".handle").press("ArrowRight")
    expect(readouts.nth(0)).not_to_have_text("0.05")
    expect(readouts.nth(1)).to_have_text("0.9")
    wait_until(notebook, lambda: drawn(explorable) != before)


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
