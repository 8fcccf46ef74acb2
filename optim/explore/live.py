"""The life of an explorable in a kernel: ipywidgets, and a picture that Python draws anew at each move."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from optim.explore.legend import legend
from optim.marks import Mark, on_panel
from optim.plots import Panel, draw

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable


def widget(explorable: Explorable) -> Any:
    """Return an explorable as ipywidgets."""
    controls = {name: control.widget() for name, control in explorable.controls.items()}
    images = [ipywidgets.Image(format="png") for _ in explorable.panels_of(**explorable.defaults)]
    readout = ipywidgets.HTML()
    starts = {name: control.value for name, control in controls.items()}
    reset = ipywidgets.Button(description="Reset")
    cache: dict[tuple[Any, ...], list[CachedAxes]] = {}  # by what the choices are: panels follow nothing else

    def axes_of(values: dict[str, Any]) -> list[CachedAxes]:
        """Return the axes of all panels, drawn when a choice is made for the first time."""
        chosen = tuple(controls[name].value for name in explorable.choices)
        if chosen not in cache:
            cache[chosen] = [CachedAxes(panel) for panel in explorable.panels_of(**values)]
        return cache[chosen]

    def show(_: Any = None) -> None:
        values = {name: explorable.controls[name].picked(control) for name, control in controls.items()}
        marks = explorable.marks(**values)
        for number, (image, axes) in enumerate(zip(images, axes_of(values), strict=True)):
            image.layout.width = f"{axes.panel.width}px"
            image.value = axes.paint(on_panel(number, marks))
        readouts = " ".join(mark.describe() for mark in marks if mark.panel is None)
        readout.value = f"{legend(marks)}<b>{html.escape(readouts)}</b>"

    def go_back(_: Any) -> None:
        for name, control in controls.items():
            control.value = starts[name]

    for control in controls.values():
        control.observe(show, "value")
    reset.on_click(go_back)
    show()
    wrap = ipywidgets.Layout(flex_flow="row wrap")
    return ipywidgets.VBox(
        [
            ipywidgets.Box([*controls.values(), reset], layout=wrap),
            ipywidgets.Box(images, layout=wrap),
            readout,
            ipywidgets.HTML(html.escape(explorable.caption)),
        ]
    )


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
        for artist in draw(ax, marks):
            ax.draw_artist(artist)
            artist.remove()
        out = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()
