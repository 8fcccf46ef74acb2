"""What the site says of itself, to search engines, to those who share a link, and to those who are lost.

A description of each page, a picture of the book, the page for what is not there, and the page at the root, which leads
to the first.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from textwrap import shorten
from urllib.parse import quote

from docutils import nodes

from book.search import words

CARD = "card.png"
CARD_WORDS = "The paths of three methods through the contour lines of a long valley, and the title of the book"

# Both stand alone: whoever sees them is at an address from which no other file of the site is sure to be found.
MISSING = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not found – {title}</title>
<link rel="icon" href="data:image/svg+xml,{icon}">
<style>
:root {{ color-scheme: light dark; background: Canvas; color: CanvasText; font: 1.1rem/1.6 system-ui, sans-serif; }}
main {{ margin: 15vh auto; max-width: 34rem; padding: 0 1rem; }}
</style>
</head>
<body>
<main>
<h1>This page is not in the book</h1>
<p>It may have been renamed. The book begins at <a href="{root}{first}">{title}</a>, and its
<a href="{root}search.html">search</a> finds sections, results and figures.</p>
</main>
</body>
</html>
"""
ROOT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={first}">
<title>{title}</title>
<link rel="icon" href="_static/favicon.svg">
<link rel="canonical" href="{root}{first}">
</head>
<body><a href="{first}">{title}</a></body>
</html>
"""


def describe(app, pagename, templatename, context, doctree):
    """Give a page its description: how its text begins."""
    paragraphs = doctree.findall(nodes.paragraph) if doctree else ()
    text = " ".join(words(paragraph) for paragraph in paragraphs if isinstance(paragraph.parent, nodes.section))
    context["description"] = shorten(text, 200, placeholder=" …")
    context["card"], context["card_alt"] = CARD, CARD_WORDS
    context["html_baseurl"] = app.config.html_baseurl


def write(app, exception):
    """Write the picture and the two pages that stand alone."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    first = app.builder.get_target_uri(app.config.root_doc)
    icon = quote((site / "_static" / "favicon.svg").read_text("utf-8"))
    facts = {"title": escape(app.config.project), "root": app.config.html_baseurl, "first": first, "icon": icon}
    (site / "404.html").write_text(MISSING.format(**facts), "utf-8")
    (site / "index.html").write_text(ROOT.format(**facts), "utf-8")
    if app.config.html_baseurl:  # a shared link shows a picture only by its whole address
        draw_card(site / "_static" / CARD, app.config.project)


def draw_card(path, title):
    """Draw the picture that goes with a shared link, of the size that is customary, 1200 by 630 pixels."""
    import numpy as np
    from matplotlib.figure import Figure

    from optim import SGD, Adam, Momentum, minimize, ravine

    valley = ravine(20)
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="#16364f")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-2.2, 1.2), ylim=(-0.75, 0.75))
    axes.axis("off")
    x, y = np.meshgrid(np.linspace(-2.2, 1.2, 200), np.linspace(-0.75, 0.75, 100))
    axes.contour(
        x, y, 0.5 * (x**2 + 20 * y**2), levels=np.linspace(0.05, 2.5, 9) ** 1.5, colors="#5f86a6", linewidths=1
    )
    for rule, color in ((SGD(0.09), "#8fc7ff"), (Momentum(0.02, 0.9), "#f7a440"), (Adam(0.3), "#f4e04d")):
        axes.plot(*minimize(valley, [-2.0, 0.5], rule, steps=60).theta.T, color=color, linewidth=3)
    axes.text(-2.1, -0.62, title, color="white", fontsize=54, weight="bold")
    figure.savefig(path)


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", describe)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
