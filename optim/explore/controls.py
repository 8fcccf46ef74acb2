"""What the reader moves: sliders and choices, each with its two lives."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

import ipywidgets
import numpy as np

from optim.checks import FINITE, POSITIVE, real_numbers, whole_number


class Slider:
    """A number that the reader moves.

    Parameters
    ----------
    label : str
        What the reader sees beside it: "learning rate η".
    low, high, default : float
        The ends, and where it stands at first.
    positions : int
        How many places it has on the static page; in a kernel it moves without steps.
    log : bool
        Whether the places are spaced evenly in the logarithm.

    Examples
    --------
    >>> Slider("learning rate η", 0.001, 1, default=0.1, positions=4, log=True).values
    array([0.001, 0.01 , 0.1  , 1.   ])
    """

    def __init__(
        self, label: str, low: float, high: float, default: float, positions: int = 40, log: bool = False
    ) -> None:
        who = f"Slider {label!r}"
        for name, value in (("low", low), ("high", high), ("default", default)):
            real_numbers(who, name, value, POSITIVE if log else FINITE)
        if not low < high:
            raise ValueError(f"{who}: low must be less than high; got {low} and {high}")
        if not low <= default <= high:
            raise ValueError(f"{who}: default must lie between {low} and {high}; got {default}")
        whole_number(who, "positions", positions, least=2)
        values = np.geomspace(low, high, positions) if log else np.linspace(low, high, positions)
        self.digits = _digits(values, (low, high, default))
        values = np.clip([float(f"{value:.{self.digits}g}") for value in values], low, high)
        away = np.abs(values - default)
        if low < default < high:
            away[[0, -1]] = np.inf  # the ends stay
        self.position = int(np.argmin(away))
        values[self.position] = default
        self.label, self.values, self.default, self.log = label, values, float(default), log

    def words(self) -> list[str]:
        """Return what is shown at each position."""
        return [  # 1000, not 1e+03
            np.format_float_positional(value, self.digits, fractional=False, trim="-") for value in self.values
        ]

    def widget(self) -> Any:
        """Return the ipywidget."""
        low, high = self.values[[0, -1]]
        shared = {"value": self.default, "description": self.label, "readout_format": f".{self.digits}g"}
        if self.log:
            low, high = np.log10([low, high])
            widget = ipywidgets.FloatLogSlider(min=low, max=high, step=(high - low) / 200, **shared)
        else:
            widget = ipywidgets.FloatSlider(min=low, max=high, step=(high - low) / 200, **shared)
        widget.style.description_width = "initial"
        widget.layout.width = "24em"
        return widget

    def picked(self, widget: Any) -> Any:
        """Return the value at which the ipywidget stands."""
        return widget.value

    def html(self) -> str:
        """Return the control on the static page."""
        words = html.escape(json.dumps(self.words(), ensure_ascii=False))
        default = self.words()[self.position]
        return (
            f'<label><span>{html.escape(self.label)}</span><input type="range" min="0" max="{len(self.values) - 1}" '
            f'step="1" value="{self.position}" autocomplete="off" aria-valuetext="{default}" data-control '
            f'data-positions="{len(self.values)}" data-words="{words}"><output>{default}</output></label>'
        )


class Choice:
    """One of several things that the reader picks, such as a loss.

    Parameters
    ----------
    label : str
        What the reader sees beside it.
    options : dict
        What the reader picks from, and what the drawing function gets for it. The first is the default.

    Examples
    --------
    >>> Choice("loss", {"bowl": 1, "ravine": 20}).default
    1
    """

    position = 0

    def __init__(self, label: str, options: dict[str, Any]) -> None:
        if len(options) < 2:
            raise ValueError(f"Choice {label!r}: there must be two options or more; got {list(options)}")
        self.label, self.options = label, dict(options)
        self.values = list(options.values())
        self.default = self.values[0]

    def words(self) -> list[str]:
        """Return what is shown at each position."""
        return list(self.options)

    def widget(self) -> Any:
        """Return the ipywidget."""
        places = [(word, place) for place, word in enumerate(self.options)]
        return ipywidgets.Dropdown(options=places, value=self.position, description=self.label)

    def picked(self, widget: Any) -> Any:
        """Return the value at which the ipywidget stands."""
        return self.values[widget.value]

    def html(self) -> str:
        """Return the control on the static page."""
        options = "".join(f'<option value="{k}">{html.escape(word)}</option>' for k, word in enumerate(self.options))
        return (
            f'<label><span>{html.escape(self.label)}</span><select data-control data-positions="{len(self.values)}" '
            f'autocomplete="off">{options}</select></label>'
        )


def _digits(values: np.ndarray, written: Iterable[float]) -> int:
    """Return how many digits tell the values apart, three at least, and show as they are the numbers of the author."""
    written = [number for number in written if float(f"{number:.6g}") == number]  # 0.9999, but not 2 / 3
    for digits in range(3, 17):
        shown = {float(f"{value:.{digits}g}") for value in values}
        if len(shown) == len(values) and all(float(f"{number:.{digits}g}") == number for number in written):
            break
    return digits
