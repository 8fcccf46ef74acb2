"""The life of an explorable in a kernel: ipywidgets, and a picture that Python draws anew at each move."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from optim.explore.numbers import table
from optim.looks import GROUNDS
from optim.marks import Mark, Outcome, Points, bands, dress, legend, on_panel, subscripts
from optim.plots import Panel, draw, steps_of

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable


def widget(explorable: Explorable) -> Any:
    """Return an explorable as ipywidgets."""
    return _Live(explorable).whole


class _Live:
    """The widgets of an explorable, and what they show."""

    def __init__(self, explorable: Explorable) -> None:
        self.explorable = explorable
        self.controls = {name: control.widget() for name, control in explorable.controls.items()}
        self.images = [ipywidgets.Image(format="png") for _ in explorable.panels_of(**explorable.defaults)]
        self.readout = ipywidgets.HTML()
        self.cache: dict[tuple[Any, ...], list[CachedAxes]] = {}  # by what the choices are: panels follow nothing else
        self.maps: dict[tuple[Any, ...], np.ndarray] = {}
        self.marks: list[Mark] = []
        starts = {name: control.value for name, control in self.controls.items()}
        reset = ipywidgets.Button(description="Reset")

        def go_back(_: Any) -> None:
            self.step.value = self.step.max
            for name, control in self.controls.items():
                control.value = starts[name]

        self.marks = self._marks()
        self.step, player = _player(self._last_step())
        self.map = ipywidgets.Image(format="png")
        pad = [_pad(explorable, self.map)] if self._outcome() else []
        presets = [self._preset(words, places) for words, places in self._presets()]
        for control in self.controls.values():
            control.observe(self.show, "value")
        self.step.observe(self._show_panels, "value")
        reset.on_click(go_back)
        self.show()
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        self.whole = ipywidgets.VBox(
            [
                ipywidgets.Box([*self.controls.values(), *presets, reset], layout=wrap),
                ipywidgets.Box([*self.images, *pad], layout=wrap),
                self.readout,
                *player,
                ipywidgets.HTML(subscripts(explorable.caption)),
            ]
        )

    def _values(self) -> dict[str, Any]:
        return {name: self.explorable.controls[name].picked(control) for name, control in self.controls.items()}

    def _marks(self) -> list[Mark]:
        return dress(self.explorable.marks(**self._values()))

    def _chosen(self) -> tuple[Any, ...]:
        return tuple(self.controls[name].value for name in self.explorable.choices)

    def _axes(self) -> list[CachedAxes]:
        """Return the axes of all panels, drawn when a choice is made for the first time."""
        chosen = self._chosen()
        if chosen not in self.cache:
            self.cache[chosen] = [CachedAxes(panel) for panel in self.explorable.panels_of(**self._values())]
        return self.cache[chosen]

    def _last_step(self) -> int:
        panels = [axes.panel for axes in self._axes()]
        steps = [steps_of(mark, panels[mark.panel]) for mark in self.marks if mark.panel is not None]
        return max((int(each[-1]) for each in steps if each is not None), default=0)

    def _outcome(self) -> Outcome | None:
        outcomes = [mark for mark in self.marks if isinstance(mark, Outcome)]
        return outcomes[0] if outcomes and len(self.explorable.sliders) == 2 else None

    def _presets(self) -> Iterable[tuple[str, list[int]]]:
        return zip(self.explorable.presets, self.explorable.presets_at, strict=True)

    def _preset(self, words: str, places: list[int]) -> Any:
        """Return the button that jumps to a setting."""
        button = ipywidgets.Button(description=words)

        def jump(_: Any) -> None:
            for (name, control), place in zip(self.explorable.controls.items(), places, strict=True):
                self.controls[name].value = control.values[place] if name in self.explorable.sliders else place

        button.on_click(jump)
        return button

    def show(self, _: Any = None) -> None:
        """Compute the setting anew and show it."""
        self.marks = self._marks()
        self._show_panels()
        rows = [(mark.describe(), mark.row()) for mark in self.marks if mark.panel is None and mark.template]
        self.readout.value = f"{legend(self.marks)}{table(rows, styled=True)}"
        if self._outcome():
            self.map.value = self._painted_map()

    def _show_panels(self, _: Any = None) -> None:
        """Draw the panels, with a marker at the step."""
        for number, (image, axes) in enumerate(zip(self.images, self._axes(), strict=True)):
            image.layout.width = f"{axes.panel.width}px"
            marks = on_panel(number, self.marks)
            if self.step.value < self.step.max:
                marks = [*marks, *_now(marks, axes.panel, self.step.value)]
            image.value = axes.paint(marks)

    def _painted_map(self) -> bytes:
        """Return the map of the outcome with a ring at the setting, computed when a choice is made the first time."""
        sliders, chosen = list(self.explorable.sliders.values()), self._chosen()
        if chosen not in self.maps:
            one, other = (slider.values for slider in sliders)
            values = self._values() | dict(zip(self.explorable.sliders, (one[:, None], other), strict=True))
            outcome = next(mark for mark in self.explorable.marks(**values) if isinstance(mark, Outcome))
            self.maps[chosen] = _map(np.broadcast_to(np.asarray(outcome.value, float), (len(one), len(other))))
        at = [slider.nearest(self.controls[name].value) for name, slider in self.explorable.sliders.items()]
        return _ringed(self.maps[chosen], at, [len(slider.values) for slider in sliders])


def _player(last: int) -> tuple[Any, list[Any]]:
    """Return the slider of the step, and what shows it with a button to play, if there are steps."""
    step = ipywidgets.IntSlider(value=last, min=0, max=last, description="step", continuous_update=True)
    if not last:
        return step, []
    play = ipywidgets.Play(value=last, min=0, max=last, interval=60, step=max(1, last // 100))
    ipywidgets.jslink((play, "value"), (step, "value"))
    return step, [ipywidgets.HBox([play, step])]


def _pad(explorable: Explorable, image: Any) -> Any:
    """Return the map with what stands along it."""
    one, other = (slider.label for slider in explorable.sliders.values())
    outcome = next(mark for mark in explorable.marks(**explorable.defaults) if isinstance(mark, Outcome))
    image.layout.width = f"{SIZE[0]}px"
    return ipywidgets.VBox(
        [
            ipywidgets.HTML(f"<b>{subscripts(outcome.label)}</b>"),
            image,
            ipywidgets.HTML(f"→ {subscripts(one)}, ↑ {subscripts(other)}; bluer is lower, grey diverged"),
        ]
    )


SIZE = 220, 180  # of the map, in CSS pixels


def _map(values: np.ndarray) -> np.ndarray:
    """Return the map of values, shape (one, other), as colours, shape (height, width, 3)."""
    low, high = (np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) for color in ("#5f97cf", "#ffffff"))
    shades = np.stack([*(low + (high - low) * share for share in np.linspace(0, 1, 12)), np.full(3, 150)])
    cells = shades[bands(values)].astype(np.uint8).transpose(1, 0, 2)[::-1]
    return np.asarray(Image.fromarray(cells).resize(SIZE, Image.Resampling.NEAREST))


def _ringed(colors: np.ndarray, at: list[int], counts: list[int]) -> bytes:
    """Return a map as a PNG with a ring around a cell."""
    across, up = ((place + 0.5) / count for place, count in zip(at, counts, strict=True))
    y, x = np.ogrid[: SIZE[1], : SIZE[0]]
    far = np.hypot(x - across * SIZE[0], y - (1 - up) * SIZE[1])
    painted = colors.copy()
    painted[(far > 5) & (far < 11)] = [255, 255, 255]
    painted[(far > 6.5) & (far < 9.5)] = [26, 26, 26]
    out = io.BytesIO()
    Image.fromarray(painted).save(out, "png", compress_level=1)
    return out.getvalue()


def _now(marks: Iterable[Mark], panel: Panel, step: int) -> list[Mark]:
    """Return a marker on each curve that has come to a step."""
    found: list[Mark] = []
    for mark in marks:
        steps = steps_of(mark, panel)
        if steps is None or steps[0] > step:
            continue
        at = int(np.searchsorted(steps, step, side="right")) - 1
        x, y = np.broadcast_arrays(*mark.points())
        found.append(_Now(x[at : at + 1], y[at : at + 1], color=mark.color, look=mark.look))
    return found


class _Now(Points):
    """Where a curve has come to."""

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw a large marker with a pale rim."""
        artists = super().draw(ax)
        for artist in artists:
            artist.set(markersize=10, markeredgecolor=GROUNDS["light"]["halo"], zorder=4)
        return artists


class CachedAxes:
    """A panel whose axes and landscape are drawn once, and whose marks are drawn anew at each move."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.figure = panel.figure()
        self.canvas = FigureCanvasAgg(self.figure)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def paint(self, marks: Iterable[Mark]) -> bytes:
        """Return the panel with these marks as a PNG."""
        canvas, ax = self.canvas, self.figure.axes[0]
        canvas.restore_region(self.background)
        for artist in draw(ax, marks, self.panel):
            ax.draw_artist(artist)
            artist.remove()
        out = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()
