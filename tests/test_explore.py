"""Both lives of an explorable show what `minimize` computes, setting by setting, to a fifth of a pixel."""

import base64
import html
import io
import itertools
import json
import re
import zlib
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from optim import Loss, Momentum, beale, bowl, minimize, ravine, rosenbrock
from optim.explore import Choice, Slider, explore
from optim.explore.table import REACH, cut
from optim.looks import GROUNDS, LOOKS
from optim.marks import COLORS, Mark
from optim.plots import (
    SCALE,
    Bars,
    Curve,
    Outcome,
    Panel,
    Points,
    Readout,
    Text,
    landscape,
    loss_curve,
    path,
    picture,
    ticks,
)
from tools.notebooks import CHAPTERS, explorables

pytestmark = pytest.mark.filterwarnings("error")

CLOSE = 0.2  # CSS pixels
STEPS = 60
RAVINE = ravine(20)
LOSSES = {"ravine": ravine(20), "Beale": beale(), "Rosenbrock": rosenbrock()}


def descend(loss, eta, lam):
    """Run what the explorables below show."""
    return minimize(loss, loss.start, Momentum(eta, lam), STEPS)


def drawing(loss, eta, lam):
    """Return a mark of every kind."""
    run = descend(loss, eta, lam)
    steps = np.arange(STEPS + 1)
    return [
        path(run, label="path"),
        loss_curve(run, panel=1, dashed=True),
        Points(run.theta[[0, -1], 0], run.theta[[0, -1], 1], color=1),
        Bars(steps[::20], run.loss[::20], width=3, panel=1, color=2),
        Text(40, 10.0, "ends at {:.3g}", (run.loss[-1],), panel=1),
        Readout("With η = {:.3g} and λ = {:.3g} the loss ends at {:.3e}.", eta, lam, run.loss[-1]),
    ]


def curve_panel(**changes):
    """Return a logarithmic panel for the loss over the steps."""
    return Panel(**{"x": (0, STEPS), "y": (1e-12, 1e3), "ylog": True, **changes})


@pytest.fixture(scope="module")
def two_sliders():
    """Explore momentum on the ravine, up to rates that diverge."""
    return explore(
        lambda eta, lam: drawing(RAVINE, eta, lam),
        [landscape(RAVINE), curve_panel()],
        "Momentum on the ravine.",
        eta=Slider("learning rate η", 0.001, 300, default=0.05, positions=12, log=True),
        lam=Slider("inertia λ", 0, 0.95, default=0.9, positions=7),
    )


@pytest.fixture(scope="module")
def with_choice():
    """Explore momentum on a loss that is chosen, each on its own panel."""
    return explore(
        lambda loss, eta: drawing(loss, eta, 0.9),
        lambda loss: [landscape(loss), curve_panel()],
        "Momentum on a landscape.",
        eta=Slider("learning rate η", 0.0001, 0.1, default=0.001, positions=9, log=True),
        loss=Choice("loss", LOSSES),
    )


def decoded(shown):
    """Unpack the static life."""
    return unpacked(json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html, re.S)[1]))


def unpacked(spec):
    """Unpack what a script has to know as it does, in a few lines that share nothing with the packing."""
    raw = zlib.decompress(base64.b64decode(spec["packed"]))
    columns = []
    for column in spec["columns"]:
        shape = (4, column["settings"], column["points"])
        planes = np.frombuffer(raw, np.uint8, np.prod(shape), column["start"]).reshape(shape).astype(np.int64)
        zigzag = sum(plane << 8 * k for k, plane in enumerate(planes))
        second = (zigzag >> 1) ^ -(zigzag & 1)
        columns.append(second.cumsum(axis=1).cumsum(axis=1) / 5)
    return SimpleNamespace(
        marks=spec["marks"], readouts=spec["readouts"], columns=columns, words=json.loads(raw[spec["words"] :])
    )


def shown_at(page, mark, setting):
    """Return the points of a mark at a setting, in pixels of the axes, shape (points, 2)."""
    columns = [page.columns[mark[axis]] for axis in ("x", "y")]
    return np.stack(np.broadcast_arrays(*(c[setting if len(c) > 1 else 0] for c in columns)), axis=-1)


def pixels(panel, x, y):
    """Return where points lie, in pixels from the upper left corner of the axes."""
    _, _, width, height = panel.box
    if panel.ylog:
        with np.errstate(divide="ignore"):
            y = np.log(y)
    low, high = np.log(panel.y) if panel.ylog else panel.y
    along = (x - panel.x[0]) / (panel.x[1] - panel.x[0])
    return np.stack([along * width, height - (y - low) / (high - low) * height], axis=-1)


def settings(shown):
    """Return every setting as the page numbers them: choices first, the last control fastest."""
    controls = {**shown.choices, **shown.sliders}
    values = itertools.product(*(control.values for control in controls.values()))
    return [dict(zip(controls, setting, strict=True)) for setting in values]


def seen(a, b, size):
    """Return the ends of what is inside the frame of the segment from a to b, or None."""
    enter, leave = 0.0, 1.0
    for start, step, end in zip(a, b - a, size, strict=True):
        if step == 0:
            if not 0 <= start <= end:
                return None
            continue
        first, last = sorted([-start / step, (end - start) / step])
        enter, leave = max(enter, first), min(leave, last)
    return (a + enter * (b - a), a + leave * (b - a)) if enter <= leave else None


def away(p, a, b):
    """Return how far p lies from the segment from a to b."""
    along = b - a
    share = np.clip(np.dot(p - a, along) / max(np.dot(along, along), 1e-300), 0, 1)
    return np.linalg.norm(p - a - share * along)


def same_line(page, true, panel):
    """Assert that inside the frame the line of the page is the true one, and the true one is the page's.

    A line that is off the page for good ends on the page where it is cut.
    """
    size = panel.box[2:]
    on_page = np.all(np.abs(true) < REACH - max(size), axis=1)
    for k in range(1, len(true)):
        segments = page[k - 1 : k + 1], true[k - 1 : k + 1]
        if not np.isfinite(true[k]).all():
            assert np.isnan(page[k:]).all() or (page[k:] == page[k - 1]).all()  # nothing more is drawn
            return
        for one, other in (segments, segments[::-1]):
            assert all(away(end, *other) < CLOSE for end in seen(*one, size) or ())
        if not on_page[k]:
            assert (page[k:] == page[k]).all() or np.abs(page[k] - true[k]).max() < CLOSE
            return


def same_points(page, true, panel):
    """Assert that points inside the frame are where they belong, and the others out of it."""
    inside = np.all((true >= 0) & (true <= panel.box[2:]), axis=-1)
    assert np.abs(page - true)[inside].max(initial=0) < CLOSE
    assert not np.all((page >= CLOSE) & (page <= np.subtract(panel.box[2:], CLOSE)), axis=-1)[~inside].any()


def number(value, form):
    if not value < 1e12:
        return "diverged"
    return f"{value:{form}}" if value >= 1e-12 else "< 1e-12"


@pytest.mark.parametrize("which", ["two_sliders", "with_choice"])
def test_static_life_shows_what_minimize_computes(which, request):
    shown = request.getfixturevalue(which)
    page = decoded(shown)
    line, losses, points, bars, text = page.marks
    for setting, values in enumerate(settings(shown)):
        run = descend(values.get("loss", RAVINE), values["eta"], values.get("lam", 0.9))
        left, right = shown.panels_of(**values)
        steps = np.arange(STEPS + 1)
        same_line(shown_at(page, line, setting), pixels(left, *run.theta.T), left)
        same_line(shown_at(page, losses, setting), pixels(right, steps, run.loss), right)
        same_points(shown_at(page, points, setting), pixels(left, *run.theta[[0, -1]].T), left)
        same_points(shown_at(page, bars, setting), pixels(right, steps[::20], run.loss[::20]), right)
        same_points(shown_at(page, text, setting), pixels(right, np.array([40]), np.array([10.0])), right)
        assert page.words[text["words"]][setting] == "ends at " + number(run.loss[-1], ".3g")
        assert page.words[page.readouts[0]][setting] == (
            f"With η = {values['eta']:.3g} and λ = {values.get('lam', 0.9):.3g} "
            f"the loss ends at {number(run.loss[-1], '.3e')}."
        )


def test_there_is_a_row_for_every_setting(two_sliders, with_choice):
    one, other = (len(slider.values) for slider in two_sliders.sliders.values())
    count = 3 * len(with_choice.sliders["eta"].values)
    assert {len(column) for column in decoded(two_sliders).columns} == {1, one * other}
    assert {len(column) for column in decoded(with_choice).columns} == {1, count}
    assert {len(words) for words in decoded(with_choice).words} == {count}


def test_a_run_that_diverges_leaves_the_frame_where_it_really_does(two_sliders):
    page, panel, crossings = decoded(two_sliders), landscape(RAVINE), 0
    for setting, values in enumerate(settings(two_sliders)):
        run = descend(RAVINE, **values)
        on_page, true = shown_at(page, page.marks[0], setting), pixels(panel, *run.theta.T)
        outside = np.abs(true / panel.box[2:] - 0.5).max(axis=1) > 0.5
        if run.loss[20] > 1e3 or np.isnan(run.loss[20]):
            k = int(np.argmax(outside))
            assert k > 0 and np.isfinite(true[k]).all()
            (_, out), (_, truly_out) = (seen(*line[k - 1 : k + 1], panel.box[2:]) for line in (on_page, true))
            assert np.abs(out - truly_out).max() < CLOSE
            assert 0 in np.minimum(np.abs(truly_out), np.abs(truly_out - panel.box[2:])).round(9)  # on the edge
            crossings += 1
    assert crossings > 10


def test_the_page_shows_its_default_setting_before_any_script_runs(two_sliders):
    page, setting = decoded(two_sliders), two_sliders.table.default
    assert settings(two_sliders)[setting] == two_sliders.defaults
    drawn = {
        int(k): d
        for k, d in re.findall(
            r'<path data-mark="(\d)" data-series="\d+" data-shape="(?:line|bars)"[^>]* d="(.*?)"', two_sliders.html
        )
    }
    for mark in (0, 1):
        ends = [list(map(float, end.split())) for end in re.split("[ML]", drawn[mark])[1:]]
        np.testing.assert_array_equal(ends, shown_at(page, page.marks[mark], setting))
    floor = curve_panel().box[3]
    half = page.marks[3]["width"] / 2
    bars = [f"M{x - half:g} {floor}V{y:g}h{2 * half:g}V{floor}Z" for x, y in shown_at(page, page.marks[3], setting)]
    assert drawn[3] == "".join(bars)
    for words in (page.words[0][setting], page.words[1][setting]):
        assert html.escape(words) in two_sliders.html


def test_bars_are_as_wide_as_they_say_and_stand_on_the_lower_edge(two_sliders):
    bars, panel = decoded(two_sliders).marks[3], curve_panel()
    assert abs(bars["width"] - 3 / STEPS * panel.box[2]) < CLOSE and bars["floor"] == panel.box[3]


def test_each_choice_has_its_own_ground_and_only_that_of_the_default_is_seen(with_choice, two_sliders):
    grounds = re.findall(
        r'<div class="ground"( data-background="\d")?( hidden)?>(?:<img alt="" src="data:image/png;base64,(.*?)")?',
        with_choice.html,
    )
    assert [(which, bool(hidden)) for which, hidden, _ in grounds] == [
        (' data-background="0"', False),
        (' data-background="1"', True),
        (' data-background="2"', True),
        ("", False),  # of the loss: the same for all
    ]
    assert len({picture for *_, picture in grounds}) == 4
    assert two_sliders.html.count('class="ground"') == 2 and two_sliders.html.count("<img") == 1


def test_the_ground_is_bluer_where_the_loss_is_lower_on_a_light_and_on_a_dark_page():
    ground = np.asarray(landscape(RAVINE).ground().convert("RGBA")).astype(float)
    middle, corner = ground[ground.shape[0] // 2, round(0.65 * ground.shape[1])], ground[3, 3]
    for theme in GROUNDS:
        page = np.array([int(GROUNDS[theme]["high"][k : k + 2], 16) for k in (1, 3, 5)])
        low, high = (pixel[:3] * pixel[3] / 255 + page * (1 - pixel[3] / 255) for pixel in (middle, corner))
        assert low[2] - low[0] > high[2] - high[0] + 20


@pytest.mark.parametrize("panel", [landscape(RAVINE), curve_panel(), curve_panel(width=500, height=211)])
def test_the_picture_of_the_axes_and_what_moves_on_it_share_one_coordinate_system(panel):
    left, top, _, _ = panel.box
    fig = panel.figure()
    x, y = np.array([0.3, 0.9]), np.array([0.2, 0.7])
    in_figure = fig.axes[0].transData.transform(np.stack([x, y], axis=-1)) / SCALE
    in_figure[:, 1] = panel.height - in_figure[:, 1]
    np.testing.assert_allclose(pixels(panel, x, y) + np.array([left, top]), in_figure, atol=1e-6)
    assert fig.canvas.get_width_height() == (panel.width * SCALE, panel.height * SCALE)


def same_mark(page, entry, mark, panel, setting):
    """Assert that a mark of the page is, at a setting, the mark that was drawn for this setting alone."""
    y = mark.height if isinstance(mark, Bars) else mark.y
    true = np.stack(np.broadcast_arrays(*np.atleast_1d(*panel.pixels(np.asarray(mark.x), np.asarray(y)))), axis=-1)
    compare = same_line if isinstance(mark, Curve) else same_points
    compare(shown_at(page, entry, setting), true, panel)
    if isinstance(mark, Text):
        assert page.words[entry["words"]][setting] == mark.describe()


@pytest.mark.notebook
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_static_life_of_each_explorable_in_the_book_shows_what_its_function_returns_for_one_setting(chapter):
    for shown in explorables(chapter):
        page, every = decoded(shown), settings(shown)
        for setting in {shown.table.default, *np.linspace(0, len(every) - 1, 12).astype(int).tolist()}:
            marks, panels = shown.marks(**every[setting]), shown.panels_of(**every[setting])
            drawn = [mark for mark in marks if not isinstance(mark, Readout | Outcome)]
            for entry, mark in zip(page.marks, drawn, strict=True):
                same_mark(page, entry, mark, panels[mark.panel], setting)
            readouts = [mark.describe() for mark in marks if isinstance(mark, Readout)]
            assert [page.words[readout][setting] for readout in page.readouts] == readouts


# The life in a kernel


def parts(widget):
    """Return the controls by label, the reset button, and the figure of the live life, with what it shows."""
    (*controls, reset), stage = widget.children[0].children, widget.children[1]
    return SimpleNamespace(
        controls={c.description: c for c in controls}, reset=reset, stage=stage, seen=lambda: unpacked(stage.spec)
    )


@pytest.mark.parametrize("places", [(2, 2), (4, 6), (7, 5), (10, 2)])
def test_live_life_shows_what_minimize_computes(two_sliders, places):
    live, at = parts(two_sliders.live()), {}
    for (name, slider), place in zip(two_sliders.sliders.items(), places, strict=True):
        live.controls[slider.label].index = place
        at[name] = slider.values[place]
        assert live.controls[slider.label].label == slider.words()[place]  # as on the page
    run, page = descend(RAVINE, **at), live.seen()
    left, right = two_sliders.panels
    line, losses, points = (shown_at(page, mark, 0) for mark in page.marks[:3])
    same_line(line, pixels(left, *run.theta.T), left)
    same_line(losses, pixels(right, np.arange(STEPS + 1), run.loss), right)
    same_points(points, pixels(left, *run.theta[[0, -1]].T), left)
    assert page.words[page.readouts[0]][0].endswith(f"the loss ends at {number(run.loss[-1], '.3e')}.")


def test_live_life_follows_a_choice(with_choice):
    live = parts(with_choice.live())
    grounds, before = re.findall(r'src="(.*?)"', live.stage.html), live.stage.html
    live.controls["learning rate η"].index = 3
    eta = live.controls["learning rate η"].value
    assert live.stage.html == before  # panels follow nothing but choices
    live.controls["loss"].label = "Beale"
    (ground,) = re.findall(r'src="(.*?)"', live.stage.html)
    assert ground not in grounds and "data-background" not in live.stage.html
    page = live.seen()
    true = pixels(landscape(beale()), *descend(beale(), eta, 0.9).theta.T)
    same_line(shown_at(page, page.marks[0], 0), true, landscape(beale()))


def test_live_life_begins_at_the_default_and_reset_returns_there(two_sliders, with_choice):
    for shown in (two_sliders, with_choice):
        live = parts(shown.live())
        begin, html = live.stage.spec, live.stage.html
        for name, control in shown.sliders.items():
            assert live.controls[control.label].value == shown.defaults[name]
            live.controls[control.label].index -= 1
        assert live.stage.spec != begin
        if shown.choices:
            live.controls["loss"].label = "Rosenbrock"
        live.reset.click()
        assert live.stage.spec == begin
        assert re.findall(r'src="(.*?)"', live.stage.html) == re.findall(r'src="(.*?)"', html)


def test_the_handle_of_the_pad_moves_the_sliders_of_the_live_life():
    computed = []

    def marks(eta, lam):
        computed.append(np.ndim(eta))
        run = descend(RAVINE, eta, lam)
        return [path(run), Outcome("loss", run.loss[-1])]

    sliders = {"eta": Slider("η", 0.01, 0.1, 0.05, 8), "lam": Slider("λ", 0, 0.95, 0.9, 6)}
    shown = explore(marks, landscape(RAVINE), "A map.", **sliders)
    live = parts(shown.live())
    assert live.stage.spec["pad"]["at"] == [slider.position for slider in sliders.values()]
    computed.clear()
    live.stage.places = [1, 2]
    assert not computed  # all settings are in the table
    assert [control.value for control in live.controls.values()] == [
        s.values[k] for s, k in zip(sliders.values(), (1, 2), strict=True)
    ]
    run, page = descend(RAVINE, sliders["eta"].values[1], sliders["lam"].values[2]), live.seen()
    same_line(shown_at(page, page.marks[0], 0), pixels(landscape(RAVINE), *run.theta.T), landscape(RAVINE))
    one, other = live.stage.spec["pad"], shown.table.pad
    band, static = page.columns[one["column"]], decoded(shown).columns[other["column"]]
    assert np.array_equal(band, static) and one["counts"] == other["counts"]


def test_a_preset_of_the_live_life_goes_there_at_once(two_sliders):
    shown = explore(
        two_sliders.function,
        two_sliders.panels,
        "Momentum.",
        presets={"wild": {"eta": 0.2, "lam": 0.95}},
        **two_sliders.controls,
    )
    live = parts(shown.live())
    live.controls["wild"].click()
    places = zip(shown.controls.items(), shown.presets_at[0], strict=True)
    at = {name: control.values[place] for (name, control), place in places}
    assert [live.controls[shown.controls[name].label].value for name in at] == list(at.values())
    run, page = descend(RAVINE, **at), live.seen()
    same_line(shown_at(page, page.marks[0], 0), pixels(shown.panels[0], *run.theta.T), shown.panels[0])


def test_the_live_life_knows_its_steps(two_sliders):
    stage, player = two_sliders.live().children[1:3]
    play, step = player.children
    assert (play.max, step.max, stage.last, stage.step) == (STEPS,) * 4


# The legend


SHOWN = [
    (Curve(np.arange(2), np.arange(2), "a", color=0), 'data-shape="line"'),
    (Curve(np.arange(2), np.arange(2), "b", color=1, dashed=True), "stroke-dasharray"),
    (Curve(np.arange(2), np.arange(2), "c", color=2, dots=True), 'data-shape="dots"'),
    (Points(np.arange(2), np.arange(2), "d", color=3), 'data-shape="dots"'),
    (Bars(np.arange(2), np.ones(2), label="e & f", color=4), 'data-shape="bars"'),
]


def test_the_legend_of_a_picture_is_as_wide_as_a_panel_and_cut_nowhere():
    marks = [Curve([0, 1], [0, 1], label=f"a label of some length, {k}", color=k) for k in range(5)]
    panel = Panel((0, 1), (0, 1), "x", "y")
    shown = picture([panel, panel], marks, "Five lines.")
    legend = shown._legend
    assert legend.get_figwidth() == pytest.approx(shown._figures[0].get_figwidth())
    drawn = legend.legends[0].get_window_extent(FigureCanvasAgg(legend).get_renderer())
    assert drawn.x0 >= 0 and drawn.x1 <= legend.bbox.x1
    assert drawn.y0 >= 0 and drawn.y1 <= legend.bbox.y1


def test_the_legend_shows_what_is_drawn_in_both_lives_and_needs_no_style_sheet():
    marks = [mark for mark, _ in SHOWN]
    shown = explore(
        lambda eta: [*marks, Text(0, 0, "no label")], landscape(bowl()), "All.", eta=Slider("η", 1, 2, 1, 2)
    )
    for page in (shown.html, parts(shown.live()).stage.html):
        entries = re.findall(r"<li.*?</li>", re.search(r'<ul class="legend".*?</ul>', page, re.S)[0], re.S)
        assert [re.sub("<.*?>", "", entry).strip() for entry in entries] == ["a", "b", "c", "d", "e &amp; f"]
        for entry, (mark, shape) in zip(entries, SHOWN, strict=True):
            drawn = re.sub(r' d="[^"]*"', "", mark.svg("", [(1, 1), (2, 2)], "", width=1, floor=2, marker=""))
            assert shape in entry and f"var(--c{mark.color},{COLORS[mark.color][0]})" in entry
            assert re.sub(r' d="[^"]*"', "", re.search("<svg.*?>(.*)</svg>", entry)[1]) == drawn
            assert "class=" not in entry and "data-mark" not in entry
        assert len({re.search("<svg.*?>(.*)</svg>", entry)[1] for entry in entries}) == 5


def test_the_page_has_the_colours_of_the_marks_in_light_and_in_dark(two_sliders):
    style = re.search("<style>(.*?)</style>", two_sliders.html, re.S)[1]
    for number, colors in enumerate(COLORS):
        assert list(dict.fromkeys(re.findall(rf"--c{number}: (#\w+)", style))) == list(colors)
    for number, look in enumerate(LOOKS):
        assert list(dict.fromkeys(re.findall(rf"--m{number}: (#\w+)", style))) == [look.light, look.dark]
    assert set(re.findall(r"var\(--(\w+)", style)) <= set(re.findall(r"--(\w+):", style))


@dataclass(frozen=True)
class Rings(Mark):
    """A mark of one's own, which uses a shape that is there."""

    x: np.ndarray
    y: np.ndarray

    def points(self):
        return self.x, self.y

    def draw(self, ax):
        return ax.plot(self.x, self.y, "o", fillstyle="none")

    def describe(self):
        return f"{len(self.x)} rings"

    def svg(self, which, points, words, **geometry):
        dots = "".join(f"M{x:g} {y:g}h0" for x, y in points)
        return f'<path{which} data-shape="dots" stroke="{self.ink}" d="{dots}"/>'


def test_a_mark_of_ones_own_lives_twice():
    def marks(eta):
        run = minimize(RAVINE, RAVINE.start, Momentum(eta, 0.5), 20)
        return [Rings(run.theta[:, 0], run.theta[:, 1])]

    shown = explore(marks, landscape(RAVINE), "Rings.", eta=Slider("η", 0.01, 0.05, 0.02, 5))
    page = decoded(shown)
    for setting, values in enumerate(settings(shown)):
        run = minimize(RAVINE, RAVINE.start, Momentum(values["eta"], 0.5), 20)
        same_points(shown_at(page, page.marks[0], setting), pixels(landscape(RAVINE), *run.theta.T), landscape(RAVINE))
    assert repr(shown) == "Rings. [η 0.02] 21 rings."
    assert parts(shown.live()).seen().marks == page.marks


def test_a_loss_without_slope_has_a_landscape():
    flat = Loss("flat", lambda theta: 0 * theta[0] + 3.0, np.zeros_like, 2, frame=((-1, 1), (-1, 1)))
    picture(landscape(flat), [], "Nothing.")


# What it is made of


def test_it_has_a_life_for_every_viewer(two_sliders):
    bundle = two_sliders._repr_mimebundle_()
    kinds = {"text/plain", "text/html", "image/png", "application/vnd.jupyter.widget-view+json"}
    assert set(bundle) == kinds
    assert Image.open(io.BytesIO(bundle["image/png"])).size[0] == 2 * 360 * SCALE


def test_its_text_has_the_key_numbers(two_sliders):
    run = descend(RAVINE, 0.05, 0.9)
    x, y = run.final
    text = repr(two_sliders)
    assert text.startswith("Momentum on the ravine. [learning rate η 0.05, inertia λ 0.9] ")
    assert f"path from (-2, 0.5) to ({x:.4g}, {y:.4g})." in text
    assert f"curve from (0, 4.5) to (60, {run.loss[-1]:.4g})." in text
    assert "bars: " + ", ".join(f"{loss:.4g}" for loss in run.loss[::20]) in text
    assert f"With η = 0.05 and λ = 0.9 the loss ends at {run.loss[-1]:.3e}." in text


def test_every_control_has_a_label_and_no_id_and_nothing_comes_from_elsewhere(with_choice):
    page = with_choice.html
    labels = re.findall(r"<label><span>(.*?)</span><(input|select) .*?</label>", page, re.S)
    assert labels == [("loss", "select"), ("learning rate η", "input")]
    assert len(re.findall(r"<(?:input|select)\b(?![^>]* aria-label=)", page)) == len(labels)
    assert page.count("<figcaption>") == page.count('class="reset"') == page.count("<noscript>") == 1
    assert not re.search(r"\sid=", page)
    assert not re.search(r"https?:|url\(|@import|\bhref=|\bsrc=\"(?!data:)|\bfetch\(|\bimport\b", page)


def test_what_the_author_writes_is_text_and_never_markup():
    sliders = {"eta": Slider("<b>η</b>", 0.1, 1, 0.5, 3)}
    marks = [Curve(np.zeros(2), np.zeros(2), label="<i>x</i>"), Text(0, 0, "<u>"), Readout("</script><script>x &")]
    page = explore(lambda eta: marks, landscape(bowl()), "<em>says", **sliders).html
    assert not re.search(r"<(b>η|i>x|u>|em>)|</script><script>x", page)
    assert page.count("<script") == page.count("</script>") == 2


def test_an_explorable_of_300_settings_and_two_panels_is_at_most_60_kB_compressed():
    shown = explore(
        lambda eta, lam: drawing(RAVINE, eta, lam),
        [landscape(RAVINE), curve_panel(xlabel="step t", ylabel="loss L")],
        "Momentum on the ravine.",
        eta=Slider("learning rate η", 0.001, 0.3, default=0.05, positions=18, log=True),
        lam=Slider("inertia λ", 0, 0.95, default=0.9, positions=20),
    )
    assert shown.table.settings >= 300
    assert len(zlib.compress(shown.html.encode())) <= 60_000


def test_a_column_that_is_there_is_used_again():
    def marks(eta):
        run = minimize(RAVINE, RAVINE.start, Momentum(eta), 20)
        return [path(run), path(run, color=1), loss_curve(run, panel=1), loss_curve(run, panel=1, color=1)]

    shown = explore(marks, [landscape(RAVINE), curve_panel()], "Twice.", eta=Slider("η", 0.01, 0.1, 0.05, 9))
    assert len(decoded(shown).columns) == 5  # x and y of the path, its loss in words, steps and loss of the curve


# Sliders


SLIDERS = [
    ((0.001, 1, 0.05), True),
    ((0.002, 0.3, 0.05), True),
    ((0.9, 0.9999, 0.999), False),
    ((0, 0.98, 0.9), False),
    ((0.1 / 4.024, 2.2 / 4.024, 1 / 4.024), False),
    ((-1, 1, 0.123456), False),
    ((-0.9, 1.9, -0.4), False),
    ((1e-9, 1e-3, 1e-8), True),
]


@pytest.mark.parametrize("count", [12, 20, 40])
@pytest.mark.parametrize(("arguments", "log"), SLIDERS)
def test_slider_stands_at_different_numbers_between_its_ends_the_default_among_them(arguments, log, count):
    low, high, default = arguments
    slider = Slider("β", low, high, default, positions=count, log=log)
    values = slider.values
    assert 0.7 * count <= len(values) == len(set(slider.words())) <= 1.7 * count
    assert (np.diff(values) > 0).all() and (values[0], values[-1]) == (low, high)
    assert values[slider.position] == default
    gaps = np.diff(np.log(values) if log else values)
    assert gaps.max() <= 3.2 * gaps.mean()
    for word, value in zip(slider.words(), values, strict=True):
        assert abs(float(word) - value) <= 5e-3 * abs(value)


@pytest.mark.parametrize(("arguments", "log"), SLIDERS)
def test_slider_stands_at_numbers_that_a_person_would_choose(arguments, log):
    slider = Slider("β", *arguments, positions=30, log=log)
    between = [word for word, v in zip(slider.words(), slider.values, strict=True) if v not in arguments]
    digits = [len(word.replace("-", "").replace(".", "").strip("0")) for word in between]
    assert max(digits) <= (2 if log else 4) and "0" in slider.words() if -1 in slider.words() else True
    assert not any(word.startswith("-0.0000") for word in between)


def test_slider_stands_at_the_famous_numbers():
    assert {"0.1", "0.01", "0.001"} <= set(Slider("η", 0.0005, 0.3, 0.05, positions=24, log=True).words())
    assert {"0.5", "0.9", "0.95", "0.99"} <= set(Slider("β₁", 0, 0.999, 0.9, positions=20).words())
    assert "0" in Slider("θ₂", -0.9, 1.9, -0.4, positions=29).words()


def test_slider_shows_the_numbers_of_the_author_as_they_are():
    slider = Slider("β₂", 0.5, 0.9999, default=0.99)
    assert (slider.words()[0], slider.words()[-1], slider.words()[slider.position]) == ("0.5", "0.9999", "0.99")
    assert slider.values[-1] == 0.9999
    assert max(map(len, Slider("η", 0.1 / 4.024, 2.2 / 4.024, default=1 / 4.024).words())) <= 6


def test_a_choice_may_offer_anything():
    directions = {"east": np.array([1.0, 0.0]), "north": np.array([0.0, 1.0])}
    sliders = {"far": Slider("far", 0, 1, 0.5, 3), "where": Choice("where", directions)}
    shown = explore(lambda far, where: [Curve(far * where[0], far * where[1])], landscape(bowl()), "A way.", **sliders)
    assert parts(shown.live()).controls["where"].label == "east"


# Time, and the map of an outcome


def entries(*marks, panels=None):
    """Return what the page knows of marks that do not move."""
    panels = panels or [landscape(RAVINE), curve_panel(xlabel="step t")]
    shown = explore(lambda eta: marks, panels, "Some.", eta=Slider("η", 0.01, 0.1, 0.05, 5))
    return decoded(shown).marks


def test_a_curve_knows_its_steps_and_one_that_has_none_says_none():
    run = descend(RAVINE, 0.05, 0.9)
    thinned = replace(run, theta=run.theta[::4])
    uneven = replace(run, theta=run.theta[:7])
    t = np.array([0, 1, 10, 60])
    marks = entries(
        path(run),
        path(thinned, color=1),
        path(uneven, color=2),
        Curve(t, run.loss[t], panel=1, color=3),
        Curve([0, 60], [1, 1], panel=1, color=4),
        Curve(t / 60, t / 60, color=5),
    )
    assert [mark.get("steps") for mark in marks] == [[[0, 1]], None, None, [[0, 1, 10, 60]], None, None]


def test_the_loss_along_a_path_is_told_to_half_a_percent():
    shown = explore(
        lambda eta: [path(descend(RAVINE, eta, 0.9))], landscape(RAVINE), "A path.", eta=Slider("η", 0.01, 9, 0.05, 9)
    )
    page = decoded(shown)
    codes = page.columns[page.marks[0]["told"]["L"]] * 5
    for setting, values in enumerate(settings(shown)):
        run = descend(RAVINE, values["eta"], 0.9)
        told = np.where(codes[setting] == 100_000, np.nan, (2 ** (np.abs(codes[setting]) / 64) - 1) * 1e-14)
        np.testing.assert_allclose(told, run.loss, rtol=6e-3, atol=1e-14)


def test_the_pad_shows_the_outcome_of_every_setting(two_sliders):
    shown = explore(
        lambda eta, lam: [Outcome("loss", descend(RAVINE, eta, lam).loss[-1])],
        landscape(RAVINE),
        "A map.",
        eta=Slider("η", 0.001, 300, default=0.05, positions=8, log=True),
        lam=Slider("λ", 0, 0.95, default=0.9, positions=5),
    )
    spec = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html, re.S)[1])
    band = decoded(shown).columns[spec["pad"]["column"]][:, 0] * 5
    ends = np.array([descend(RAVINE, **values).loss[-1] for values in settings(shown)])
    gone = ~(ends < 1e12)
    assert gone.any() and ((band == 12) == gone).all()
    order = np.argsort(ends[~gone])
    assert (np.diff(band[~gone][order]) >= 0).all() and band[~gone].min() == 0 and band[~gone].max() == 11
    assert 'class="pad"' in shown.html and 'class="pad"' not in two_sliders.html


def test_a_preset_moves_sliders_and_refuses_what_is_not_there():
    controls = {"eta": Slider("η", 0.01, 0.1, 0.05, 5)}
    shown = explore(lambda eta: [], landscape(RAVINE), "One.", presets={"small": {"eta": 0.01}}, **controls)
    assert shown.presets_at == [[0]]
    with pytest.raises(ValueError, match="a preset moves lam, but there are eta"):
        explore(lambda eta: [], landscape(RAVINE), "One.", presets={"small": {"lam": 0.01}}, **controls)


def test_a_landscape_has_the_same_scale_on_both_axes():
    for loss in (bowl(), RAVINE, beale(), rosenbrock()):
        for panel in (landscape(loss), landscape(loss, width=420, height=340)):
            _, _, width, height = panel.box
            assert np.isclose((panel.x[1] - panel.x[0]) / width, (panel.y[1] - panel.y[0]) / height)
            assert panel.x[0] <= loss.frame[0][0] and panel.y[1] >= loss.frame[1][1]


def test_ticks_are_round():
    for limits in ((0, 60), (-0.1, 2.8), (0, 1560), (0.2, 0.55)):
        places = np.array(list(ticks(limits, False, 6)))
        (step,) = {round(gap, 9) for gap in np.diff(places)}
        assert f"{step:e}"[0] in "125" and 3 <= len(places) <= 7


# Cutting curves that leave


def test_a_curve_that_stays_is_not_cut():
    x, y = np.random.default_rng(0).uniform(-5000, 5000, (2, 30, 4))
    for ours, given in zip(cut(x, y, 300, 200), (x, y), strict=True):
        np.testing.assert_array_equal(ours, given)


@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 7))
@pytest.mark.parametrize("far", [1e5, 1e12, 1e200])
def test_a_curve_that_leaves_is_cut_on_its_true_way_and_stays_there(angle, far):
    start, toward = np.array([100.0, 50.0]), np.array([np.cos(angle), np.sin(angle)])
    points = np.stack([start, start + 10, start + far * toward, start * np.nan, start])
    x, y = (points[:, axis, None] for axis in (0, 1))
    before = points.copy()
    x, y = cut(x, y, 300, 200)
    np.testing.assert_array_equal(points, before)
    ours = np.stack([x[:, 0], y[:, 0]], axis=-1)
    np.testing.assert_array_equal(ours[:2], points[:2])
    assert (ours[2] == ours[3:]).all()
    assert 300 < np.abs(ours[2]).max() < 2 * REACH
    assert away(ours[2], points[1], points[2] if far < 1e9 else points[1] + 1e6 * toward) < 0.01


def test_one_curve_is_cut_and_its_neighbour_is_not():
    x = np.array([[1.0, 1.0], [2.0, 1e9], [3.0, 3.0]])
    ours, _ = cut(x, np.zeros((3, 2)), 300, 200)
    assert ours[:, 0].tolist() == [1, 2, 3] and ours[2, 1] == ours[1, 1] < 2 * REACH


@pytest.mark.parametrize("nowhere", [np.nan, np.inf, 1e9])
def test_a_curve_that_begins_off_the_page_is_not_seen(nowhere):
    x, y = cut(np.array([[nowhere], [5.0]]), np.array([[5.0], [5.0]]), 300, 200)
    assert (x < 0).all() and (y < 0).all()


def test_a_curve_that_ends_in_nan_stays_at_its_last_point():
    x, y = cut(np.array([[1.0], [2.0], [np.nan]]), np.array([[3.0], [4.0], [np.nan]]), 300, 200)
    assert x[:, 0].tolist() == [1, 2, 2] and y[:, 0].tolist() == [3, 4, 4]
