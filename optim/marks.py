"""What a picture shows: marks on a panel, such as a curve or bars, and the readout below it.

A mark owns its points and its kind: everything that tells one mark from another stands in its class. The same mark is
drawn by matplotlib (`draw`), told in words (`describe`), and drawn as SVG on the static page (`svg`); there
`explore/page.js` redraws it by the rule of the same name.

Shapes: the first axis of x and y is that of the points, of length n, or 1 where all points share the number. Behind it
stand the batch axes, one for each slider of an explorable; they broadcast. A still picture has none: its arrays have
the shape (n,).
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

__all__ = ["Bars", "Curve", "Mark", "Points", "Readout", "Text"]

# By number, on a light and on a dark page. After Okabe and Ito: colour-blind readers can tell them apart, and in print
# they differ in lightness. Pictures, sliders and legends in both lives take their colours from here.
COLORS = (
    ("#0072b2", "#56b4e9"),
    ("#c24e00", "#ff9a52"),
    ("#007a5a", "#2fd0a0"),
    ("#aa4499", "#e58fd5"),
    ("#8a6a00", "#e6c34d"),
    ("#333333", "#dddddd"),
)

Pixels = Sequence[tuple[float, float]]  # points as (x, y), from the upper left corner of the axes


class Mark:
    """What every mark has; to add one, subclass this and give `explore/page.js` the rule of its shape.

    Attributes
    ----------
    label : str
        Its name in the legend; without one it is not listed.
    color : int
        The number of its colour.
    panel : int or None
        The number of the panel on which it stands, 0 for the first; None for what stands below the picture.
    template, values : str or None, tuple
        Its text, if it has one, and the numbers to fill in, each of shape (*batch).
    joined : bool
        Whether a line joins its points; such a line is cut where it leaves the page.
    """

    label: str = ""
    color: int = 0
    panel: int | None = 0
    template: str | None = None
    values: tuple = ()
    joined: ClassVar[bool] = False

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of the points, shape (n, *batch), in the units of the panel."""
        raise NotImplementedError

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw one setting on matplotlib axes and return the artists."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say in words, with the key numbers, what one setting shows."""
        raise NotImplementedError

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, float]:
        """Return what beside its points its shape is made from, in pixels, for the limits of x and the axes' box."""
        return {}

    def svg(self, which: str, points: Pixels, words: str, **geometry: float) -> str:
        """Return one setting as SVG elements, each with the attribute `which` and a `data-shape` of page.js."""
        raise NotImplementedError

    def swatch(self) -> str:
        """Return what stands for the mark in a legend, as SVG elements in a box of 24 by 12."""
        return self.svg("", [(2, 6), (22, 6)], "")

    @property
    def ink(self) -> str:
        """Its colour as a CSS value, which follows the page's light and dark mode where the page has one."""
        return f"var(--c{self.color},{COLORS[self.color][0]})"


@dataclass(frozen=True)
class Curve(Mark):
    """A line through points.

    Attributes
    ----------
    x, y : ndarray, shape (n, *batch)
    label, color, panel
        See `Mark`.
    dots : bool
        Whether a dot marks each point.
    dashed : bool
    """

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    panel: int = 0
    dots: bool = False
    dashed: bool = False

    joined = True

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y."""
        return np.asarray(self.x), np.asarray(self.y)

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw a line."""
        style: dict[str, Any] = {
            "color": COLORS[self.color][0],
            "linestyle": "--" if self.dashed else "-",
            "linewidth": 1.6,
        }
        dots = {"marker": "o", "markersize": 3} if self.dots else {}
        return list(ax.plot(*self.points(), label=self.label, **(style | dots)))

    def describe(self) -> str:
        """Say from where to where the line goes."""
        x, y = np.broadcast_arrays(self.x, self.y)
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if not len(finite):
            return f"{self.label or 'curve'}: nothing to draw"
        first, last = finite[0], finite[-1]
        end = f"to {_point(x[last], y[last])}" + ("" if last == len(x) - 1 else ", then diverged")
        return f"{self.label or 'curve'} from {_point(x[first], y[first])} {end}"

    def svg(self, which: str, points: Pixels, words: str, **geometry: float) -> str:
        """Return a path, and another one for the dots."""
        line = "".join(f"{'L' if k else 'M'}{x:g} {y:g}" for k, (x, y) in enumerate(points))
        dash = ' stroke-dasharray="5 3"' if self.dashed else ""
        path = (
            f'<path{which} data-shape="line" fill="none" stroke="{self.ink}" stroke-width="1.6" '
            f'stroke-linejoin="round"{dash} d="{line}"/>'
        )
        return path + (_dots(which, points, self.ink, width=4) if self.dots else "")


@dataclass(frozen=True)
class Points(Mark):
    """Points that no line joins.

    Attributes
    ----------
    x, y : ndarray, shape (n, *batch)
    label, color, panel
        See `Mark`.
    """

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    panel: int = 0

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y."""
        return np.asarray(self.x), np.asarray(self.y)

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw the points."""
        return list(ax.plot(*self.points(), "o", color=COLORS[self.color][0], markersize=5, label=self.label))

    def describe(self) -> str:
        """Say where the points lie."""
        x, y = np.broadcast_arrays(self.x, self.y)
        if len(x) > 3:
            return f"{self.label or 'points'}: {len(x)} from {_point(x[0], y[0])} to {_point(x[-1], y[-1])}"
        return f"{self.label or 'point'} at " + ", ".join(_point(*at) for at in zip(x, y, strict=True))

    def svg(self, which: str, points: Pixels, words: str, **geometry: float) -> str:
        """Return a path of dots."""
        return _dots(which, points, self.ink, width=7)

    def swatch(self) -> str:
        """Return a dot."""
        return self.svg("", [(12, 6)], "")


@dataclass(frozen=True)
class Bars(Mark):
    """Bars that stand on the lower edge of the panel.

    Attributes
    ----------
    x, height : ndarray, shape (n, *batch)
        Where the bars stand, and up to where they reach.
    width : float
        Of each bar, in the units of x.
    label, color, panel
        See `Mark`.
    """

    x: ArrayLike
    height: ArrayLike
    width: float = 0.8
    label: str = ""
    color: int = 0
    panel: int = 0

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the middles of the upper edges."""
        return np.asarray(self.x), np.asarray(self.height)

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw the bars."""
        low = ax.get_ylim()[0]
        height = np.broadcast_to(self.height, np.shape(self.x))
        return list(ax.bar(self.x, height - low, self.width, low, color=COLORS[self.color][0], label=self.label))

    def describe(self) -> str:
        """Give the heights."""
        heights = np.broadcast_to(self.height, np.shape(self.x))
        return f"{self.label or 'bars'}: " + ", ".join(f"{h:.4g}" for h in heights)

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, float]:
        """Return how wide a bar is and where it stands."""
        _, _, width, height = box
        return {"width": round(self.width / (x[1] - x[0]) * width, 1), "floor": height}

    def svg(self, which: str, points: Pixels, words: str, **geometry: float) -> str:
        """Return a path of boxes."""
        width, floor = geometry["width"], geometry["floor"]
        bars = "".join(f"M{x - width / 2:g} {floor}V{y:g}h{width:g}V{floor}Z" for x, y in points)
        return f'<path{which} data-shape="bars" fill="{self.ink}" d="{bars}"/>'

    def swatch(self) -> str:
        """Return a bar."""
        return self.svg("", [(12, 1)], "", width=10, floor=12)


@dataclass(frozen=True)
class Text(Mark):
    """A text whose place and numbers may move.

    Attributes
    ----------
    x, y : float or ndarray, shape (*batch)
        Where its left end stands, on the base line.
    template : str
        The text, with a field for each number: "loss {:.3g}".
    values : tuple of float or ndarray, shape (*batch)
        The numbers; one that is not finite reads "diverged".
    color, panel
        See `Mark`.
    """

    x: ArrayLike
    y: ArrayLike
    template: str
    values: tuple = ()
    color: int = 5
    panel: int = 0

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the one point."""
        return np.asarray(self.x)[None], np.asarray(self.y)[None]

    def draw(self, ax: Axes) -> list[Artist]:
        """Write the text."""
        (x,), (y,) = self.points()
        return [ax.text(x, y, self.describe(), color=COLORS[self.color][0], fontsize=9, clip_on=True)]

    def describe(self) -> str:
        """Give the text."""
        return fill(self.template, self.values)

    def svg(self, which: str, points: Pixels, words: str, **geometry: float) -> str:
        """Return a text."""
        ((x, y),) = points
        font = 'font-size="12" font-family="system-ui,sans-serif"'
        return (
            f'<text{which} data-shape="text" x="{x:g}" y="{y:g}" fill="{self.ink}" {font}>{html.escape(words)}</text>'
        )


@dataclass(frozen=True)
class Readout(Mark):
    """A sentence below the picture, with its numbers: Readout("The loss ends at {:.3g}.", run.loss[-1]).

    Attributes
    ----------
    template : str
        The sentence, with a field for each number.
    values : tuple of float or ndarray, shape (*batch)
        The numbers; one that is not finite reads "diverged".
    """

    template: str
    values: tuple = ()

    panel = None

    def __init__(self, template: str, *values: Any) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "values", values)

    def draw(self, ax: Axes) -> list[Artist]:
        """Return no artist: it stands below the picture."""
        return []

    def describe(self) -> str:
        """Give the sentence."""
        return fill(self.template, self.values)


def check_marks(who: str, marks: Iterable[Any], panels: int) -> list[Mark]:
    """Return the marks as a list, or say which is no mark or stands on a panel that is not there."""
    marks = list(marks)
    for mark in marks:
        if not isinstance(mark, Mark):
            raise TypeError(f"{who}: there must be nothing but marks, such as a Curve; got {mark!r:.60}")
        if mark.panel is not None and mark.panel not in range(panels):
            kind = type(mark).__name__
            raise ValueError(f"{who}: a {kind} stands on panel {mark.panel}, but there are {panels} (0 is the first)")
    return marks


def on_panel(number: int, marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks that stand on a panel; a readout stands on none."""
    return [mark for mark in marks if mark.panel == number]


def fill(template: str, values: Iterable[Any]) -> str:
    """Fill the numbers into a template; one that is not finite reads "diverged"."""
    numbers = [_Diverged(v) if isinstance(v, float | np.floating) else v for v in map(_plain, values)]
    return template.format(*numbers)


class _Diverged(float):
    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if np.isfinite(self) else "diverged"


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def _point(x: float, y: float) -> str:
    return f"({x:.4g}, {y:.4g})"


def _dots(which: str, points: Pixels, ink: str, width: float) -> str:
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in points)
    return f'<path{which} data-shape="dots" stroke="{ink}" stroke-width="{width}" stroke-linecap="round" d="{dots}"/>'
