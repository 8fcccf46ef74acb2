"""Runs inside a kernel: how long a move of a slider takes, ours and that of `interact` with a matplotlib figure."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from optim.marks import on_panel
from optim.plots import draw
from tools.notebooks import explorables


def moves(widget, shown, count=15):
    """Return the median time of a move of the first slider, or of the first choice where nothing slides, in seconds."""
    control, moved = widget, next(iter((shown.sliders or shown.choices).values()))
    while hasattr(control, "children"):
        control = next(
            child for child in control.children if hasattr(child, "children") or child.description == moved.label
        )
    seconds = []
    for _ in range(count):
        start = perf_counter()
        control.index = (control.index + 1) % len(control.options)
        seconds.append(perf_counter() - start)
    return median(seconds)


def interact(shown):
    """Return what a notebook without explorables does: `interact` with a function that draws a figure."""

    def show(**places):
        values = {name: shown.controls[name].values[place] for name, place in places.items()}
        panels = shown.panels_of(**values)
        _, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(4 * len(panels), 3.3))
        for number, (ax, panel) in enumerate(zip(axes[0], panels, strict=True)):
            if panel.loss:
                x, y = (np.linspace(*limits, 161) for limits in (panel.x, panel.y))
                ax.contourf(x, y, panel.loss.value(np.stack(np.meshgrid(x, y))), 14)
            ax.set(
                xlim=panel.x, ylim=panel.y, xscale=["linear", "log"][panel.xlog], yscale=["linear", "log"][panel.ylog]
            )
            draw(ax, on_panel(number, shown.marks(**values)))
        plt.show()

    controls = {
        name: ipywidgets.SelectionSlider(
            options=[(word, place) for place, word in enumerate(control.words())],
            value=control.position,
            description=control.label,
        )
        for name, control in shown.controls.items()
    }
    return ipywidgets.interactive(show, **controls)


def report(path):
    """Return, for each explorable of a notebook, the time of a move in both."""
    return [(moves(shown.live(), shown), moves(interact(shown), shown)) for shown in explorables(Path(path))]
