"""Pictures: panels, the marks on them (see `optim.marks`), and in words what they show.

A panel is a pair of axes, a landscape if it has a loss. The same panels and marks make a still picture here and a
moving one in `optim.explore`.
"""

from __future__ import annotations

import base64
import html
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike
from PIL import Image

from optim.looks import VEIL
from optim.losses import Loss
from optim.marks import Bars, Curve, Mark, Outcome, Points, Readout, Text, bands, check_marks, dress, on_panel
from optim.run import Trajectory

__all__ = [
    "Bars",
    "Curve",
    "Outcome",
    "Panel",
    "Picture",
    "Points",
    "Readout",
    "Text",
    "align_axes",
    "landscape",
    "loss_curve",
    "path",
    "picture",
]

SCALE = 2  # device pixels a CSS pixel, for sharp pictures on a phone
MARGINS = {"left": 60, "right": 18, "bottom": 42, "top": 26}  # CSS pixels around the axes
GRID = 160  # places along each axis at which a landscape is computed; between them it is interpolated
BANDS = 14  # of equal area, in which a landscape is shown


@dataclass(frozen=True)
class Panel:
    """A pair of axes with fixed limits.

    Attributes
    ----------
    x, y : (float, float)
        The limits.
    xlabel, ylabel, title : str
    xlog, ylog : bool
        Whether an axis is logarithmic.
    loss : Loss, optional
        The landscape to show in bands, bluer where it is lower, with its minima.
    width, height : int
        Size in CSS pixels, margins included.
    xticks : dict, optional
        Labels to show at given places instead of numbers.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    xlabel: str = ""
    ylabel: str = ""
    title: str = ""
    xlog: bool = False
    ylog: bool = False
    loss: Loss | None = None
    width: int = 360
    height: int = 300
    xticks: dict[float, str] | None = None

    def __post_init__(self) -> None:
        """Refuse limits that no axis can have."""
        for name, (low, high), log in (("x", self.x, self.xlog), ("y", self.y, self.ylog)):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise ValueError(f"Panel: {name} must be (low, high) with low < high; got ({low}, {high})")
            if log and low <= 0:
                raise ValueError(f"Panel: {name} is logarithmic, so its limits must be positive; got ({low}, {high})")

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The axes inside the panel, as (left, top, width, height) in CSS pixels."""
        m = MARGINS
        top = m["top"] if self.title else m["right"] // 2
        return m["left"], top, self.width - m["left"] - m["right"], self.height - top - m["bottom"]

    def pixels(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return where the point (x, y) lies, in CSS pixels from the upper left corner of the axes."""
        _, _, width, height = self.box
        along = _fraction(x, self.x, self.xlog)
        up = _fraction(y, self.y, self.ylog)
        return along * width, (1 - up) * height

    def values(self, along: ArrayLike, up: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y at a share of the way along the axes, 0 to 1 from the lower left corner."""
        return _between(along, self.x, self.xlog), _between(up, self.y, self.ylog)

    @property
    def ticks(self) -> tuple[dict[float, str], dict[float, str]]:
        """What is written at which places of x and of y: round numbers."""
        return self.xticks or ticks(self.x, self.xlog, 6), ticks(self.y, self.ylog, 6)

    def ground(self, scale: float = SCALE) -> Image.Image:
        """Return the landscape, without axes, with so many device pixels a CSS pixel.

        It is a veil of blue, thicker where the loss is lower, for a light and a dark page alike.
        """
        width, height = (round(scale * size) for size in self.box[2:])
        along = (np.arange(GRID) + 0.5) / GRID
        x, y = self.values(along, 1 - along)
        if self.loss is None:
            raise ValueError("Panel: there is no landscape")
        height_at = self.loss.value(np.stack(np.meshgrid(x, y)))
        ranks = np.searchsorted(np.sort(height_at, axis=None), height_at) / height_at.size  # of any heights, even ones
        smooth = Image.fromarray(ranks.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        band = bands(np.asarray(smooth), BANDS)
        edge = np.zeros(band.shape, bool)
        edge[1:] |= band[1:] != band[:-1]
        edge[:, 1:] |= band[:, 1:] != band[:, :-1]
        shades = np.clip(1 - np.arange(BANDS + 1) / (BANDS - 1), 0, 1) * VEIL[1]
        alphas = [*shades, *np.minimum(shades + 0.15, 0.4)]
        image = Image.fromarray((band + (BANDS + 1) * edge).astype(np.uint8), "P")
        image.putpalette([int(VEIL[0][k : k + 2], 16) for k in (1, 3, 5)] * len(alphas))
        image.info["transparency"] = bytes(round(255 * alpha) for alpha in alphas)
        return image

    def figure(self) -> Figure:
        """Return a matplotlib figure with the axes and the landscape, and nothing that moves."""
        fig = Figure((self.width / 96, self.height / 96), dpi=96 * SCALE, facecolor="white")
        FigureCanvasAgg(fig)
        left, top, width, height = self.box
        bottom = self.height - top - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        ax = fig.add_axes(box, facecolor="none")
        ax.set_title(_mathtext(self.title), fontsize=9)
        ax.set_xlabel(_mathtext(self.xlabel), fontsize=9)
        ax.set_ylabel(_mathtext(self.ylabel), fontsize=9)
        if self.xlog:
            ax.set_xscale("log")
        if self.ylog:
            ax.set_yscale("log")
        ax.set(xlim=self.x, ylim=self.y)
        for axis, places in zip((ax.xaxis, ax.yaxis), self.ticks, strict=True):
            axis.set_ticks(list(places), list(places.values()))
            axis.set_minor_locator(NullLocator())
        ax.tick_params(labelsize=8.5, length=3)
        if self.loss is None:
            ax.grid(color="#888888", alpha=0.25, linewidth=0.6)
        else:
            ground = np.asarray(self.ground().convert("RGBA"))
            fig.figimage(ground, left * SCALE, bottom * SCALE, zorder=-1)
        return fig


def ticks(limits: tuple[float, float], log: bool, most: int) -> dict[float, str]:
    """Return round numbers between two limits, at most so many, and how they are written.

    Examples
    --------
    >>> ticks((0, 60), False, 6)
    {0.0: '0', 10.0: '10', 20.0: '20', 30.0: '30', 40.0: '40', 50.0: '50', 60.0: '60'}
    >>> ticks((1e-6, 1e4), True, 6)
    {1e-06: '10⁻⁶', 0.0001: '10⁻⁴', 0.01: '0.01', 1.0: '1', 100.0: '100', 10000.0: '10⁴'}
    """
    low, high = limits
    if log:
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last - first < 1:
            places = [m * 10.0**p for p in range(first - 1, last + 1) for m in (1, 2, 5)]
            return {place: f"{place:g}" for place in places if low <= place <= high}
        every = -(-(last - first + 1) // most)
        powers = [p for p in range(first, last + 1) if p % every == 0]
        return {float(f"1e{p}"): _power(p) for p in powers}
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough * 0.999)
    places = [
        float(f"{k * step:.10g}") for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]
    return {place + 0.0: f"{place + 0.0:g}".replace("-", "−") for place in places}


def _power(p: int) -> str:
    if -2 <= p <= 3:
        return f"{10.0**p:g}"
    return "10" + str(p).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


class Picture:
    """A still picture and what it shows in words.

    `caption` stands below it; `text`, which adds the key numbers, is its alternative text and what nbval compares. On a
    phone several panels stand one below the other.
    """

    def __init__(self, figures: Sequence[Figure], caption: str, text: str, legend: Figure | None = None) -> None:
        self.caption, self.text, self._figures, self._legend = caption, text, figures, legend

    @property
    def png(self) -> bytes:
        """The panels side by side, and the legend below them."""
        return png(*self._figures, below=self._legend)

    @property
    def html(self) -> str:
        """The panels as pictures that wrap, and the caption."""
        shown = [(fig, "1 1 300px") for fig in self._figures]
        if self._legend:  # in a row of its own: beside a panel it would take half of its room
            shown.append((self._legend, "1 0 100%"))
        panels = "".join(
            f'<img alt="" src="{data_address(fig)}" style="flex:{flex};min-width:0;max-width:{_width(fig)}px">'
            for fig, flex in shown
        )
        return (
            f'<figure class="picture"><div role="img" aria-label="{html.escape(self.text)}" '
            f'style="display:flex;flex-wrap:wrap;gap:.5em">{panels}</div>'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = {"image/png": self.png, "text/html": self.html, "text/plain": self.text}
        return bundle, {"image/png": {"width": sum(map(_width, self._figures))}}

    def __repr__(self) -> str:
        """Give the words."""
        return self.text


def landscape(loss: Loss, **changes: Any) -> Panel:
    """Return a panel that shows `loss` in its frame, with its minima.

    Both axes have the same scale, so that a gradient is seen at right angles to the contours: the frame is widened to
    the shape of the panel, unless `changes` give x or y.
    """
    if loss.frame is None:
        raise ValueError(f"landscape: {loss.name} has no frame to be drawn in; only losses of two parameters have one")
    x, y = loss.frame
    settings: dict[str, Any] = {"x": x, "y": y, "xlabel": r"$\theta_1$", "ylabel": r"$\theta_2$", "loss": loss}
    panel = Panel(**(settings | changes))
    if {"x", "y", "xlog", "ylog"} & set(changes):
        return panel
    _, _, width, height = panel.box
    unit = max((x[1] - x[0]) / width, (y[1] - y[0]) / height)
    return replace(panel, x=_widened(x, unit * width), y=_widened(y, unit * height))


def path(run: Trajectory, **style: Any) -> Curve:
    """Return the curve of a trajectory through its first two parameters, a marker at each step.

    It looks as its method does everywhere, and a reader who points at it is told the step and the loss there.
    """
    known: dict[str, Any] = {"dots": True, "halo": True, "method": _rule(run)}
    if len(run.theta) == len(run.loss):  # of a path that was thinned nobody knows the steps
        known |= {"steps": np.arange(len(run.loss)), "told": {"L": run.loss}}
    return Curve(run.theta[:, 0], run.theta[:, 1], **(known | style))


def loss_curve(run: Trajectory, **style: Any) -> Curve:
    """Return the curve of a trajectory's loss over the steps."""
    steps = np.arange(len(run.loss))
    return Curve(steps, run.loss, **({"method": _rule(run), "steps": steps} | style))


def _rule(run: Trajectory) -> str:
    return re.findall(r"\w*", run.rule)[0]


def steps_of(mark: Mark, panel: Panel) -> np.ndarray | None:
    """Return the step of each point of a mark: what it says itself, or its x over an axis of steps; else None."""
    if mark.steps is not None:
        return np.asarray(mark.steps)
    if not mark.joined or not panel.xlabel.startswith("step"):
        return None
    x, _ = mark.points()
    x = x.reshape(len(x), -1)
    if len(x) < 3 or x.shape[1] > 1 or (x != np.rint(x)).any() or (np.diff(x[:, 0]) <= 0).any():
        return None
    return x[:, 0].astype(int)


def _widened(limits: tuple[float, float], size: float) -> tuple[float, float]:
    middle = (limits[0] + limits[1]) / 2
    return middle - size / 2, middle + size / 2


def align_axes(values: ArrayLike, *settings: ArrayLike) -> np.ndarray:
    """Return `values` with a further axis for each axis of the settings, so that a curve broadcasts with sliders.

    Examples
    --------
    >>> eta = np.array([0.1, 0.2, 0.3])  # three settings of a slider
    >>> (eta * align_axes(np.arange(5), eta)).shape
    (5, 3)
    >>> (0.1 * align_axes(np.arange(5), 0.1)).shape
    (5,)
    """
    axes = len(np.broadcast_shapes(*(np.shape(setting) for setting in settings)))
    return np.reshape(values, (-1,) + (1,) * axes)


def picture(panels: Panel | Iterable[Panel], marks: Iterable[Mark], caption: str) -> Picture:
    """Draw marks on panels side by side.

    Parameters
    ----------
    panels : Panel or list of Panel
    marks : list of marks
        Each stands on the panel whose number it bears.
    caption : str
        What the picture shows, in a sentence; the key numbers of the marks are added to it.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If there is something that is no mark, or a mark stands on a panel that is not there.

    Examples
    --------
    >>> from optim import ravine, minimize, SGD
    >>> loss = ravine(20)
    >>> run = minimize(loss, loss.start, SGD(0.09), 50)
    >>> picture(landscape(loss), [path(run, label="SGD")], "A path on the ravine.")
    A path on the ravine. SGD from (-2, 0.5) to (-0.01791, 7.136e-06).
    """
    panels = [panels] if isinstance(panels, Panel) else list(panels)
    marks = dress(check_marks("picture", marks, len(panels)))
    figures = []
    for number, panel in enumerate(panels):
        fig = panel.figure()
        draw(fig.axes[0], on_panel(number, marks), panel)
        figures.append(fig)
    return Picture(figures, caption, describe(caption, marks), _legend(figures))


def draw(ax: Axes, marks: Iterable[Mark], panel: Panel | None = None) -> list[Artist]:
    """Draw marks on matplotlib axes, the minima of a panel's landscape on top, and return the artists."""
    artists = [artist for mark in marks for artist in mark.draw(ax)]
    if panel is not None and panel.loss is not None:
        artists += _stars(ax, panel)
    return artists


def describe(caption: str, marks: Iterable[Mark]) -> str:
    """Return the sentence `caption`, followed by the key numbers of the marks."""
    return " ".join([caption, *(mark.describe().rstrip(".") + "." for mark in marks)])


def png(*figures: Figure, below: Figure | None = None, colors: int = 96) -> bytes:
    """Return the figures side by side, one below them, as a PNG with a palette: a third of the size without one."""
    row = _joined([_pixels(fig) for fig in figures], axis=1)
    if below is not None:
        row = _joined([row, _pixels(below)], axis=0)
    image = Image.fromarray(row)
    image = image.quantize(colors, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = np.array(image.getpalette())
    image.putpalette(np.where(palette > 253, 255, palette).tolist())  # the quantizer greys white a little
    out = io.BytesIO()
    image.save(out, "png", optimize=True)
    return out.getvalue()


def data_address(fig: Figure, colors: int = 96) -> str:
    """Return a figure as an address that holds the whole picture."""
    return f"data:image/png;base64,{base64.b64encode(png(fig, colors=colors)).decode()}"


def image_address(image: Image.Image) -> str:
    """Return a picture as an address that holds all of it."""
    out = io.BytesIO()
    image.save(out, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def _pixels(fig: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3]


def _joined(images: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """Join pictures along an axis; what is smaller across is filled with white."""
    across = max(image.shape[1 - axis] for image in images)
    padded = []
    for image in images:
        missing = [(0, 0), (0, 0), (0, 0)]
        missing[1 - axis] = (0, across - image.shape[1 - axis])
        padded.append(np.pad(image, missing, constant_values=255))
    return np.concatenate(padded, axis=axis)


def _legend(figures: Sequence[Figure]) -> Figure | None:
    """Return the labels of all that is drawn, each once, as a strip no wider than one panel."""
    named: dict[str, Artist] = {}
    for fig in figures:
        for artist, label in zip(*fig.axes[0].get_legend_handles_labels(), strict=True):
            named.setdefault(_mathtext(label), artist)
    if not named:
        return None
    width = max(map(_width, figures))  # on a phone the panels are stacked
    look: dict[str, Any] = {
        "loc": "center left",
        "bbox_to_anchor": (MARGINS["left"] / width - 0.01, 0.5),
        "frameon": False,
    }
    look |= {"handlelength": 3, "columnspacing": 1.5, "borderaxespad": 0, "labelspacing": 0.4}
    for columns in range(len(named), 0, -1):  # as many as fit
        rows = -(-len(named) // columns)
        fig = Figure((width / 96, (8 + 19 * rows) / 96), dpi=96 * SCALE, facecolor="white")
        legend = fig.legend(named.values(), named.keys(), fontsize=9, ncols=columns, **look)
        if legend.get_window_extent(FigureCanvasAgg(fig).get_renderer()).x1 <= fig.bbox.x1:
            break
    return fig


def _stars(ax: Axes, panel: Panel) -> list[Artist]:
    """Draw the minima of a landscape, on top of everything, and name the first."""
    rim = [withStroke(linewidth=2.5, foreground="white")]
    artists: list[Artist] = []
    minima = panel.loss.minima if panel.loss is not None else ()
    inside = [m for m in minima if panel.x[0] <= m[0] <= panel.x[1] and panel.y[0] <= m[1] <= panel.y[1]]
    for x, y in inside:
        ink = "#1a1a1a"
        artists += ax.plot(x, y, "*", color=ink, markersize=9, path_effects=rim, zorder=5)
    if inside:
        below: dict[str, Any] = {
            "xytext": (0, -7),
            "textcoords": "offset points",
            "ha": "center",
            "va": "top",
            "zorder": 6,
        }
        artists.append(
            ax.annotate("minimum", (inside[0][0], inside[0][1]), fontsize=8, color=ink, path_effects=rim, **below)
        )
    return artists


def plain(text: str) -> str:
    r"""Return a label without mathtext's signs.

    Examples
    --------
    >>> plain(r"$\theta_1$")
    'θ₁'
    """
    for tex, sign in (("$", ""), (r"\theta", "θ"), (r"\eta", "η"), ("_1", "₁"), ("_2", "₂")):
        text = text.replace(tex, sign)
    return text


def _mathtext(text: str) -> str:
    return re.sub("λ(max|min)", r"$\\lambda_{\\rm \1}$", text)


def _width(fig: Figure) -> int:
    return round(fig.get_figwidth() * 96)  # CSS pixels


def _fraction(value: ArrayLike, limits: tuple[float, float], log: bool) -> np.ndarray:
    """Return where value lies between the limits, 0 at the first and 1 at the second."""
    if log:  # nothing positive is left of zero: it lies below every frame
        value, limits = np.log10(np.maximum(value, np.finfo(float).tiny)), tuple(np.log10(limits))
    low, high = limits
    return (np.asarray(value, float) - low) / (high - low)


def _between(share: ArrayLike, limits: tuple[float, float], log: bool) -> np.ndarray:
    """Return what lies at a share of the way between the limits."""
    low, high = np.log10(limits) if log else limits
    value = low + np.asarray(share) * (high - low)
    return 10**value if log else value
