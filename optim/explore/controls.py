"""What the reader moves: sliders and choices, each with its two lives."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable
from typing import Any

import ipywidgets
import numpy as np

from optim.checks import FINITE, POSITIVE, real_numbers, whole_number
from optim.marks import subscripts

# What is written on a decade of a slider with so many places a decade: the fewest that are enough are taken.
DECADES = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9),
    (1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9, 9.5),
    tuple(k / 10 for k in range(10, 50)) + tuple(k / 10 for k in range(50, 100, 2)),
)
FAMOUS = (0.9, 0.95, 0.99, 0.999)  # for whoever moves a memory


class Slider:
    """A number that the reader moves.

    Parameters
    ----------
    label : str
        What the reader sees beside it: "learning rate η".
    low, high, default : float
        The ends, and where it stands at first.
    positions : int
        About how many places it has. They are round numbers, 0.1 and 0.01 among them, and 0.9, 0.95, 0.99 and 0.999;
        the ends and the default are as given.
    log : bool
        Whether the places are spaced evenly in the logarithm.

    Examples
    --------
    >>> Slider("learning rate η", 0.001, 0.1, default=0.03, positions=8, log=True).words()
    ['0.001', '0.002', '0.005', '0.01', '0.02', '0.03', '0.05', '0.1']
    >>> Slider("inertia λ", 0, 0.95, default=0.8, positions=6).words()
    ['0', '0.2', '0.4', '0.6', '0.8', '0.9', '0.95']
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
        round_ones = _on_decades(low, high, positions) if log else _evenly(low, high, positions)
        values = _merged([low, high, default], round_ones, log)
        self.position = int(np.argmin(np.abs(values - default)))
        self.label, self.values, self.default, self.log = label, values, float(default), log
        self.digits = _digits(values, (low, high, default))

    def nearest(self, value: float) -> int:
        """Return the position that is nearest to a value."""
        return int(np.argmin(np.abs(self.values - value)))

    def words(self) -> list[str]:
        """Return what is shown at each position."""
        return [  # 1000, not 1e+03
            np.format_float_positional(value + 0.0, self.digits, fractional=False, trim="-") for value in self.values
        ]

    def widget(self) -> Any:
        """Return the ipywidget."""
        stops = list(zip(self.words(), self.values.tolist(), strict=True))
        widget = ipywidgets.SelectionSlider(options=stops, value=self.default, description=self.label)
        widget.style.description_width = "initial"
        widget.layout.width = "24em"
        return widget

    def html(self, name: str) -> str:
        """Return the control on the static page, where the setting of `name` stands in the address."""
        words = html.escape(json.dumps(self.words(), ensure_ascii=False))
        default = self.words()[self.position]
        return (
            f'<label><span>{subscripts(self.label)}</span><input type="range" min="0" max="{len(self.values) - 1}" '
            f'step="1" value="{self.position}" autocomplete="off" aria-valuetext="{default}" data-control="{name}" '
            f'data-positions="{len(self.values)}" data-words="{words}">'
            f'<output aria-live="off">{default}</output></label>'
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

    def nearest(self, value: str) -> int:
        """Return the position of an option by its words."""
        return self.words().index(value)

    def html(self, name: str) -> str:
        """Return the control on the static page, where the setting of `name` stands in the address."""
        options = "".join(f'<option value="{k}">{html.escape(word)}</option>' for k, word in enumerate(self.options))
        return (
            f'<label><span>{subscripts(self.label)}</span><select data-control="{name}" '
            f'data-positions="{len(self.values)}" autocomplete="off">{options}</select></label>'
        )


def _on_decades(low: float, high: float, positions: int) -> list[float]:
    """Return about so many round numbers between two limits, evenly spaced in the logarithm."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for decade in DECADES:
        found = [float(f"{m}e{p}") for p in tens for m in decade if low <= float(f"{m}e{p}") <= high]
        if len(found) >= 0.75 * positions:
            break
    return found


def _evenly(low: float, high: float, positions: int) -> list[float]:
    """Return about so many multiples of a round step between two limits, and the famous numbers that lie there."""
    wanted = (high - low) / (positions - 1)
    power = math.floor(math.log10(wanted))
    steps = [float(f"{m}e{p}") for p in (power, power + 1) for m in (1, 2, 2.5, 5)]
    step = min(steps, key=lambda step: abs(math.log(step / wanted)))
    found = [float(f"{k * step:.10g}") for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [value for value in found if low <= value <= high] + [n for n in FAMOUS if low < n < high and high <= 1]


def _merged(given: list[float], round_ones: list[float], log: bool) -> np.ndarray:
    """Return all numbers in order; a round one too near to a given one gives way."""
    scale = np.log if log else np.asarray
    apart = np.ptp(scale(given)) / max(len(round_ones), 1)
    kept = [n for n in round_ones if n in FAMOUS or min(abs(scale(n) - scale(g)) for g in given) > 0.35 * apart]
    return np.array(sorted({float(n) + 0.0 for n in [*given, *kept]}))


def _digits(values: np.ndarray, written: Iterable[float]) -> int:
    """Return how many digits tell the values apart, three at least, and show as they are the numbers of the author."""
    written = [number for number in written if float(f"{number:.6g}") == number]  # 0.9999, but not 2 / 3
    for digits in range(3, 17):
        shown = {float(f"{value:.{digits}g}") for value in values}
        if len(shown) == len(values) and all(float(f"{number:.{digits}g}") == number for number in written):
            break
    return digits
