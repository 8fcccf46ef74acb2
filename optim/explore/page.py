"""The life of an explorable on the static page: HTML, style and a script, with every setting inside."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from optim import looks
from optim.explore import numbers
from optim.explore.sources import on_page, source
from optim.explore.table import FIFTHS, Table
from optim.marks import legend, subscripts
from optim.plots import Panel, image_address, plain

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable

STYLE = looks.sheet(".explorable") + source("page.css")
SCRIPT = source("shared.js") + source("page.js")
PAGE = on_page(
    SCRIPT,
    """const root = document.currentScript.closest("figure");
explorable(root, JSON.parse(root.querySelector("script").textContent));""",
)
KEEP = '<button type="button" class="keep" aria-pressed="false">Keep this run</button>'
HINT = "Bluer is lower, ★ is the minimum."


def figure(explorable: Explorable) -> str:
    """Return an explorable as one piece of HTML that shows the default setting before any script runs."""
    table, caption = explorable.table, subscripts(explorable.caption)
    script = spec(table) | {"presets": explorable.presets_at}
    title = f'<b class="title">{subscripts(explorable.title)}</b> ' if explorable.title else ""
    return "\n".join(
        [
            f'<figure class="explorable" data-name="{explorable.name}">',
            f"<style>{STYLE}</style>",
            f"<figcaption>{title}{caption}"
            "<noscript> The sliders need JavaScript; this is where they start.</noscript></figcaption>",
            stage(explorable, table),
            f'<div class="board">{_player(table)}{_controls(explorable)}{_numbers(table)}',
            f"{_buttons(explorable)}</div>",
            f'<script type="application/json">{_script_safe(script)}</script>',
            f"<script>{PAGE}</script>",
            "</figure>",
        ]
    )


def stage(explorable: Explorable, table: Table) -> str:
    """Return what is seen in both lives: the panels with the pad beside them, the legend, and what is pointed at."""
    panels = "".join(_panel(explorable, table, number) for number in range(len(table.panels[0])))
    return (
        f'<div class="stage"><div class="panels" role="img" aria-label="{html.escape(explorable.caption)}">'
        f"{panels}</div>{_pad(explorable, table)}</div>{legend(table.drawn)}{_reading(table)}"
    )


def in_kernel(explorable: Explorable, table: Table) -> str:
    """Return what the figure shows in a kernel, where the controls are widgets."""
    return f'{stage(explorable, table)}{_numbers(table)}<div class="buttons">{KEEP}</div>'


def spec(table: Table) -> dict[str, Any]:
    """Return what the script has to know."""
    return {
        "packed": table.packed,
        "columns": table.layout,
        "words": table.words_start,
        "marks": table.marks,
        "readouts": table.readouts,
        "rows": table.rows,
        "pad": table.pad,
        "panels": [[_axes(panel) for panel in each] for each in table.panels],
    }


def last_step(table: Table) -> int:
    """Return the last step that a curve knows, 0 where none does."""
    return max((step for mark in table.marks for step in _ends(table, mark)), default=0)


def _script_safe(data: object) -> str:
    """Return data as JSON in which nothing can end the script around it."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _axes(panel: Panel) -> dict[str, object]:
    """Return what turns a place on a panel into numbers."""
    return {
        "x": panel.x,
        "y": panel.y,
        "logs": [panel.xlog, panel.ylog],
        "names": [plain(panel.xlabel), plain(panel.ylabel)],
        "box": panel.box,
        "land": panel.loss is not None,
        "minimum": next(iter(_minima(panel)), None),
    }


def _minima(panel: Panel) -> list[tuple[float, float]]:
    """Return where the minima of a landscape stand, in pixels of the axes, those that are inside."""
    _, _, width, height = panel.box
    found = [panel.pixels(*minimum[:2]) for minimum in (panel.loss.minima if panel.loss is not None else ())]
    return [(round(float(x), 1), round(float(y), 1)) for x, y in found if 0 <= x <= width and 0 <= y <= height]


def _panel(explorable: Explorable, table: Table, number: int) -> str:
    """Return one panel: its axes, and above them what moves."""
    panels = [panels[number] for panels in table.panels]
    wide, high = panels[0].width, panels[0].height
    left, top, width, height = panels[0].box
    shapes = "".join(_shape(table, k) for k, mark in enumerate(table.marks) if mark["panel"] == number)
    return (
        f'<div class="panel" data-panel="{number}" style="max-width:{1.25 * wide:.0f}px;aspect-ratio:{wide}/{high};'
        f'flex-basis:{min(300, wide)}px">'
        f'{_backgrounds(panels)}<svg viewBox="0 0 {wide} {high}" class="moving" aria-hidden="true">'
        f'<svg x="{left}" y="{top}" width="{width}" height="{height}">{shapes}</svg></svg></div>'
    )


def _backgrounds(panels: Sequence[Panel]) -> str:
    """Return the axes: once, or where the choices change the panel once for each choice."""
    changes = any(panel != panels[0] for panel in panels)
    tags = []
    for background, panel in enumerate(panels if changes else panels[:1]):
        which = f' data-background="{background}"{" hidden" if background else ""}' if changes else ""
        tags.append(f'<div class="ground"{which}>{_ground(panel)}</div>')
    return "".join(tags)


def _ground(panel: Panel) -> str:
    """Return the axes of a panel, its landscape and its minima; text keeps its size where the panel is small."""
    wide, high, (left, top, width, height) = panel.width, panel.height, panel.box
    parts, lines, stars = [], [], []
    place = f"left:{left / wide:.2%};top:{top / high:.2%};width:{width / wide:.2%};height:{height / high:.2%}"
    if panel.loss is not None:
        parts.append(f'<img alt="" src="{image_address(panel.ground(1.5))}" style="{place}">')
    for axis, places in zip("xy", panel.ticks, strict=True):
        for value, word in places.items():
            across, down = panel.pixels(value, panel.y[0]) if axis == "x" else panel.pixels(panel.x[0], value)
            x, y = round(float(across) + left, 1), round(float(down) + top, 1)
            at = f"left:{x / wide:.2%}" if axis == "x" else f"top:{y / high:.2%}"
            away = f"top:{(top + height + 4) / high:.2%}" if axis == "x" else f"right:{1 - (left - 5) / wide:.2%}"
            parts.append(f'<span class="{axis}" style="{at};{away}">{html.escape(word)}</span>')
            if panel.loss is None:
                lines.append(f"M{x:g} {top}v{height}" if axis == "x" else f"M{left} {y:g}h{width}")
    frame = f'<path class="frame" d="M{left} {top}h{width}v{height}h-{width}z"/>'
    grid = f'<path class="grid" d="{"".join(lines)}"/>' if lines else ""
    parts.append(f'<svg viewBox="0 0 {wide} {high}" aria-hidden="true">{grid}{frame}</svg>')
    for kind, label in (("xlabel", panel.xlabel), ("ylabel", panel.ylabel), ("name", panel.title)):
        if label:
            parts.append(f'<span class="{kind}">{subscripts(plain(label))}</span>')
    for k, (x, y) in enumerate(_minima(panel)):
        name = "" if k else "<small>minimum</small>"
        at = f"left:{(left + x) / wide:.2%};top:{(top + y) / high:.2%}"
        stars.append(f'<span class="star" style="{at}">★{name}</span>')
    return "".join(parts + stars)


def _shape(table: Table, number: int) -> str:
    """Return a mark at the default setting as SVG; the script redraws it by the same rule."""
    entry = table.marks[number]
    x, y = (table.columns[entry[axis]] for axis in ("x", "y"))
    x, y = (a[0 if len(a) == 1 else table.default] / FIFTHS for a in (x, y))
    points = list(zip(*np.broadcast_arrays(x, y), strict=True))
    words = table.words[entry["words"]][table.default] if "words" in entry else ""
    mark = table.drawn[number]
    panel = table.panels[0][entry["panel"]]
    which = f' data-mark="{number}" data-series="{mark.series}"'
    return mark.svg(which, points, words, **mark.geometry(panel.x, panel.box))


def _reading(table: Table) -> str:
    """Return the line that says what the reader points at, and before what is to be seen."""
    hint = HINT if any(panel.loss is not None for panel in table.panels[0]) else ""
    return f'<p class="reading" data-hint="{hint}">{hint}</p>'


def _player(table: Table) -> str:
    """Return what moves through the steps."""
    last = last_step(table)
    if not last:
        return ""
    buttons = "".join(
        f'<button type="button" class="{name}" aria-label="{label}"></button>'
        for name, label in (("play", "Play"), ("back", "One step back"), ("forward", "One step forward"))
    )
    return (
        f'<div class="player">{buttons}<input type="range" class="scrub" min="0" max="{last}" value="{last}" step="1" '
        f'aria-label="Step" autocomplete="off"><span class="step">step {last}</span></div>'
    )


def _ends(table: Table, mark: dict) -> list[int]:
    """Return the last step of a mark, for each choice."""
    points = max(table.columns[mark[axis]].shape[1] for axis in ("x", "y"))
    return [each[-1] if len(each) > 2 else each[0] + each[-1] * (points - 1) for each in mark.get("steps", ())]


def _controls(explorable: Explorable) -> str:
    return "".join(control.html(name) for name, control in explorable.controls.items())


def _numbers(table: Table) -> str:
    """Return the readouts: as a table for the eye, and as sentences for the ear."""
    words = [table.words[readout][table.default] for readout in table.readouts]
    if not words:
        return ""
    sentences = html.escape(" ".join(words))
    return (
        numbers.table(zip(words, table.rows, strict=True))
        + f'<output class="readout" aria-live="polite">{sentences}</output>'
    )


def _buttons(explorable: Explorable) -> str:
    presets = "".join(
        f'<button type="button" data-preset="{k}">{html.escape(words)}</button>'
        for k, words in enumerate(explorable.presets)
    )
    link = '<button type="button" class="link">Copy link</button>'
    return f'<div class="buttons">{presets}{KEEP}{link}<button type="button" class="reset">Reset</button></div>'


def _pad(explorable: Explorable, table: Table) -> str:
    """Return the map of the outcome over two sliders, if there is one."""
    pad = table.pad
    if not pad:
        return ""
    one, other = explorable.sliders.values()
    ends = [(slider.words()[0], slider.words()[-1]) for slider in (one, other)]
    label = html.escape(f"{one.label} and {other.label}: drag, or use the arrow keys")
    return (
        f'<div class="pad"><span class="name">{subscripts(pad["label"])}</span>'
        f'<div class="map"><canvas></canvas><button type="button" class="handle" aria-label="{label}"></button></div>'
        f'<span class="along"><i>{ends[0][0]}</i>{subscripts(one.label)} →<i>{ends[0][1]}</i></span>'
        f'<span class="up"><i>{ends[1][0]}</i>{subscripts(other.label)} →<i>{ends[1][1]}</i></span>'
        '<span class="key"><i class="low"></i>lower<i class="high"></i>higher<i class="gone"></i>diverged</span></div>'
    )
