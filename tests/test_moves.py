"""What an explorable shares between page and kernel: the script that draws it, its names, and its life in a kernel."""

import re
from functools import partial

import numpy as np
import pytest

import tools.browser
from optim import SGD, Momentum, minimize, ravine
from optim.explore import Slider, explore
from optim.explore.live import Stage
from optim.explore.page import SCRIPT, STYLE
from optim.plots import Outcome, Panel, Readout, landscape, loss_curve, path
from tools.browser import PHONE, stand_alone

STEPS = 60
RAVINE = ravine(20)
PANELS = [landscape(RAVINE), Panel((0, STEPS), (1e-12, 1e3), "step t", "loss L", ylog=True)]
SLIDERS = {
    "eta": Slider("learning rate η", 0.001, 0.3, 0.05, positions=12, log=True),
    "lam": Slider("inertia λ", 0, 0.95, 0.9, positions=8),
}


def descend(eta, lam):
    """Return what is shown: momentum, and plain SGD at a fifth of the rate."""
    return minimize(RAVINE, RAVINE.start, Momentum(eta, lam), STEPS), minimize(RAVINE, RAVINE.start, SGD(0.045), STEPS)


def marks(eta, lam):
    """Return both paths with their losses, and what comes of momentum."""
    runs = descend(eta, lam)
    paths = [path(run, label=name) for run, name in zip(runs, ("Momentum", "SGD"), strict=True)]
    end = runs[0].loss[-1]
    return [
        *paths,
        *(loss_curve(run, panel=1) for run in runs),
        Outcome("loss", end),
        Readout("It ends at {:.3g}.", end),
    ]


@pytest.fixture(scope="module")
def shown():
    """Return an explorable with all that a reader can move."""
    presets = {"wild": {"eta": 0.1, "lam": 0.95}}
    return explore(marks, PANELS, "Momentum.", title="Two paths", presets=presets, **SLIDERS)


@pytest.fixture(scope="module")
def address(shown, tmp_path_factory):
    return stand_alone(shown, tmp_path_factory.mktemp("moves"))


opened = partial(tools.browser.opened, ready="document.querySelector('.board').style.visibility === 'visible'")


def at(page, panel, x, y):
    """Return where a point of a panel lies in the window."""
    left, top, _, _ = PANELS[panel].box
    across, down = PANELS[panel].pixels(x, y)
    box = page.locator(".panel").nth(panel).bounding_box()
    scale = box["width"] / PANELS[panel].width
    return box["x"] + scale * (left + float(across)), box["y"] + scale * (top + float(down))


def markers(page):
    """Return where the marker of each curve stands in its axes, or None: paths first, then losses."""
    moved = page.locator(".now").evaluate_all("(all) => all.map((e) => e.style.display || e.getAttribute('transform'))")
    return [None if move == "none" else [float(n) for n in re.findall(r"-?[\d.]+", move)] for move in moved]


def same_places(seen, runs, step):
    """Assert that the markers stand where the runs are at a step."""
    places = [PANELS[0].pixels(*run.theta[step]) for run in runs] + [
        PANELS[1].pixels(step, run.loss[step]) for run in runs
    ]
    np.testing.assert_allclose(seen, places, atol=0.2)


def test_a_long_stretch_between_two_steps_can_be_pointed_at_everywhere(browser, address):
    with opened(browser, address) as page:
        start, first = descend(0.05, 0.9)[1].theta[:2]
        for share, step in ((0.3, 0), (0.7, 1)):
            page.mouse.move(*at(page, 0, *(start + share * (first - start))))
            assert f"step {step}," in page.locator(".reading").inner_text()


def test_the_names_of_paths_stand_at_their_ends_and_cover_no_other_name_and_no_step(browser, address):
    for view in ({}, PHONE):
        with opened(browser, address, **view) as page:
            names = page.locator(".end")
            assert names.all_inner_texts() == ["Momentum", "SGD"]
            boxes = [locator.bounding_box() for locator in (*names.all(), page.locator(".star small"))]
            for name, run in zip(boxes, descend(0.05, 0.9), strict=False):
                x, y = at(page, 0, *run.final)
                assert min(abs(name["x"] - x), abs(name["x"] + name["width"] - x)) < 24
                assert abs(name["y"] + name["height"] / 2 - y) < 60
            for theta in np.concatenate([run.theta for run in descend(0.05, 0.9)]):
                x, y = at(page, 0, *theta)
                for box in boxes[:2]:
                    within = box["x"] < x < box["x"] + box["width"], box["y"] + 2 < y < box["y"] + box["height"] - 2
                    assert not all(within)
            for k, one in enumerate(boxes):
                for other in boxes[:k]:
                    apart = [one[a] >= other[a] + other[b] - 3 or other[a] >= one[a] + one[b] - 3 for a, b in SIDES]
                    assert any(apart)
            small = "(all) => all.filter((e) => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 11).length"
            assert page.locator(".explorable *").evaluate_all(small) == 0
            page.locator("[data-control=eta]").press("End")  # it leaves the frame: there is no end to name
            assert [name.is_visible() for name in names.all()] == [False, True]


SIDES = (("x", "width"), ("y", "height"))


def setting(page):
    """Return the numbers of the sliders."""
    return tuple(float(word) for word in page.locator("label output").all_inner_texts())


def test_a_setting_stands_in_the_address_is_copied_and_back_undoes_a_jump(browser, address):
    with opened(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.locator("[data-control=lam]").press("ArrowLeft")
        before = setting(page)
        page.get_by_role("button", name="wild").click()
        assert setting(page) == (0.1, 0.95) and page.url.endswith("#two-paths&eta=0.1&lam=0.95")
        page.get_by_role("button", name="Copy link").click()
        page.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Reset").click()
        page.wait_for_function("!location.hash.endsWith('0.95')")
        for undone in ((0.1, 0.95), before):
            page.go_back()
            page.wait_for_function(f"document.querySelector('label output').value === '{undone[0]:g}'")
            assert setting(page) == undone
    with opened(browser, copied) as page:
        assert setting(page) == (0.1, 0.95)


# ---- In a kernel.

KERNEL = """([html, spec, last]) => {
    const figure = document.createElement("figure"), heard = {}, traits = { html, spec, last, step: last, places: [] };
    figure.className = "explorable";
    figure.innerHTML = html;
    document.body.append(figure);
    window.model = {
        get: (name) => traits[name],
        set: (name, value) => { traits[name] = value; heard[`change:${name}`]?.(); },
        on: (event, call) => { heard[event] = call; },
        off: () => {},
        save_changes: () => { window.saved = structuredClone(traits.places); },
    };
    return explorable(figure, spec, window.model).then(() => null);
}"""


@pytest.fixture
def kernel(browser, shown):
    """Show the live life without a kernel: its widget on a page, with a model that stands for Python's."""
    controls, stage, *_ = shown.live().children
    assert isinstance(stage, Stage)
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.set_content(f"<style>{STYLE}</style>")
    page.add_script_tag(content=SCRIPT)
    page.evaluate(KERNEL, [stage.html, stage.spec, stage.last])
    yield page, controls.children, stage
    page.close()


def test_in_a_kernel_a_move_is_drawn_and_can_be_pointed_at(kernel):
    page, (eta, lam, *_), stage = kernel
    eta.index, lam.index = 3, 2
    page.evaluate("(spec) => model.set('spec', spec)", stage.spec)
    runs = descend(eta.value, lam.value)
    words = f"{runs[0].loss[-1]:.3g}"
    page.wait_for_function("(words) => document.querySelector('.numbers dd').textContent === words", arg=words)
    page.mouse.move(*at(page, 0, *runs[0].theta[4]))
    assert page.locator(".reading").inner_text().startswith("Momentum: step 4, θ₁ = ")
    same_places(markers(page), runs, 4)
    page.mouse.move(0, 0)
    page.evaluate("model.set('step', 7)")
    same_places(markers(page), runs, 7)


def test_in_a_kernel_the_handle_tells_python_where_it_is_and_goes_where_the_sliders_are(kernel):
    page, (eta, lam, *_), stage = kernel
    page.locator(".handle").press("ArrowLeft")
    places = page.evaluate("saved")
    assert places == [SLIDERS["eta"].position - 1, SLIDERS["lam"].position]
    stage.places = places
    assert (eta.value, lam.value) == (SLIDERS["eta"].values[places[0]], SLIDERS["lam"].default)
    lam.index = 0
    page.evaluate("(spec) => model.set('spec', spec)", stage.spec)
    page.wait_for_function("parseFloat(document.querySelector('.handle').style.top.slice(5)) > 90")
