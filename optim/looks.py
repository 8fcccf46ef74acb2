"""How a method looks: one colour, one dash and one marker, the same in every figure, in light and in dark.

The colours were searched for by computation: each has a contrast of 3 : 1 or more against every ground that it crosses,
and any two of the book's methods are told apart in simulated protanopia, deuteranopia and tritanopia, and in grey.
`tests/test_looks.py` holds them to it. What is no method is drawn in the colours of `NUMBERED`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

__all__ = ["Look", "looks_of", "outline", "sheet", "variables"]


@dataclass(frozen=True)
class Look:
    """How a method is drawn.

    Attributes
    ----------
    light, dark : str
        Its colour in either theme.
    dash : str
        Lengths of strokes and gaps, as SVG's `stroke-dasharray` has them; empty for a solid line.
    marker : str
        Its marker, by matplotlib's letter.
    """

    light: str
    dark: str
    dash: str
    marker: str


# The methods of the book have the first five; what a reader adds has the next ones.
LOOKS = (
    Look("#130a11", "#e9fbff", "", "o"),
    Look("#c85003", "#f38a18", "9 3", "s"),
    Look("#094500", "#74fa91", "2 3", "^"),
    Look("#460059", "#eaacff", "9 3 2 3", "D"),
    Look("#1d4fd6", "#7089de", "14 3", "v"),
    Look("#6b5a00", "#d9c55a", "4 4", "P"),
    Look("#767676", "#9a9a9a", "1 4", "h"),
)
PLACES = {"SGD": 0, "Momentum": 1, "Adagrad": 2, "RMSProp": 3, "Adam": 4}

# How many corners a marker has, how much larger than a circle it is to look as large, and by what it is turned.
CORNERS = {"^": (3, 1.3, 0), "D": (4, 1.25, 0), "v": (3, 1.3, 0.5), "P": (5, 1.2, 0), "h": (6, 1.15, 0)}

# What is no method: colours by number, after Okabe and Ito; their dashes tell them apart without colours. The last is
# for what is given, such as data or a bound.
NUMBERED = (
    Look("#0067a3", "#56b4e9", "", "o"),
    Look("#b84a00", "#ff9a52", "9 3", "s"),
    Look("#007055", "#2fd0a0", "2 3", "^"),
    Look("#aa4499", "#e58fd5", "9 3 2 3", "D"),
    Look("#7d6000", "#e6c34d", "14 3", "v"),
    Look("#333333", "#dddddd", "", "o"),
)

# The same transparent blue makes a landscape's lowest band on a light and on a dark page.
VEIL = ("#5798d3", 0.34)

# A landscape is bluer where it is lower, in light and in dark.
GROUNDS = {
    "light": {"low": "#c6dcf0", "high": "#ffffff", "line": "#8fb2d3", "halo": "#ffffff"},
    "dark": {"low": "#27435f", "high": "#14181d", "line": "#3d5f80", "halo": "#0c0f12"},
}
INKS = {
    "light": {"ink": "#1a1a1a", "soft": "#4d4d4d", "grid": "#e0e0e0"},
    "dark": {"ink": "#f2f2f2", "soft": "#bdbdbd", "grid": "#30363d"},
}


def looks_of(names: list[str]) -> list[int]:
    """Return the number of each method's look; what the book does not know, or has twice, gets another."""
    own = [*range(len(PLACES), len(LOOKS)), *range(len(PLACES))]
    free = itertools.cycle([place for place in own if place not in {PLACES.get(name) for name in names}] or own)
    return [PLACES[name] if name in PLACES and name not in names[:k] else next(free) for k, name in enumerate(names)]


def outline(marker: str, radius: float) -> str:
    """Return the outline of a marker around the point that an SVG path has come to, in pixels.

    Examples
    --------
    >>> outline("s", 2)
    'm-1.7-1.7h3.4v3.4h-3.4z'
    """
    r = radius
    if marker == "o":
        return f"m{-r:g} 0a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z"
    if marker == "s":
        half = 0.85 * r
        return f"m{-half:g}-{half:g}h{2 * half:g}v{2 * half:g}h{-2 * half:g}z"
    corners, size, turn = CORNERS[marker]
    angles = [2 * math.pi * (k / corners + turn) for k in range(corners)]
    points = [(size * r * math.sin(a), -size * r * math.cos(a)) for a in angles]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in itertools.pairwise([(0.0, 0.0), *points])]
    return "m" + "l".join(f"{x:.1f} {y:.1f}" for x, y in steps) + "z"


def variables(theme: str) -> str:
    """Return the colours of a theme, "light" or "dark", as CSS variables: --m0 is the first method's, --ink is text."""
    colors = {f"m{k}": getattr(look, theme) for k, look in enumerate(LOOKS)}
    colors |= {f"c{k}": getattr(look, theme) for k, look in enumerate(NUMBERED)} | GROUNDS[theme] | INKS[theme]
    return " ".join(f"--{name}: {color};" for name, color in colors.items())


# The theme of the page around: the book's, JupyterLab's or VS Code's; without one, the reader's own choice.
DARK = ':is(:root[data-theme="dark"], body[data-jp-theme-light="false"], body[data-vscode-theme-kind*="dark"])'
UNSAID = ":root:not([data-theme]) body:not([data-jp-theme-light], [data-vscode-theme-kind])"


def sheet(selector: str) -> str:
    """Return the style sheet that gives the elements of a selector the colours of the theme around them."""
    return (
        f"{selector} {{ {variables('light')} }}\n{DARK} {selector} {{ {variables('dark')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {UNSAID} {selector} {{ {variables('dark')} }} }}\n"
    )
