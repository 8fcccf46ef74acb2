"""The legend of an explorable, in both its lives."""

from __future__ import annotations

import html
from collections.abc import Iterable

from optim.marks import Mark


def legend(marks: Iterable[Mark]) -> str:
    """Return the labels of the marks, each beside a swatch of what is drawn, as HTML.

    It needs no style sheet, since there is none in JupyterLab.
    """
    named = {mark.label: mark for mark in marks if mark.label}
    box = 'viewBox="0 0 24 12" width="24" height="12" aria-hidden="true"'
    items = "".join(
        f'<li style="margin:0"><svg {box}>{mark.swatch()}</svg> {html.escape(label)}</li>'
        for label, mark in named.items()
    )
    style = "display:flex;flex-wrap:wrap;gap:.2em 1.2em;list-style:none;margin:.2em 0;padding:0"
    return f'<ul class="legend" style="{style}">{items}</ul>' if items else ""
