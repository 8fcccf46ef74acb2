"""What an explorable shows at every setting, computed at once and packed small."""

from __future__ import annotations

import base64
import itertools
import json
import math
import zlib
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.looks import outline
from optim.marks import Mark, Outcome, bands, dress, fill
from optim.plots import Panel, steps_of

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable

# A point further than this from the frame, in CSS pixels, is off the page for good: a curve is cut here.
REACH = 20_000
FIFTHS = 5  # of a CSS pixel, in which points are stored


class Table:
    """What an explorable shows at every setting.

    The settings are numbered with the last control fastest, choices first. A column is an integer array, in fifths of a
    CSS pixel, with a row for each setting (or one for all) and an entry for each point.

    Parameters
    ----------
    explorable : Explorable

    Attributes
    ----------
    columns : list of ndarray, shape (settings, points)
    marks : list of dict
        What to draw: the panel, the columns of x and y, and what else the script needs.
    drawn : list of Mark
        The same marks as they are for the first choice.
    words : list of list of str
        The texts, each at every setting.
    readouts : list of int
        Which of the words stand below the picture.
    rows : list of (str, int, int)
        How each of them stands in a table; see `Readout.row`.
    pad : dict or None
        The column of the bands in which the outcome lies, one point for each place of the two sliders, how many places
        there are, and what the outcome is.
    panels : list of list of Panel
        The panels for each choice.
    default : int
        The number of the default setting.
    packed : str
        Columns and words, deflated and in base64.
    """

    def __init__(self, explorable: Explorable) -> None:
        self.columns: list[np.ndarray] = []
        self.marks: list[dict[str, Any]] = []
        self.drawn: list[Mark] = []
        self.words: list[list[str]] = []
        self.readouts: list[int] = []
        self.rows: list[tuple[str, int, int]] = []
        self.pad: dict[str, Any] | None = None
        self.counts = tuple(len(slider.values) for slider in explorable.sliders.values())
        self.options = tuple(len(choice.values) for choice in explorable.choices.values())
        self.settings = math.prod(self.options + self.counts)
        self.default = self._number([control.position for control in explorable.controls.values()])
        values = itertools.product(*(choice.values for choice in explorable.choices.values()))
        chosen = [dict(zip(explorable.choices, each, strict=True)) for each in values]
        frames = [dress(explorable.marks(**each, **explorable.everywhere())) for each in chosen]
        panels = self.panels = [explorable.panels_of(**each) for each in chosen]
        if len({tuple((panel.width, panel.height) for panel in each) for each in panels}) > 1:
            raise ValueError("explore: the panels must be as many and of the same sizes for every choice")
        kinds = {tuple(type(mark) for mark in frame) for frame in frames}
        if len(kinds) > 1:
            raise ValueError("explore: the function must return the same kinds of marks for every choice")
        self.shown_losses = {  # of a path whose loss is drawn, too, it need not be told
            mark.series for mark in frames[0] if mark.panel is not None and _is_loss(mark, panels[0][mark.panel])
        }
        for marks in zip(*frames, strict=True):
            self._add(marks, panels)
        self._pack()

    def _number(self, places: Sequence[int]) -> int:
        """Return the number of the setting at which the controls stand at some places."""
        return int(np.ravel_multi_index(places, self.options + self.counts))

    def at(self, places: Sequence[int]) -> Table:
        """Return the part of it that is seen where the controls stand at some places, choices first."""
        setting, each = self._number(places), math.prod(self.counts)
        choice = setting // each
        part = copy(self)
        part.columns = [column[min(setting, len(column) - 1)][None] for column in self.columns]
        if self.pad:
            column = self.pad["column"]
            part.columns[column] = self.columns[column][choice * each :][:each]
        part.words = [[words[setting]] for words in self.words]
        part.marks = [
            mark | {"steps": mark["steps"][choice % len(mark["steps"]) :][:1]} if "steps" in mark else mark
            for mark in self.marks
        ]
        part.panels, part.settings, part.default = [self.panels[choice]], 1, 0
        part._pack()
        return part

    def _add(self, marks: Sequence[Mark], panels: Sequence[Sequence[Panel]]) -> None:
        """Add one mark, given as it is for each choice."""
        mark = marks[0]
        if isinstance(mark, Outcome):
            self._add_pad(marks)
            return
        entry: dict[str, Any] = {}
        if mark.template is not None:
            entry["words"] = self._words(marks)
        number = mark.panel
        if number is None:
            self.readouts.append(entry["words"])
            self.rows.append(mark.row())
            return
        pairs = [self._pixels(m, p[number]) for m, p in zip(marks, panels, strict=True)]
        x, y = (self._column([pair[axis] for pair in pairs]) for axis in (0, 1))
        panel = panels[0][number]
        self.drawn.append(mark)
        entry |= {"series": mark.series, "name": mark.label}
        entry |= self._time(marks, [each[number] for each in panels])
        self.marks.append({"panel": number, "x": x, "y": y, **entry, **mark.geometry(panel.x, panel.box)})

    def _time(self, marks: Sequence[Mark], panels: Sequence[Panel]) -> dict[str, Any]:
        """Return at which steps the points of a mark stand, one entry or one a choice, and what is told about them."""
        steps = [steps_of(mark, panel) for mark, panel in zip(marks, panels, strict=True)]
        short = [_evenly(each) for each in steps if each is not None]
        if len(short) < len(steps):
            return {}
        entry: dict[str, Any] = {"steps": short[:1] if all(each == short[0] for each in short) else short}
        entry["now"] = outline(marks[0].style.marker, 5.5)
        told = {
            name: self._column([_coded(self._by_setting(mark, np.asarray(mark.told[name]))) for mark in marks])
            for name in marks[0].told or ()
            if not (name == "L" and marks[0].series in self.shown_losses)
        }
        return entry | ({"told": told} if told else {})

    def _add_pad(self, marks: Sequence[Any]) -> None:
        """Add the map of an outcome: for each choice, bands of equal area."""
        if len(self.counts) != 2:
            return
        values = [np.broadcast_to(np.asarray(mark.value, float), self.counts) for mark in marks]
        parts = [bands(value).reshape(-1, 1) for value in values]
        self.columns.append(np.concatenate(parts).astype(np.int32))
        self.pad = {"column": len(self.columns) - 1, "counts": self.counts, "label": marks[0].label}

    def _pixels(self, mark: Mark, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y in fifths of a pixel, shapes (points, 1 or settings of the sliders)."""
        x, y = (self._by_setting(mark, a) for a in panel.pixels(*mark.points()))
        _, _, width, height = panel.box
        if mark.joined:
            x, y = cut(x, y, width, height)
        else:
            away = ~(np.abs(x) + np.abs(y) < REACH)
            if away.any():
                x, y = np.where(away, -REACH, x), np.where(away, -REACH, y)
        return np.rint(FIFTHS * x).astype(np.int32), np.rint(FIFTHS * y).astype(np.int32)

    def _by_setting(self, mark: Mark, a: np.ndarray) -> np.ndarray:
        """Return an array of the shape (points, 1) where it is the same for all settings, (points, settings) else."""
        if a.ndim <= 1:
            return np.atleast_1d(a)[:, None]
        try:
            return np.broadcast_to(a, (len(a), *self.counts)).reshape(len(a), -1)
        except ValueError:
            raise ValueError(
                f"explore: a {type(mark).__name__} of shape {a.shape} does not broadcast to (points, "
                f"{', '.join(map(str, self.counts))}), one axis for each slider"
            ) from None

    def _column(self, parts: list[np.ndarray]) -> int:
        """Join what the choices gave to one column, and return its number; a column that is there is used again."""
        if any(len(part) != len(parts[0]) for part in parts):
            raise ValueError("explore: the marks must have as many points for every choice")
        if any(part.shape[1] > 1 for part in parts) or any(not np.array_equal(part, parts[0]) for part in parts):
            each = math.prod(self.counts)
            parts = [np.broadcast_to(part, (len(part), each)) for part in parts]
            column = np.concatenate(parts, axis=1).T
        else:
            column = parts[0].T
        for number, known in enumerate(self.columns):
            if np.array_equal(known, column):
                return number
        self.columns.append(np.ascontiguousarray(column))
        return len(self.columns) - 1

    def _words(self, marks: Sequence[Mark]) -> int:
        """Fill in a text at every setting, and return its number."""
        words = []
        for mark in marks:
            values = [np.broadcast_to(value, self.counts).reshape(-1) for value in mark.values]
            each = math.prod(self.counts)
            words += [fill(mark.template or "", [value[k] for value in values]) for k in range(each)]
        self.words.append(words)
        return len(self.words) - 1

    def _pack(self) -> None:
        """Deflate columns and words: second differences along the points, their bytes in four planes."""
        pieces, self.layout, start = [], [], 0
        for column in self.columns:
            second = np.diff(column, 2, axis=1, prepend=np.zeros((len(column), 2), np.int32))
            zigzag = ((second << 1) ^ (second >> 31)).astype("<i4")
            planes = zigzag.view(np.uint8).reshape(-1, 4).T
            pieces.append(planes.tobytes())
            self.layout.append({"start": start, "points": column.shape[1], "settings": column.shape[0]})
            start += len(pieces[-1])
        self.words_start = start
        pieces.append(json.dumps(self.words, ensure_ascii=False).encode())
        self.packed = base64.b64encode(zlib.compress(b"".join(pieces), 9)).decode()


def _evenly(steps: np.ndarray) -> list[int]:
    """Return the first step and the distance of the others, where they are even; else all of them."""
    whole = [int(step) for step in steps]
    apart = {b - a for a, b in itertools.pairwise(whole)}
    return [whole[0], *apart] if len(apart) == 1 else whole


def _is_loss(mark: Mark, panel: Panel) -> bool:
    return panel.ylabel.startswith("loss") and steps_of(mark, panel) is not None


NOT_FINITE = 100_000
FINEST = 1e-14  # what is smaller is told as zero


def _coded(values: np.ndarray) -> np.ndarray:
    """Return numbers of any size as whole ones, to half a percent; page.js has the inverse."""
    with np.errstate(all="ignore"):
        code = np.sign(values) * np.rint(64 * np.log2(1 + np.abs(values) / FINEST))
    return np.where(np.isfinite(code), code, NOT_FINITE).astype(np.int32)


def cut(x: np.ndarray, y: np.ndarray, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Cut each curve where it is off the page for good; what follows stays at the cut.

    A curve that diverges is drawn up to REACH pixels outside its frame, in the direction in which it really leaves.

    Parameters
    ----------
    x, y : ndarray, shapes (points, settings) or (points, 1)
        Pixels from the upper left corner of the axes.
    width, height : float
        Of the axes, in pixels.
    """
    x, y = np.broadcast_arrays(x, y)
    off = ~((np.abs(x - width / 2) < REACH) & (np.abs(y - height / 2) < REACH))  # true for NaN, too
    if not off.any():
        return x, y
    x, y = x.copy(), y.copy()
    for s in np.flatnonzero(off.any(axis=0)):
        k = int(np.argmax(off[:, s]))
        if k == 0:  # it begins off the page: there is nothing to see
            x[:, s] = y[:, s] = -REACH
            continue
        step = np.array([x[k, s] - x[k - 1, s], y[k, s] - y[k - 1, s]])
        share = 0.0
        if np.all(np.isfinite(step)):
            share = min(1.0, REACH / np.max(np.abs(step)))
        x[k:, s] = x[k - 1, s] + share * step[0] if share else x[k - 1, s]
        y[k:, s] = y[k - 1, s] + share * step[1] if share else y[k - 1, s]
    return x, y
