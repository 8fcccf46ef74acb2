"""An explorable in a browser, opened from the disk: by mouse, by touch and by keys, on a screen and on a phone."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document

from book.gallery import name_figures
from optim import SGD, Momentum, minimize, ravine
from optim.explore import Choice, Slider, explore, laboratory
from optim.plots import Outcome, Panel, Readout, landscape, loss_curve, path
from tools.browser import hold_clock, stand_alone

VALLEY = ravine(20)
STEPS = 60


def rolling(eta, lam):
    run = minimize(VALLEY, VALLEY.start, Momentum(eta, lam), STEPS)
    sgd = minimize(VALLEY, VALLEY.start, SGD(2 / 21), STEPS)
    return [
        path(sgd, label="SGD"),
        path(run, label="Momentum"),
        loss_curve(sgd, panel=1),
        loss_curve(run, panel=1),
        Readout("Loss after 60 steps: {:.3g}.", run.loss[-1]),
        Outcome("loss after 60 steps", run.loss[-1]),
    ]


SHOWN = explore(
    rolling,
    [landscape(VALLEY), Panel((0, STEPS), (1e-9, 1e4), "step t", "loss L", ylog=True)],
    "Momentum on the ravine.",
    title="Rate and inertia",
    presets={"too small": {"eta": 0.005}, "the best": {"eta": 0.1, "lam": 0.4}},
    eta=Slider("learning rate η", 0.005, 0.21, 0.05, positions=12, log=True),
    lam=Slider("inertia λ", 0, 0.98, 0.9, positions=8),
)
SIZES = {"screen": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Write a page with the explorable, and return its address."""
    return stand_alone(SHOWN, tmp_path_factory.mktemp("page"))


@pytest.fixture
def open_page(browser, file):
    """Return a function that opens the page; nothing may go wrong on it."""
    contexts, trouble = [], []

    def open_page(size="screen", after="", **options):
        context = browser.new_context(viewport=SIZES[size], has_touch=size == "phone", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda says: says.type == "error" and trouble.append(says.text))
        page.goto(file + after)
        page.locator(".board").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble


def outputs(page):
    return page.locator("label output").all_inner_texts()


def markers(page):
    """Return where the markers of the step are seen, as (x, y) in their panels."""
    return page.locator(".now").evaluate_all(
        """(all) => all.filter((m) => m.style.display !== "none")
            .map((m) => m.getAttribute("transform").match(/-?[\\d.]+/g).map(Number))"""
    )


def true_places(step, eta=0.05, lam=0.9):
    """Return where the four curves stand at a step, in pixels of their panels."""
    runs = [minimize(VALLEY, VALLEY.start, rule, STEPS) for rule in (SGD(2 / 21), Momentum(eta, lam))]
    land, losses = SHOWN.panels
    return [land.pixels(*run.theta[step]) for run in runs] + [losses.pixels(step, run.loss[step]) for run in runs]


def test_the_step_slider_moves_a_marker_on_all_panels(open_page):
    page = open_page()
    assert markers(page) == []  # at the end there is nothing to mark
    page.locator(".scrub").focus()
    for _ in range(STEPS - 7):
        page.keyboard.press("ArrowLeft")
    assert page.locator(".step").inner_text() == "step 7"
    np.testing.assert_allclose(markers(page), true_places(7), atol=0.2)
    page.get_by_role("button", name="One step forward").click()
    np.testing.assert_allclose(markers(page), true_places(8), atol=0.2)


def test_nothing_starts_by_itself_and_play_ends_with_the_last_step(open_page):
    page = open_page(reduced_motion="reduce")
    shown = page.locator(".step")
    hold_clock(page)
    page.clock.run_for(1000)
    assert shown.inner_text() == f"step {STEPS}"
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1525)
    assert shown.inner_text() == f"step {STEPS // 2}"
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(1000)
    assert shown.inner_text() == f"step {STEPS // 2}"
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(5000)
    assert page.get_by_role("button", name="Play").is_visible()
    assert shown.inner_text() == f"step {STEPS}"


def test_pointing_at_a_path_says_step_place_and_loss_and_marks_the_step_everywhere(open_page):
    page = open_page()
    x, y = true_places(2)[1]
    left, top, *_ = SHOWN.panels[0].box
    box = page.locator(".panel").first.bounding_box()
    scale = box["width"] / SHOWN.panels[0].width
    page.mouse.move(box["x"] + (left + float(x)) * scale, box["y"] + (top + float(y)) * scale)
    run = minimize(VALLEY, VALLEY.start, Momentum(0.05, 0.9), STEPS)
    said = page.locator(".reading").inner_text().replace("−", "-")
    name, step, theta_1, theta_2, loss = re.fullmatch(
        r"(\w+): step (\d+), θ₁ = (\S+), θ₂ = (\S+), loss L ≈ (\S+)", said
    ).groups()
    assert (name, step) == ("Momentum", "2")
    np.testing.assert_allclose([float(theta_1), float(theta_2)], run.theta[2], atol=0.01)
    np.testing.assert_allclose(float(loss), run.loss[2], rtol=0.06)
    np.testing.assert_allclose(markers(page), true_places(2), atol=0.2)
    page.mouse.move(2, 2)
    assert "Bluer is lower" in page.locator(".reading").inner_text() and markers(page) == []


def test_a_method_of_the_legend_is_shown_alone(open_page):
    page = open_page()
    entry = page.locator(".legend").get_by_role("button", name="Momentum")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "true"
    pale = page.locator(".moving .pale").evaluate_all("(all) => [...new Set(all.map((e) => e.dataset.series))]")
    assert pale == ["0"]
    entry.click()
    assert page.locator(".moving .pale").count() == 0


def test_a_preset_jumps_and_back_undoes_it(open_page):
    page = open_page()
    page.get_by_role("button", name="the best").click()
    assert outputs(page) == ["0.1", "0.4"] and page.url.endswith("#rate-and-inertia&eta=0.1&lam=0.4")
    page.go_back()
    page.wait_for_function("document.querySelector('label output').textContent === '0.05'")
    assert outputs(page) == ["0.05", "0.9"]


def test_the_setting_stands_in_the_address(open_page):
    page = open_page(after="#rate-and-inertia&eta=0.1&lam=0.4")
    page.wait_for_function("document.querySelector('label output').textContent === '0.1'")
    assert outputs(page) == ["0.1", "0.4"]
    page.locator("label input").first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith(f"&eta={outputs(page)[0]}&lam=0.4") and outputs(page)[0] != "0.1"


def test_a_run_that_is_kept_stays_as_a_ghost(open_page):
    page = open_page()
    keep = page.get_by_role("button", name="Keep this run")
    line = page.locator('[data-mark="1"][data-shape="line"]:not(.halo)').get_attribute("d")
    keep.click()
    page.get_by_role("button", name="the best").click()
    ghosts = page.locator(".kept").evaluate_all("(all) => all.map((e) => e.getAttribute('d'))")
    assert line in ghosts and page.locator('[data-mark="1"]').first.get_attribute("d") != line
    keep.click()
    assert page.locator(".kept").count() == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_pad_sets_both_sliders(open_page, size):
    page = open_page(size)
    page.locator(".pad").evaluate("(e) => e.scrollIntoView({ block: 'start' })")
    box = page.locator(".map").bounding_box()
    if size == "phone":
        page.touchscreen.tap(box["x"] + 3, box["y"] + box["height"] - 3)
    else:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 3, box["y"] + box["height"] - 3, steps=3)
        page.mouse.up()
    assert outputs(page) == ["0.005", "0"]
    page.locator(".handle").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert outputs(page) == [SHOWN.sliders["eta"].words()[1], SHOWN.sliders["lam"].words()[1]]


def test_a_swipe_that_begins_on_a_slider_scrolls_the_page_and_changes_nothing(open_page):
    page = open_page("phone")
    before = outputs(page)
    box = page.locator("label input").first.bounding_box()
    x, y = box["x"] + 20, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    touch = lambda kind, *points: session.send(  # noqa: E731
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for y in points]}
    )
    touch("touchStart", y)
    for far in range(0, 200, 10):
        touch("touchMove", y - far)
    touch("touchEnd")
    page.wait_for_function("scrollY > 50")
    assert outputs(page) == before


def test_on_a_phone_controls_stay_in_view_and_text_is_at_least_eleven_pixels(open_page):
    page = open_page("phone")
    seen = "(e) => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; }"
    for scroll in (0, 150):
        page.evaluate(f"scrollTo(0, {scroll})")
        for part in ("label input", ".numbers", ".scrub"):
            assert page.locator(part).first.evaluate(seen), (part, scroll)
    sizes = page.locator(".panel span, .panel small, .panel text, .legend, .numbers dd").evaluate_all(
        "(all) => all.map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]


def test_a_screen_reader_hears_a_change_once(open_page):
    page = open_page()
    lives = page.locator(".explorable").evaluate(
        """(figure) => [...figure.querySelectorAll("output, [aria-live], [role=status]")]
            .filter((e) => e.getAttribute("aria-live") !== "off").map((e) => e.className)"""
    )
    assert lives == ["readout"]
    assert page.locator(".numbers").get_attribute("aria-hidden") == "true"


def test_what_is_focused_is_seen(open_page):
    page = open_page()
    for part in ("label input", ".play", ".keep", ".handle", ".legend button"):
        page.locator(part).first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert page.locator(part).first.evaluate("(e) => getComputedStyle(e).outlineStyle") != "none", part


def test_a_choice_changes_the_landscape(open_page, browser, tmp_path):
    shown = explore(
        lambda kappa, eta: [path(minimize(ravine(kappa), (-2, 0.5), SGD(eta), 30), label="SGD")],
        lambda kappa: landscape(ravine(kappa)),
        "SGD.",
        kappa=Choice("κ", {"5": 5, "20": 20}),
        eta=Slider("η", 0.01, 0.1, 0.05, positions=5),
    )
    page = browser.new_page()
    page.goto(stand_alone(shown, tmp_path))
    page.locator(".board").wait_for()
    page.locator("select").select_option("1")
    hidden = page.locator("[data-background]").evaluate_all("(all) => all.map((e) => e.hidden)")
    assert hidden == [True, False]
    page.close()


def test_every_figure_of_the_book_has_an_address_of_its_own():
    app = SimpleNamespace(env=SimpleNamespace(docname="one", found_docs=["one"]))
    tree = new_document("one")
    tree += [nodes.raw("", SHOWN.html, format="html") for _ in range(2)]
    name_figures(app, tree)
    found = [re.search(r'<figure class="explorable" id="(.*?)"', raw.astext())[1] for raw in tree.findall(nodes.raw)]
    assert found == ["rate-and-inertia", "rate-and-inertia-2"]
    for _, caption, panel in app.env.book_figures["one"]:
        assert "Rate and inertia" in caption and panel.count("<div") == panel.count("</div") and "<svg" in panel


def test_a_laboratory_has_an_address_too_and_its_still_picture_stands_in_the_gallery():
    app = SimpleNamespace(env=SimpleNamespace(docname="one", found_docs=["one"]))
    tree = new_document("one")
    tree += nodes.raw("", laboratory(VALLEY, [SGD(0.09)], "Who wins?", title="One method").html, format="html")
    name_figures(app, tree)
    assert '<figure class="laboratory" id="one-method"' in tree.astext()
    [(name, caption, panel)] = app.env.book_figures["one"]
    assert name == "one-method" and "One method" in caption and 'src="data:image/webp' in panel
