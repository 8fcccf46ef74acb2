"""The readouts of an explorable as a small table, in both its lives."""

from __future__ import annotations

from collections.abc import Iterable

from optim.marks import subscripts

# JupyterLab has no style sheet of ours.
TABLE = "display:grid;grid-template-columns:repeat(auto-fill,minmax(15em,1fr));gap:0 20px;margin:4px 0;max-width:44em"
BOLD = "margin:0;font-weight:600"
ROW = "display:flex;gap:.6em;justify-content:space-between"


def table(rows: Iterable[tuple[str, tuple[str, int, int]]], styled: bool = False) -> str:
    """Return readouts as HTML.

    Parameters
    ----------
    rows : iterable of (str, (str, int, int))
        Each sentence, and how it stands in a table; see `Readout.row`.
    styled : bool
        Whether the elements bring their style along.
    """
    parts = []
    for words, (name, start, end) in rows:
        value = words[start : end or None] if name else words
        head = f"<dt>{subscripts(name)}</dt>" if name else ""
        row, bold = (f' style="{ROW}"', f' style="{BOLD}"') if styled else ("", "")
        parts.append(f"<div{row}{'' if name else ' class=whole'}>{head}<dd{bold}>{subscripts(value)}</dd></div>")
    look = f' style="{TABLE}"' if styled else ' aria-hidden="true"'
    return f'<dl class="numbers"{look}>{"".join(parts)}</dl>' if parts else ""
