"""The life of an explorable on the static page: HTML, style and a script, with every setting inside."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from optim.explore.legend import legend
from optim.explore.table import Table
from optim.marks import COLORS
from optim.plots import Panel, data_address

if TYPE_CHECKING:
    from optim.explore.explorable import Explorable

LIGHT, DARK = (";".join(f"--c{k}:{color}" for k, color in enumerate(colors)) for colors in zip(*COLORS, strict=True))
PALETTE = f'.explorable{{{LIGHT}}}\n:root[data-theme="dark"] .explorable{{{DARK}}}\n'
STYLE = PALETTE + files("optim.explore").joinpath("page.css").read_text(encoding="utf-8")
SCRIPT = files("optim.explore").joinpath("page.js").read_text(encoding="utf-8")


def figure(explorable: Explorable) -> str:
    """Return an explorable as one piece of HTML that shows the default setting before any script runs."""
    table, caption = explorable.table, html.escape(explorable.caption)
    readout = html.escape(" ".join(table.words[number][table.default] for number in table.readouts))
    controls = "".join(control.html() for control in explorable.controls.values())
    panels = "".join(_panel(explorable, number) for number in range(len(explorable.panels_of(**explorable.defaults))))
    spec = {
        "packed": table.packed,
        "columns": table.layout,
        "words": table.words_start,
        "marks": table.marks,
        "readouts": table.readouts,
    }
    return "\n".join(
        [
            '<figure class="explorable">',
            f"<style>{STYLE}</style>",
            f'<form>{controls}<button type="reset">Reset</button></form>',
            f'<div class="panels" role="img" aria-label="{caption}">{panels}</div>',
            legend(explorable.marks(**explorable.defaults)),
            f'<figcaption>{caption} <output class="readout" aria-live="polite">{readout}</output>',
            "<noscript>The sliders need JavaScript; this is where they start.</noscript></figcaption>",
            f'<script type="application/json">{json.dumps(spec, ensure_ascii=False)}</script>',
            f"<script>{SCRIPT}</script>",
            "</figure>",
        ]
    )


def _panel(explorable: Explorable, number: int) -> str:
    """Return one panel: the picture of its axes, and above it what moves."""
    table = explorable.table
    panels = [explorable.panels_of(**chosen)[number] for chosen in table.chosen]
    wide, high = panels[0].width, panels[0].height
    left, top, width, height = panels[0].box
    shapes = "".join(_shape(table, k) for k, mark in enumerate(table.marks) if mark["panel"] == number)
    return (
        f'<div class="panel" style="max-width:{1.4 * wide:.0f}px;aspect-ratio:{wide}/{high}">'
        f'{_backgrounds(panels)}<svg viewBox="0 0 {wide} {high}" aria-hidden="true">'
        f'<svg x="{left}" y="{top}" width="{width}" height="{height}">{shapes}</svg></svg></div>'
    )


def _backgrounds(panels: Sequence[Panel]) -> str:
    """Return the pictures of the axes: one, or where the choices change the panel one for each choice."""
    changes = any(panel != panels[0] for panel in panels)
    tags = []
    for background, panel in enumerate(panels if changes else panels[:1]):
        which = f' data-background="{background}"{" hidden" if background else ""}' if changes else ""
        tags.append(f'<img alt="" src="{data_address(panel.figure(), colors=48)}"{which}>')
    return "".join(tags)


def _shape(table: Table, number: int) -> str:
    """Return a mark at the default setting as SVG; the script redraws it by the same rule."""
    entry = table.marks[number]
    x, y = (table.columns[entry[axis]] for axis in ("x", "y"))
    x, y = (a[0 if len(a) == 1 else table.default] / 10 for a in (x, y))
    points = list(zip(*np.broadcast_arrays(x, y), strict=True))
    words = table.words[entry["words"]][table.default] if "words" in entry else ""
    geometry = {name: size for name, size in entry.items() if name not in ("panel", "x", "y", "words")}
    return table.drawn[number].svg(f' data-mark="{number}"', points, words, **geometry)
