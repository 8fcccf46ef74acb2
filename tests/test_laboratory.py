"""The laboratory computes in the browser what `minimize` computes in Python, and its reader can do what it promises."""

import json
import re
import zlib
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import traitlets

import tools.browser
from optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    Lion,
    Loss,
    Momentum,
    Nesterov,
    RMSProp,
    Rule,
    beale,
    bowl,
    himmelblau,
    minimize,
    ravine,
    rosenbrock,
    saddle,
)
from optim.explore.laboratory import SCRIPT, STYLE, laboratory
from tools.browser import PHONE, ROOT, hold_clock, stand_alone, touch
from tools.notebooks import laboratories

STEPS, STARTS = 200, 50
LOSSES = {loss.name: loss for loss in (bowl(), ravine(20), saddle(), rosenbrock(), beale(), himmelblau())}


@dataclass(frozen=True)
class SignSGD(Rule):
    """A reader's rule: exercise 2.4."""

    eta: float

    def update(self, theta, g, s, eta):
        theta -= eta * np.sign(g)


@dataclass(frozen=True)
class Clipped(Rule):
    """A reader's rule that decides: momentum with a bounded velocity, and a rest at every tenth step."""

    eta: float
    lam: float = 0.9

    memory = ("v",)

    def update(self, theta, g, s, eta, lam):
        if s.t % 10 == 0:
            s.v *= 0.0
        s.v = np.clip(lam * s.v - eta * g, -0.5, 0.5)
        theta += s.v


# Only + - * / and square roots are in these; Adam's bias correction raises to a power.
EXACT = [SGD(0.1), Momentum(0.1), Adagrad(0.1), Adagrad(0.1, eps=1e-8), RMSProp(0.1), RMSProp(0.1, start="zero"),
         Adam(0.1, bias_correction=False), Nesterov(0.1), AMSGrad(0.1, bias_correction=False), Lion(0.1, wd=0.1),
         SignSGD(0.1), Clipped(0.1)]  # fmt: skip
ROUNDED = [Adam(0.1), Adam(0.1, eps=0.0), AMSGrad(0.1), AdamW(0.1, wd=0.1), SGD(lambda t: 0.1 * np.exp(-0.01 * t))]

# JSON writes a number so that it is read back to the last bit.
RUN = """([spec, cases, steps]) => {
    const { methods, losses } = compile(spec);
    return JSON.stringify(cases.map(([hypers, start]) => {
        const r = run(losses[0], methods[0], hypers, start, steps);
        return { last: r.last, x: [...r.x.slice(0, 2 * r.last + 2)], loss: [...r.loss.slice(0, r.last + 1)] };
    }));
}"""
STEP = """([spec, hypers, steps]) => {
    const { methods: [method] } = compile(spec);
    return JSON.stringify(steps.flatMap(([t, runs, ...before]) => runs.map((run, place) => {
        const [g, x, s] = before.map((each) => Float64Array.from(each[place]));
        method.update(t, hypers[run], x, g, s);
        return [...x, ...s];
    })));
}"""


@pytest.fixture(scope="module")
def script(browser):
    """Return a function that calls the laboratory's script on a page with nothing else; numbers cross as text."""
    page = browser.new_page()
    page.add_script_tag(content=SCRIPT)

    def script(code, *arguments):
        text = json.dumps(arguments, allow_nan=False)
        return json.loads(page.evaluate(f"(text) => ({code})(JSON.parse(text))", text), parse_int=float)

    yield script
    page.close()


def drawn(rule, loss, seed):
    """Return the rule with settings drawn at random, from tiny to beyond every edge, and starts in the loss's frame."""
    rng, fields = np.random.default_rng(seed), {}
    for name in rule.__dataclass_fields__:
        if name == "eta" and not callable(rule.eta):
            fields[name] = 10 ** rng.uniform(-4, 0.5, STARTS)
        elif name in ("lam", "alpha", "beta1", "beta2"):
            fields[name] = 1 - 10 ** rng.uniform(-4, 0, STARTS)
    low, high = np.transpose(loss.frame)
    return replace(rule, **fields), rng.uniform(low, high, (STARTS, 2)).T


def settings(rule):
    """Return the hyperparameters of each setting, in the order in which a script finds them."""
    values = (getattr(rule, name) for name in rule.__dataclass_fields__)
    values = [np.broadcast_to(value, STARTS) for value in values if isinstance(value, float | np.ndarray)]
    return np.reshape(values, (-1, STARTS)).T.tolist()


def last_steps(run):
    """Return the last step at which each run was finite."""
    return np.isfinite(run.loss).sum(axis=0) - 1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rule", EXACT, ids=str)
def test_the_browser_and_python_agree_to_the_last_bit(script, rule, name):
    loss = LOSSES[name]
    many, starts = drawn(rule, loss, seed=0)
    run = minimize(loss, starts, many, STEPS)
    lasts = last_steps(run)
    cases = list(zip(settings(many), starts.T.tolist(), strict=True))
    seen = script(RUN, laboratory(loss, [rule], "?").spec, cases, STEPS)
    for k, (shown, last) in enumerate(zip(seen, lasts, strict=True)):
        assert shown["last"] == last  # divergence at the same step
        assert np.array_equal(np.reshape(shown["x"], (-1, 2)), run.theta[: last + 1, :, k])
        assert np.array_equal(shown["loss"], run.loss[: last + 1, k])
    assert lasts.max() == STEPS


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rule", ROUNDED, ids=str)
def test_each_step_agrees_to_1e_12_where_powers_are_rounded_otherwise(script, rule, name):
    """Two paths that differ in a last bit part where the landscape is chaos, so each step starts from Python's."""
    loss = LOSSES[name]
    many, starts = drawn(rule, loss, seed=1)
    spec, lasts = laboratory(loss, [rule], "?").spec, last_steps(minimize(loss, starts, many, STEPS))
    hypers = settings(many)
    seen = script(RUN, spec, list(zip(hypers, starts.T.tolist(), strict=True)), STEPS)
    assert [shown["last"] for shown in seen] == lasts.tolist()  # divergence at the same step

    def remembered():
        return np.reshape([getattr(state, array) for array in rule.memory], (-1, STARTS))

    theta, state, steps, before, after = starts.copy(), many.init(starts), [], [], []
    with np.errstate(all="ignore"):
        for t in range(1, STEPS + 1):
            runs = np.flatnonzero(t <= lasts)
            g, x, s = loss.gradient(theta), theta.copy(), remembered()
            steps.append([t, *(each.T[runs].tolist() for each in (np.arange(STARTS), g, x, s))])
            many.step(theta, g, state)
            before.append(np.concatenate([x, s]).T[runs])
            after.append(np.concatenate([theta, remembered()]).T[runs])
    seen, before, after = np.array(script(STEP, spec, hypers, steps)), np.concatenate(before), np.concatenate(after)
    assert np.all(np.abs(seen - after) <= 1e-12 * (np.abs(before) + np.abs(after)))  # a sum near 0 has lost digits


def test_a_coordinate_that_never_felt_a_gradient_stays_put(script):
    for rule in (Adagrad(0.1), RMSProp(0.1), Adam(0.1, eps=0.0)):
        (shown,) = script(RUN, laboratory(ravine(20), [rule], "?").spec, [[settings(rule)[0], [-1.0, 0.0]]], 10)
        assert shown["x"][1::2] == [0.0] * 11


# ---- The figure, as its readers use it.

METHODS = [SGD(0.09), Momentum(0.02, lam=0.8), Adagrad(0.5), RMSProp(0.03, alpha=0.9), Adam(0.1)]
LANDSCAPES = {"a ravine": ravine(20), "four minima": himmelblau()}


@pytest.fixture(scope="module")
def shown():
    """Return a laboratory with the book's methods on two landscapes."""
    return laboratory(LANDSCAPES, METHODS, "Who is first?", autoplay=True)


@pytest.fixture(scope="module")
def address(shown, tmp_path_factory):
    return stand_alone(shown, tmp_path_factory.mktemp("laboratory"))


READY = "document.querySelector('.loss').textContent"
opened = partial(tools.browser.opened, ready=READY)


def drawn_anew(page):
    """Wait until the next frame has been drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def losses_shown(page):
    """Return the losses that stand in the rows."""
    drawn_anew(page)
    return page.locator("[data-method] .loss").all_inner_texts()


def start_shown(page):
    """Return where the page says that the start is, to three digits."""
    drawn_anew(page)
    said = re.findall(r"[−\d.]+(?=[,.])", page.locator(".start").get_attribute("aria-label"))
    return [float(number.replace("−", "-")) for number in said]


def words(value):
    """Return how the page writes a loss."""
    if not np.isfinite(value):
        return "diverged"
    if value < 1e-12:
        return "L < 1e−12"
    if value > 1e6:
        return "L > 1e6"
    mantissa, power = f"{value:.2e}".split("e")
    text = f"{float(mantissa):g}e{int(power)}" if not -3 <= int(power) <= 5 else f"{float(f'{value:.3g}'):.15g}"
    return f"L = {text.replace('-', '−')}"


def ends(loss, rules, start, steps=100):
    """Return what the rows are to say, computed in Python."""
    return [words(minimize(loss, start, rule, steps).loss[-1]) for rule in rules]


def test_the_page_shows_what_minimize_computes(browser, address):
    with opened(browser, address) as page:
        assert losses_shown(page) == ends(ravine(20), METHODS, [-2.0, 0.5])
        page.locator(".landscape").select_option("four minima")
        page.locator(".steps").select_option("200")
        assert losses_shown(page) == ends(himmelblau(), METHODS, himmelblau().start, 200)


def test_the_start_is_dragged_by_mouse_and_moved_by_keys(browser, address):
    with opened(browser, address) as page:
        box = page.locator(".land canvas").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 80, steps=3)
        page.mouse.up()
        x, y = start_shown(page)
        assert x > -1 and y > 0.3
        page.locator(".start").press("ArrowLeft")
        page.locator(".start").press("Shift+ArrowDown")
        left, down = start_shown(page)
        assert x - 0.1 < left < x and y - 0.02 < down < y
        page.locator(".reset").click()
        assert start_shown(page) == [-2, 0.5]


def test_each_setting_has_its_own_slider_which_the_keys_move_from_stop_to_stop(browser, address):
    with opened(browser, address) as page:
        rate, inertia = page.locator("[data-method]").nth(1).locator("[data-hyper]").all()
        for _ in range(2):
            rate.press("ArrowRight")
            inertia.press("ArrowRight")
        said = [slider.get_attribute("aria-valuetext") for slider in (rate, inertia)]
        assert said == ["η 0.025", "λ 0.9"]
        assert losses_shown(page)[1] == ends(ravine(20), [Momentum(0.025, lam=0.9)], [-2.0, 0.5])[0]


def test_a_slider_has_two_digits_and_the_famous_values(script):
    stops = script("() => JSON.stringify([...scales.rate({ low: 1e-4, high: 1 }).stops, ...scales.memory().stops])")
    assert {0.001, 0.002, 0.005, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999} <= set(stops)
    places = np.linspace(0, 1, 500).tolist()
    rates = script("([p]) => JSON.stringify(p.map(scales.rate({ low: 1e-4, high: 1 }).value))", places)
    memories = script("([p]) => JSON.stringify(p.map(scales.memory().value))", places)
    assert rates == [float(f"{rate:.2g}") for rate in rates] and np.all(np.diff(rates) >= 0)
    assert {0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999} <= set(memories) and np.all(np.diff(memories) >= 0)


def test_methods_are_switched_off_and_isolated(browser, address):
    with opened(browser, address) as page:
        page.get_by_role("checkbox", name="Show Adam").uncheck()
        assert losses_shown(page)[4] == "off" and losses_shown(page).count("off") == 1
        page.get_by_role("button", name="Momentum", exact=True).click()
        assert [loss == "off" for loss in losses_shown(page)] == [True, False, True, True, True]
        page.get_by_role("button", name="Momentum", exact=True).click()
        assert "off" not in losses_shown(page)


def test_one_step_back_and_a_point_of_a_curve_are_read_as_computed(browser, address):
    run = minimize(ravine(20), [-2.0, 0.5], SGD(0.09), 100)
    with opened(browser, address) as page:
        page.locator(".back").click()
        assert losses_shown(page)[0] == words(run.loss[99])
        page.get_by_role("button", name="SGD", exact=True).click()
        box = page.locator(".land canvas").bounding_box()
        unit = 3.4 / box["width"]  # the frame of the ravine fills the width
        theta = run.theta[1]
        page.mouse.move(box["x"] + (theta[0] + 2.2) / unit, box["y"] + box["height"] / 2 - theta[1] / unit)
        drawn_anew(page)
        read = page.locator(".reading").inner_text()
        assert read == f"SGD, step 1: θ = (−1.82, −0.4), {words(run.loss[1])}"
        x, y = page.locator(".land canvas").bounding_box()["x"] - 5, box["y"] - 5
        page.mouse.move(x, y)
        drawn_anew(page)
        assert page.locator(".reading").inner_text().startswith("Drag the ring")


def test_it_plays_by_itself_only_for_readers_who_do_not_mind_motion(browser, address):
    with opened(browser, address) as page:
        assert page.locator(".step").inner_text() == "step 100"
        hold_clock(page)
        page.get_by_role("button", name="Play").click()
        page.clock.run_for(100)
        page.get_by_role("button", name="Pause").click()
        assert page.locator(".step").inner_text() != "step 100"
    with opened(browser, address, reduced_motion="no-preference") as page:
        page.get_by_role("button", name="Pause").wait_for()
        page.get_by_role("button", name="Play").wait_for()  # after some seconds it has come to its end
        drawn_anew(page)
        assert page.locator(".step").inner_text() == "step 100"


def test_its_setting_stands_in_the_address_and_back_undoes_a_jump(browser, address):
    with opened(browser, address) as page:
        page.locator("[data-hyper]").first.press("ArrowRight")
        page.locator(".start").press("ArrowRight")
        page.get_by_role("checkbox", name="Show Adam").uncheck()
        before, start = losses_shown(page), start_shown(page)
        page.locator(".landscape").select_option("four minima")
        page.locator("[data-hyper]").nth(1).press("ArrowLeft")
        page.wait_for_function("location.hash.includes('Momentum.eta')")
        there, jumped = losses_shown(page), page.url
        assert "#who-is-first&start=" in jumped and there != before
        page.go_back()
        page.wait_for_function("location.hash.includes('SGD.eta=0.1&off=Adam')")
        assert losses_shown(page) == before and start_shown(page) == start
        page.get_by_role("button", name="Copy link").wait_for()
        page.evaluate("(hash) => { location.hash = hash; }", "#who-is-first&start=%")
        assert losses_shown(page) == before  # it cannot be read
    with opened(browser, jumped) as page:
        assert losses_shown(page) == there


def test_what_changed_is_said_once_when_all_is_still(browser, address):
    with opened(browser, address) as page:
        page.locator("canvas[aria-label*='Loss at step']").wait_for()
        assert page.locator("[aria-live]").all_inner_texts() == [""]  # nobody has moved anything
        page.evaluate("""() => {
            window.said = [];
            const heard = document.querySelector("[aria-live]");
            new MutationObserver(() => said.push(heard.textContent)).observe(heard, { childList: true });
        }""")
        hold_clock(page)
        for _ in range(5):
            page.locator(".start").press("ArrowUp")
            page.clock.run_for(500)
        assert page.evaluate("said") == []
        page.clock.run_for(2000)
        (said,) = page.evaluate("said")
        assert said.startswith("Loss at step 100 from −2, ") and "Adagrad < 1e−12" in said


def test_axe_finds_nothing(browser, address):
    from axe_playwright_python.sync_playwright import Axe

    for theme in ("light", "dark"):
        with opened(browser, address, color_scheme=theme) as page:
            found = Axe().run(page).response["violations"]
            assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_a_finger_drags_the_start_and_elsewhere_scrolls_the_page(browser, address):
    with opened(browser, address, **PHONE) as page:
        box = page.locator(".start").bounding_box()
        x, y = box["x"] + 22, box["y"] + 22
        touch(page, *((x + 9 * k, y + 6 * k) for k in range(10)))
        dragged = start_shown(page)
        assert dragged[0] > -1.5 and dragged[1] < 0.2 and page.evaluate("scrollY") == 0

        slider = page.locator("li.open [data-hyper]").first
        box, before = slider.bounding_box(), slider.get_attribute("aria-valuetext")
        x, y = box["x"] + 0.9 * box["width"], box["y"] + 10
        touch(page, *((x, y - 15 * k) for k in range(12)))
        assert slider.get_attribute("aria-valuetext") == before and page.evaluate("scrollY") > 50

        canvas, scrolled = page.locator(".curves canvas").bounding_box(), page.evaluate("scrollY")
        touch(page, *((canvas["x"] + 100, canvas["y"] + 100 - 9 * k) for k in range(12)))
        assert start_shown(page) == dragged and page.evaluate("scrollY") > scrolled


def test_on_a_phone_all_of_it_is_in_view_and_large_enough_to_read(browser, address):
    with opened(browser, address, **PHONE) as page:
        box = page.locator(".laboratory").bounding_box()
        assert box["height"] <= 844 - 64  # the book's header
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        small = """[...document.querySelectorAll(".laboratory *")]
            .filter((e) => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 11).length"""
        assert page.evaluate(small) == 0


def test_the_landscape_is_the_same_painted_at_once_and_in_slices(browser, address):
    """By a clock that stands still the ground is one slice, by one that ticks when it is read, one for nine rows."""
    pictures = []
    for tick in (0, 1):
        with opened(browser, address) as page:
            page.evaluate("(tick) => { let now = 0; performance.now = () => (now += tick); }", tick)
            page.locator(".landscape").select_option("four minima")
            page.evaluate("async () => { for (let k = 0; k < 60; k++) await new Promise(requestAnimationFrame); }")
            pictures.append(page.locator(".land canvas").evaluate("(canvas) => canvas.toDataURL()"))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("view", [{}, PHONE], ids=["screen", "phone"])
def test_its_height_is_kept_free_before_the_script_comes(browser, address, view):
    with opened(browser, address, **view) as page:
        kept, needed = page.locator(".laboratory").evaluate(
            "(figure) => [parseFloat(getComputedStyle(figure).minHeight), figure.getBoundingClientRect().height]"
        )
        assert needed - 40 < kept <= needed


def test_a_laboratory_weighs_little(shown):
    assert len(zlib.compress(shown.html.encode(), 9)) <= 25_000


def test_without_scripts_there_is_a_picture_and_an_honest_sentence(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".laboratory img").evaluate("(image) => image.naturalWidth") == 560
    assert "needs JavaScript" in page.locator(".laboratory").inner_text()
    context.close()


# ---- The home page.


@pytest.fixture(scope="module")
def home():
    """Return the laboratory that opens the home page."""
    (shown,) = laboratories(ROOT / "chapters" / "home.ipynb")
    return shown


def test_every_default_of_the_home_page_comes_down(home):
    ends = {}
    for label in home.losses:
        home.landscape = label
        for name, run in home.runs().items():
            assert run.loss[-1] < run.loss[0] / 100
            ends[label, name] = run
    arrive = {name for (label, name), run in ends.items() if label == "a curved valley" and run.loss[-1] < 1e-4}
    assert arrive == {"Momentum", "Adam"}  # as the page says
    found = [run.final for (label, _), run in ends.items() if label == "four minima"]
    assert len({tuple(theta.round()) for theta in found}) == 3
    home.landscape = "a ravine"
    home.settings = {"Momentum": {"lam": 0.0}}
    assert home.runs()["Momentum"].loss[-1] > 0.01  # it creeps
    home.settings = {"Momentum": {"lam": 0.95}}
    assert home.runs()["Momentum"].theta[:, 0].max() > 1  # past the star


# ---- In a kernel.

MODEL = """([spec, caption, traits]) => {
    const root = document.createElement("figure");
    root.className = "laboratory";
    document.body.append(root);
    const heard = {};
    window.model = {
        get: (name) => traits[name],
        set: (name, value) => { traits[name] = value; heard[`change:${name}`]?.(); },
        on: (event, call) => { heard[event] = call; },
        off: () => {},
        save_changes: () => { window.saved = structuredClone(traits); },
    };
    window.end = laboratory(root, spec, window.model);
}"""


def test_python_and_the_page_share_start_settings_landscape_and_what_is_shown(browser, shown):
    page = browser.new_page(reduced_motion="reduce")
    page.set_content(f"<style>{STYLE}</style>")
    page.add_script_tag(content=SCRIPT)
    traits = {name: getattr(shown, name) for name in ("landscape", "start", "steps", "settings", "shown")}
    page.evaluate(MODEL, [shown.spec, shown.caption, traits])
    page.wait_for_function(READY)
    assert losses_shown(page) == ends(ravine(20), METHODS, [-2.0, 0.5])

    page.evaluate("model.set('start', [-1, 0.25])")
    page.evaluate("model.set('shown', ['SGD'])")
    page.evaluate("model.set('settings', {...model.get('settings'), SGD: {eta: 0.05}})")
    assert losses_shown(page) == [*ends(ravine(20), [SGD(0.05)], [-1.0, 0.25]), *["off"] * 4]

    page.locator(".landscape").select_option("four minima")
    page.get_by_role("checkbox", name="Show Adam").check()
    page.locator(".start").press("ArrowRight")
    page.wait_for_function("window.saved?.landscape === 'four minima' && saved.start[0] !== -0.5")
    saved = page.evaluate("saved")
    assert saved["shown"] == ["SGD", "Adam"] and saved["settings"]["SGD"] == {"eta": 0.09}
    assert losses_shown(page)[0] == ends(himmelblau(), [SGD(0.09)], saved["start"])[0]
    page.close()


def test_what_python_sets_is_checked_as_the_rule_would():
    lab = laboratory(LANDSCAPES, METHODS, "?")
    lab.settings = {"Momentum": {"lam": 0.5}}
    assert lab.settings["Momentum"] == {"eta": 0.02, "lam": 0.5} and lab.settings["SGD"] == {"eta": 0.09}
    lab.start, lab.shown = (1, 0.5), ["Momentum"]
    assert lab.start == [1.0, 0.5] and list(lab.runs()) == ["Momentum"]
    assert lab.runs()["Momentum"].rule == "Momentum(eta=0.02, lam=0.5)"
    lab.landscape = "four minima"
    assert lab.start == list(himmelblau().start) and lab.settings["Momentum"]["lam"] == 0.8
    for name, value, said in (
        ("settings", {"Momentum": {"lam": 1.5}}, r"lam must lie in \[0, 1\)"),
        ("settings", {"Nesterov": {}}, "there is no 'Nesterov'"),
        ("start", [1.0], "two finite numbers"),
        ("landscape", "a moon", "landscape must be one of a ravine, four minima"),
        ("shown", ["Moon"], "there is no 'Moon'"),
        ("steps", 0, "1 or more"),
    ):
        with pytest.raises((ValueError, traitlets.TraitError), match=said):
            setattr(lab, name, value)


def test_what_the_reader_set_in_the_page_is_kept_when_the_landscape_changes_there():
    lab = laboratory(LANDSCAPES, METHODS, "?")
    lab.set_state({"landscape": "four minima", "start": [1.0, 1.0]})
    assert lab.landscape == "four minima" and lab.start == [1.0, 1.0]


def test_its_words_carry_the_key_numbers_and_its_picture_is_a_png(shown):
    data, _ = shown._repr_mimebundle_()
    assert data["text/plain"].startswith("Who is first? [a ravine from (-2, 0.5), 100 steps] SGD(eta=0.09): 1.286e-08.")
    assert data["image/png"].startswith(b"\x89PNG") and "application/vnd.jupyter.widget-view+json" in data


def test_two_of_a_kind_are_told_apart_and_a_rule_must_be_the_same_everywhere():
    lab = laboratory(bowl(), [Adam(0.1), Adam(0.1, bias_correction=False), SGD(0.1)], "?")
    assert lab.shown[1] == "Adam(eta=0.1, beta1=0.9, beta2=0.999, bias_correction=False)" and lab.shown[2] == "SGD"
    named = laboratory(bowl(), {"with": Adam(0.1), "without": Adam(0.1, bias_correction=False)}, "?")
    assert named.shown == ["with", "without"]
    with pytest.raises(ValueError, match="the same rule on every landscape"):
        laboratory(LANDSCAPES, {"a ravine": [SGD(0.1)], "four minima": [Momentum(0.1)]}, "?")
    with pytest.raises(TypeError, match="a Loss of two parameters with a frame"):
        laboratory(Loss("flat", lambda theta: 0.0, lambda theta: theta, 2), [SGD(0.1)], "?")
