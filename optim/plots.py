"""Pictures: panels, the marks on them (see `optim.marks`), and in words what they show.

A panel is a pair of axes, a landscape if it has a loss. The same panels and marks make a still picture here and a
moving one in `optim.explore`.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from PIL import Image

from optim.losses import Loss
from optim.marks import Bars, Curve, Mark, Points, Readout, Text, check_marks, on_panel
from optim.run import Trajectory

__all__ = [
    "Bars",
    "Curve",
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
MARGINS = {"left": 58, "right": 12, "bottom": 44, "top": 28}  # CSS pixels around the axes


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
        The landscape to show as contours, with its minima.
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
        return m["left"], m["top"], self.width - m["left"] - m["right"], self.height - m["top"] - m["bottom"]

    def pixels(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return where the point (x, y) lies, in CSS pixels from the upper left corner of the axes."""
        _, _, width, height = self.box
        along = _fraction(x, self.x, self.xlog)
        up = _fraction(y, self.y, self.ylog)
        return along * width, (1 - up) * height

    def figure(self) -> Figure:
        """Return a matplotlib figure with the axes and the landscape, and nothing that moves."""
        fig = Figure((self.width / 96, self.height / 96), dpi=96 * SCALE, facecolor="white")
        FigureCanvasAgg(fig)
        left, top, width, height = self.box
        bottom = self.height - top - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        ax = fig.add_axes(box, facecolor="none")
        ax.set(xlabel=self.xlabel, ylabel=self.ylabel)
        ax.set_title(self.title, fontsize=10)
        if self.xlog:
            ax.set_xscale("log")
        if self.ylog:
            ax.set_yscale("log")
        ax.set(xlim=self.x, ylim=self.y)
        if self.xticks:
            ax.set_xticks(list(self.xticks), list(self.xticks.values()))
        ax.tick_params(labelsize=9)
        for axis, log in ((ax.xaxis, self.xlog), (ax.yaxis, self.ylog)):
            if not log and not (axis is ax.xaxis and self.xticks):
                axis.set_major_locator(MaxNLocator(5))
        if self.loss is None:
            ax.grid(color="#888888", alpha=0.25, linewidth=0.6)
        else:
            _contours(ax, self.loss)
        return fig


class Picture:
    """A still picture and what it shows in words.

    `caption` stands below it; `text`, which adds the key numbers, is its alternative text and what nbval compares. On a
    phone several panels stand one below the other.
    """

    def __init__(self, figures: Sequence[Figure], caption: str, text: str) -> None:
        self.png, self.caption, self.text, self._figures = png(*figures), caption, text, figures

    @property
    def html(self) -> str:
        """The panels as pictures that wrap, and the caption."""
        panels = "".join(
            f'<img alt="" src="{data_address(fig)}" style="flex:1 1 300px;min-width:0;max-width:{_width(fig)}px">'
            for fig in self._figures
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
    """Return a panel that shows `loss` in its frame, with contours and minima."""
    if loss.frame is None:
        raise ValueError(f"landscape: {loss.name} has no frame to be drawn in; only losses of two parameters have one")
    x, y = loss.frame
    settings: dict[str, Any] = {"x": x, "y": y, "xlabel": r"$\theta_1$", "ylabel": r"$\theta_2$", "loss": loss}
    return Panel(**(settings | changes))


def path(run: Trajectory, **style: Any) -> Curve:
    """Return the curve of a trajectory through its first two parameters, a dot at each step."""
    return Curve(run.theta[:, 0], run.theta[:, 1], **{"dots": True, **style})


def loss_curve(run: Trajectory, **style: Any) -> Curve:
    """Return the curve of a trajectory's loss over the steps."""
    return Curve(np.arange(len(run.loss)), run.loss, **style)


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
    marks = check_marks("picture", marks, len(panels))
    figures = []
    for number, panel in enumerate(panels):
        fig = panel.figure()
        draw(fig.axes[0], on_panel(number, marks), legend=True)
        figures.append(fig)
    return Picture(figures, caption, describe(caption, marks))


def draw(ax: Axes, marks: Iterable[Mark], legend: bool = False) -> list[Artist]:
    """Draw marks on matplotlib axes and return the artists."""
    artists = [artist for mark in marks for artist in mark.draw(ax)]
    if legend and any(mark.label for mark in marks):
        ax.legend(fontsize=8, framealpha=0.7, loc="best")
    return artists


def describe(caption: str, marks: Iterable[Mark]) -> str:
    """Return the sentence `caption`, followed by the key numbers of the marks."""
    return " ".join([caption, *(mark.describe().rstrip(".") + "." for mark in marks)])


def png(*figures: Figure, colors: int = 96) -> bytes:
    """Return the figures side by side as a PNG with a palette, a third of the size of one without."""
    images = []
    for fig in figures:
        canvas = FigureCanvasAgg(fig)
        canvas.draw()
        images.append(np.asarray(canvas.buffer_rgba())[:, :, :3])
    height = max(len(image) for image in images)
    padded = [np.pad(image, ((0, height - len(image)), (0, 0), (0, 0)), constant_values=255) for image in images]
    image = Image.fromarray(np.concatenate(padded, axis=1))
    image = image.quantize(colors, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = np.array(image.getpalette())
    image.putpalette(np.where(palette > 250, 255, palette).tolist())  # the quantizer greys white a little
    out = io.BytesIO()
    image.save(out, "png", optimize=True)
    return out.getvalue()


def data_address(fig: Figure, colors: int = 96) -> str:
    """Return a figure as an address that holds the whole picture."""
    return f"data:image/png;base64,{base64.b64encode(png(fig, colors=colors)).decode()}"


def _width(fig: Figure) -> int:
    return round(fig.get_figwidth() * 96)  # CSS pixels


def _fraction(value: ArrayLike, limits: tuple[float, float], log: bool) -> np.ndarray:
    """Return where value lies between the limits, 0 at the first and 1 at the second."""
    if log:  # nothing positive is left of zero: it lies below every frame
        value, limits = np.log10(np.maximum(value, np.finfo(float).tiny)), tuple(np.log10(limits))
    low, high = limits
    return (np.asarray(value, float) - low) / (high - low)


def _contours(ax: Axes, loss: Loss) -> None:
    """Draw the landscape, darker where it is lower, in bands of equal area whatever the heights."""
    x, y = (np.linspace(*limits, 161) for limits in (ax.get_xlim(), ax.get_ylim()))
    height = loss.value(np.stack(np.meshgrid(x, y)))
    levels = np.unique(np.quantile(height, np.linspace(0, 1, 15)))
    if len(levels) > 1:  # a constant has no bands
        ax.contourf(x, y, height, levels, cmap="Blues_r", alpha=0.45)
    for minimum in loss.minima:
        ax.plot(*minimum, "*", color="#333333", markersize=8)
