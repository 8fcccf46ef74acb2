"""The life of an explorable in a kernel: ipywidgets, and a picture that Python draws anew at each move."""

from __future__ import annotations

import html
import io

import ipywidgets
import numpy as np
from PIL import Image

from optim.explore.page import legend
from optim.plots import Readout, draw, on_panel


def widget(explorable):
    """Return an explorable as ipywidgets."""
    controls = {name: control.widget() for name, control in explorable.controls.items()}
    images = [ipywidgets.Image(format="png") for _ in explorable.panels_of(**explorable.defaults)]
    readout = ipywidgets.HTML()
    starts = {name: control.value for name, control in controls.items()}
    reset = ipywidgets.Button(description="Reset")
    screens = []

    def screen_of(panel):
        """Return the screen of a panel that was shown before, or a new one."""
        for screen in screens:
            if screen.panel == panel:
                return screen
        screens.append(CachedAxes(panel))
        return screens[-1]

    def show(_=None):
        values = {name: explorable.controls[name].picked(control) for name, control in controls.items()}
        marks = explorable.marks(**values)
        for number, (image, panel) in enumerate(zip(images, explorable.panels_of(**values), strict=True)):
            image.layout.width = f"{panel.width}px"
            image.value = screen_of(panel).paint(on_panel(number, marks))
        readouts = " ".join(mark.describe() for mark in marks if isinstance(mark, Readout))
        readout.value = f"{legend(marks)}<b>{html.escape(readouts)}</b>"

    def go_back(_):
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

    def __init__(self, panel):
        self.panel = panel
        fig = panel.figure()
        fig.canvas.draw()
        self.figure, self.background = fig, fig.canvas.copy_from_bbox(fig.bbox)

    def paint(self, marks):
        """Return the panel with these marks as a PNG."""
        canvas, ax = self.figure.canvas, self.figure.axes[0]
        canvas.restore_region(self.background)
        for artist in draw(ax, marks):
            ax.draw_artist(artist)
            artist.remove()
        out = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()
