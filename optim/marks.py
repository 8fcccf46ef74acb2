"""What a picture shows: marks on a panel, such as a curve or bars, and the readout below it.

A mark owns its points and its kind: everything that tells one mark from another stands in its class. The same mark is
drawn by matplotlib (`draw`), told in words (`describe`), and drawn as SVG on the static page (`svg`); there
`explore/page.js` redraws it by the rule of the same name.

Shapes: the first axis of x and y is that of the points, of length n, or 1 where all points share the number. Behind it
stand the batch axes, one for each slider of an explorable; they broadcast. A still picture has none: its arrays have
the shape (n,).

A mark that shows a method has the look of that method (see `optim.looks`); its label or the run it comes from names the
method. Any other has the colour of its number.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from optim.looks import LOOKS, NUMBERED, PLACES, Look, looks_of, outline

__all__ = ["Bars", "Curve", "Mark", "Outcome", "Points", "Readout", "Text"]

COLORS = tuple((look.light, look.dark) for look in NUMBERED)  # by number, on a light and on a dark page

LINE = 2  # how wide a curve is, in CSS pixels
POINT = 0.75  # of a CSS pixel: matplotlib's unit

Pixels = Sequence[tuple[float, float]]  # points as (x, y), from the upper left corner of the axes


class Mark:
    """What every mark has; to add one, subclass this and give `explore/page.js` the rule of its shape.

    Attributes
    ----------
    label : str
        Its name in the legend; without one it is not listed. A mark without a name that has the method or the colour of
        one with a name belongs to it, and both look the same.
    color : int
        The number of its colour, if it shows no method.
    panel : int or None
        The number of the panel on which it stands, 0 for the first; None for what stands below the picture.
    method : str
        The method that it shows, where its label does not begin with one.
    look, series : int or None, int
        What `dress` finds: the number of its method's look, and which marks belong together.
    steps : array_like or None
        The step of each point, shape (n,); None where the points are no steps.
    told : dict of str to array_like
        Beside its place, what a reader who points at a step is told: a loss, a memory; each of shape (n, *batch).
    template, values : str or None, tuple
        Its text, if it has one, and the numbers to fill in, each of shape (*batch).
    joined : bool
        Whether a line joins its points; such a line is cut where it leaves the page.
    """

    label: str = ""
    color: int = 0
    panel: int | None = 0
    method: str = ""
    look: int | None = None
    series: int = -1
    dashed: bool = False
    steps: Any = None
    told: Any = None
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

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Return what beside its points its shape is made from, in pixels, for the limits of x and the axes' box."""
        return {}

    def row(self) -> tuple[str, int, int]:
        """Return how its text stands in a table; see `Readout.row`."""
        return "", 0, 0

    def svg(self, which: str, points: Pixels, words: str, **geometry: Any) -> str:
        """Return one setting as SVG elements, each with the attribute `which` and a `data-shape` of page.js."""
        raise NotImplementedError

    def swatch(self) -> str:
        """Return what stands for the mark in a legend, as SVG elements in a box of 24 by 12."""
        return self.svg("", [(2, 6), (22, 6)], "")

    @property
    def style(self) -> Look:
        """How it looks: its method's look, or that of its number."""
        return NUMBERED[self.color] if self.look is None else LOOKS[self.look]

    @property
    def ink(self) -> str:
        """Its colour as a CSS value, which follows the page's light and dark mode where the page has one."""
        name = f"c{self.color}" if self.look is None else f"m{self.look}"
        return f"var(--{name},{self.style.light})"


@dataclass(frozen=True)
class Curve(Mark):
    """A line through points.

    Attributes
    ----------
    x, y : ndarray, shape (n, *batch)
    label, color, panel, method, steps, told
        See `Mark`.
    dots : bool
        Whether a marker stands at each point.
    dashed : bool
        Whether it has short dashes, as a bound or a comparison has, instead of those of its look.
    halo : bool
        Whether a pale rim sets it off from a landscape.
    """

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    panel: int = 0
    dots: bool = False
    dashed: bool = False
    halo: bool = False
    method: str = ""
    steps: ArrayLike | None = None
    told: dict[str, ArrayLike] = field(default_factory=dict)
    look: int | None = None
    series: int = -1

    joined = True

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y."""
        return np.asarray(self.x), np.asarray(self.y)

    @property
    def dash(self) -> str:
        """Its strokes and gaps, as SVG has them."""
        return "5 3" if self.dashed else self.style.dash

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw a line."""
        width = LINE * POINT
        style: dict[str, Any] = {"color": self.style.light, "linewidth": width}
        if self.dash:
            style["linestyle"] = (0, tuple(float(part) * POINT / width for part in self.dash.split()))
        if self.dots:
            style |= {"marker": _marker(self.style), "markersize": 3.6}
        rim: dict[str, Any] = {
            "color": "white",
            "alpha": 0.75,
            "linewidth": width + 2.2,
            "label": "_rim",
        }  # matplotlib lists no _name
        below = ax.plot(*self.points(), **rim) if self.halo else []
        return [*below, *ax.plot(*self.points(), label=self.label, **style)]

    def describe(self) -> str:
        """Say from where to where the line goes."""
        x, y = np.broadcast_arrays(self.x, self.y)
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if not len(finite):
            return f"{self.label or 'curve'}: nothing to draw"
        first, last = finite[0], finite[-1]
        end = f"to {_point(x[last], y[last])}" + ("" if last == len(x) - 1 else ", then diverged")
        return f"{self.label or 'curve'} from {_point(x[first], y[first])} {end}"

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Return the outline of its marker."""
        return {"marker": outline(self.style.marker, 2.3)} if self.dots else {}

    def svg(self, which: str, points: Pixels, words: str, **geometry: Any) -> str:
        """Return a path, one below it for the halo, and one above it for the markers."""
        line = "".join(f"{'L' if k else 'M'}{x:g} {y:g}" for k, (x, y) in enumerate(points))
        shape = f'{which} data-shape="line" fill="none" stroke-linejoin="round"'
        dash = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        below = f'<path{shape} class="halo" stroke-width="{LINE + 3}" d="{line}"/>' if self.halo else ""
        path = f'<path{shape} stroke="{self.ink}" stroke-width="{LINE}"{dash} d="{line}"/>'
        return below + path + (_dots(which, points, self.ink, geometry["marker"]) if self.dots else "")

    def swatch(self) -> str:
        """Return a short line, with the marker if there is one."""
        line = replace(self, dots=False, halo=False).svg("", [(1, 6), (31, 6)], "")
        return line + (_dots("", [(16, 6)], self.ink, outline(self.style.marker, 4)) if self.dots else "")


@dataclass(frozen=True)
class Points(Mark):
    """Points that no line joins.

    Attributes
    ----------
    x, y : ndarray, shape (n, *batch)
    label, color, panel, method
        See `Mark`.
    """

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    panel: int = 0
    method: str = ""
    look: int | None = None
    series: int = -1

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y."""
        return np.asarray(self.x), np.asarray(self.y)

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw the points."""
        marker = _marker(self.style)
        return list(ax.plot(*self.points(), marker, color=self.style.light, markersize=6, label=self.label))

    def describe(self) -> str:
        """Say where the points lie."""
        x, y = np.broadcast_arrays(self.x, self.y)
        if len(x) > 3:
            return f"{self.label or 'points'}: {len(x)} from {_point(x[0], y[0])} to {_point(x[-1], y[-1])}"
        return f"{self.label or 'point'} at " + ", ".join(_point(*at) for at in zip(x, y, strict=True))

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Return the outline of its marker."""
        return {"marker": outline(self.style.marker, 3.5)}

    def svg(self, which: str, points: Pixels, words: str, **geometry: Any) -> str:
        """Return a path of markers."""
        return _dots(which, points, self.ink, geometry["marker"])

    def swatch(self) -> str:
        """Return a marker."""
        return self.svg("", [(16, 6)], "", marker=outline(self.style.marker, 4))


@dataclass(frozen=True)
class Bars(Mark):
    """Bars that stand on the lower edge of the panel.

    Attributes
    ----------
    x, height : ndarray, shape (n, *batch)
        Where the bars stand, and up to where they reach.
    width : float
        Of each bar, in the units of x.
    label, color, panel, method
        See `Mark`.
    """

    x: ArrayLike
    height: ArrayLike
    width: float = 0.8
    label: str = ""
    color: int = 0
    panel: int = 0
    method: str = ""
    look: int | None = None
    series: int = -1

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the middles of the upper edges."""
        return np.asarray(self.x), np.asarray(self.height)

    def draw(self, ax: Axes) -> list[Artist]:
        """Draw the bars."""
        low = ax.get_ylim()[0]
        height = np.broadcast_to(self.height, np.shape(self.x))
        return list(ax.bar(self.x, height - low, self.width, low, color=self.style.light, label=self.label))

    def describe(self) -> str:
        """Give the heights."""
        heights = np.broadcast_to(self.height, np.shape(self.x))
        return f"{self.label or 'bars'}: " + ", ".join(f"{h:.4g}" for h in heights)

    def geometry(self, x: tuple[float, float], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Return how wide a bar is and where it stands."""
        _, _, width, height = box
        return {"width": round(self.width / (x[1] - x[0]) * width, 1), "floor": height}

    def svg(self, which: str, points: Pixels, words: str, **geometry: Any) -> str:
        """Return a path of boxes."""
        width, floor = geometry["width"], geometry["floor"]
        bars = "".join(f"M{x - width / 2:g} {floor}V{y:g}h{width:g}V{floor}Z" for x, y in points)
        return f'<path{which} data-shape="bars" fill="{self.ink}" d="{bars}"/>'

    def swatch(self) -> str:
        """Return a bar."""
        return self.svg("", [(16, 1)], "", width=10, floor=12)


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
        The numbers; one that is not finite, or huge, reads "diverged".
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
        return [ax.text(x, y, self.describe(), color=self.style.light, fontsize=9, clip_on=True)]

    def describe(self) -> str:
        """Give the text."""
        return fill(self.template, self.values)

    def svg(self, which: str, points: Pixels, words: str, **geometry: Any) -> str:
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
        The numbers; one that is not finite, or huge, reads "diverged".
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

    def row(self) -> tuple[str, int, int]:
        """Return how the sentence stands in a table: a name, and between which characters its number is.

        A sentence with several numbers, or with words behind its number, is no row: its name is empty.

        Examples
        --------
        >>> readout = Readout("The loss ends at {:.3g}.", 0.0118)
        >>> name, start, end = readout.row()
        >>> name, readout.describe()[start:end]
        ('The loss ends at', '0.0118')
        """
        found = re.fullmatch(r"([^{}]+)\{[^{}]*\}([^{}]{0,8}?)(\.?)", self.template)
        if not found:
            return "", 0, 0
        before, _, stop = found.groups()
        return before.rstrip(" :="), len(before), -1 if stop else 0


@dataclass(frozen=True)
class Outcome(Mark):
    """What comes of each setting, as a map over two sliders: Outcome("loss after 60 steps", run.loss[-1]).

    An explorable with two sliders shows it as a pad: bluer where it is lower, hatched where it diverged. The
    reader drags a handle over it instead of moving one slider after the other.

    Attributes
    ----------
    label : str
        What it is.
    value : float or ndarray, shape (*batch)
    """

    label: str = ""
    value: ArrayLike = np.nan

    panel = None

    def draw(self, ax: Axes) -> list[Artist]:
        """Return no artist: it stands beside the panels."""
        return []

    def describe(self) -> str:
        """Give the number."""
        return fill(f"{self.label}: {{:.3g}}", (self.value,))


def bands(values: np.ndarray, count: int = 12) -> np.ndarray:
    """Return in which of bands of equal area each value lies, 0 where it is lowest; `count` where it diverged.

    Examples
    --------
    >>> bands(np.array([1.0, 10.0, 100.0, np.nan]), 3)
    array([0, 1, 2, 3])
    """
    values = np.asarray(values, float)
    finite = np.abs(values) < HUGE  # as in a readout
    if not finite.any():
        return np.full(values.shape, count)
    levels = np.quantile(values[finite], np.linspace(0, 1, count + 1)[1:-1])
    return np.where(finite, np.searchsorted(levels, values), count)


def dress(marks: Iterable[Mark]) -> list[Mark]:
    """Give each mark of a picture its look, and tell which belong together.

    Examples
    --------
    >>> x = np.zeros(2)
    >>> marks = Curve(x, x, "Adam"), Curve(x, x, "SGD", color=1), Curve(x, x, color=1, panel=1), Curve(x, x, "a bound")
    >>> [(mark.look, mark.series) for mark in dress(marks)]
    [(4, 0), (0, 1), (0, 1), (None, 2)]
    """
    marks = list(marks)
    named: dict[tuple[str, int, str], int] = {}  # by method, number and label: the number of the series
    of_mark: list[int | None] = [None] * len(marks)
    for k, mark in enumerate(marks):
        if mark.panel is None or not mark.label:
            continue
        key = (_method(mark), mark.color, mark.label)
        same = [number for (method, color, _), number in named.items() if method and (method, color) == key[:2]]
        number = same[0] if mark.dashed and same else named.setdefault(key, len(set(named.values())))
        of_mark[k] = named[key] = number
    for k, mark in enumerate(marks):
        if mark.panel is None or mark.label:
            continue
        method = _method(mark)
        alike = [number for (name, color, _), number in named.items() if color == mark.color and method in ("", name)]
        of_mark[k] = alike[0] if alike else named.setdefault((method, mark.color, ""), len(set(named.values())))
    methods: dict[int, str] = {}
    for (method, _, _), number in named.items():
        if method:
            methods.setdefault(number, method)
    looks = dict(zip(methods, looks_of(list(methods.values())), strict=True))
    return [
        mark if number is None else _dressed(mark, looks.get(number), number)
        for mark, number in zip(marks, of_mark, strict=True)
    ]


def _method(mark: Mark) -> str:
    """Return the method that a mark shows: the one with which its label begins, else that of its run."""
    first, *_ = re.findall(r"\w*", mark.label)
    return first if first in PLACES else mark.method


def _dressed(mark: Any, look: int | None, series: int) -> Mark:
    """Return the mark with a look; a mark of one's own may have none."""
    dressed: Mark = replace(mark, look=look, series=series) if "look" in _fields(mark) else mark
    return dressed


def _fields(mark: Any) -> Iterable[str]:
    return getattr(mark, "__dataclass_fields__", ())


def legend(marks: Iterable[Mark]) -> str:
    """Return the labels of the marks, each beside a swatch of what is drawn, as HTML.

    It needs no style sheet, since there is none in JupyterLab. On the page an entry is a button: it shows its marks
    alone.
    """
    named: dict[str, Mark] = {}
    for mark in marks:
        if mark.label and mark.panel is not None:
            named.setdefault(mark.label, mark)
    box = 'viewBox="0 0 32 12" width="32" height="12" aria-hidden="true" style="flex:none"'
    look = "display:flex;align-items:center;gap:.4em;font:inherit;color:inherit;background:none;border:0;padding:.2em 0"
    items = "".join(
        f'<li style="margin:0"><button type="button" data-alone="{mark.series}" aria-pressed="false" style="{look}">'
        f"<svg {box}>{mark.swatch()}</svg><span>{subscripts(label)}</span></button></li>"
        for label, mark in named.items()
    )
    style = "display:flex;flex-wrap:wrap;gap:0 1.2em;list-style:none;margin:0;padding:0"
    return f'<ul class="legend" style="{style}">{items}</ul>' if items else ""


def subscripts(text: str) -> str:
    """Return a text as HTML, with the index of a symbol such as λmax set low."""
    return re.sub("λ(max|min)", r"λ<sub>\1</sub>", html.escape(text))


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
    """Fill the numbers into a template, those that are no use to a reader in words.

    Examples
    --------
    >>> fill("{:.3g}, {:.3g}, {:.3g} and {:.2f}", (0.1234, np.nan, 1e-154, 1e-154))
    '0.123, diverged, < 1e-12 and 0.00'
    """
    numbers = [_Number(v) if isinstance(v, float | np.floating) else v for v in map(_plain, values)]
    return template.format(*numbers)


HUGE, TINY = 1e12, 1e-12  # beyond these a loss has diverged, or its digits say nothing


class _Number(float):
    def __format__(self, spec: str) -> str:
        if not abs(self) < HUGE:
            return "diverged"
        if 0 < abs(self) < TINY and not spec.endswith(("f", "%")):
            return f"< {TINY:.0e}" if self > 0 else f"> -{TINY:.0e}"
        return format(float(self), spec)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def _point(x: float, y: float) -> str:
    return f"({x:.4g}, {y:.4g})"


def _marker(look: Look) -> str:
    return {"P": "p"}.get(look.marker, look.marker)  # a pentagon, which matplotlib writes small


def _dots(which: str, points: Pixels, ink: str, marker: str) -> str:
    dots = "".join(f"M{x:g} {y:g}{marker}" for x, y in points)
    return f'<path{which} data-shape="dots" fill="{ink}" d="{dots}"/>'
