"""A lighter site: what the theme puts on every page, less what no page uses.

- Icons. The theme loads all of Font Awesome as a script, half a megabyte compressed and more than everything
  else on a page together, although its style sheet knows the same icons as a font. We drop the script and keep
  of that font the icons that stand on a page, so few that they go into the style sheet itself.
- Search. Only the search page searches: the others need neither the index nor the tools.
- Style. One sheet of the theme only imports another; the page asks for that other at once.

Everything is taken from the installed theme when the book is built; nothing of it is in the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

import pydata_sphinx_theme
from sphinx.errors import ExtensionError

from book.fonts import embed

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
STYLES = "styles/pydata-sphinx-theme.css"

SCRIPT = r'\s*<script[^>]* src="[^"]*{}[^"]*"></script>'
ICON_SCRIPT = re.compile(SCRIPT.format(r"_static/scripts/fontawesome\.js"))
SEARCH_SCRIPTS = re.compile(SCRIPT.format(r"(?:_static/searchtools|_static/language_data|searchindex)\.js"))

NAME = re.compile(r"fa-[\w-]+")  # as in class="fa-solid fa-bars"
RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\?(?:[0-9a-f]{4}|[^"])"\}')  # which icon has that name
ICON = re.compile(r"\\([ef][0-9a-f]{3})|([\ue000-\uf8ff])")  # as an escape, or as the character itself
FONT = re.compile(r"src:url\(\.\./(vendor/fontawesome/webfonts/[\w-]+)\.woff2\)[^;}]*")


def slim(app, exception):
    """Rewrite the finished pages and the theme's style sheet."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    used = set()
    for page in Path(app.outdir).rglob("*.html"):
        if static in page.parents:
            continue
        text = page.read_text("utf-8")
        used.update(NAME.findall(text))
        slimmer = ICON_SCRIPT.sub("", text).replace("_static/styles/theme.css", "_static/basic.css")
        if page.name != "search.html":
            slimmer = SEARCH_SCRIPTS.sub("", slimmer)
        if slimmer != text:
            page.write_text(slimmer, "utf-8")

    sheet = (THEME / STYLES).read_text("utf-8")
    sheet, rules = RULE.subn(lambda rule: "" if used.isdisjoint(NAME.findall(rule[1])) else rule[0], sheet)
    others = [path.read_text("utf-8") for path in static.rglob("*.css") if path != static / STYLES]
    icons = {int(code, 16) if code else ord(icon) for code, icon in ICON.findall("".join([sheet, *others]))}
    sheet, fonts = FONT.subn(lambda face: f"src:url({embed(THEME / f'{face[1]}.ttf', icons)})", sheet)
    if not rules or not fonts:
        raise ExtensionError("book.slim: the theme's style sheet has changed; its icons were not found")
    (static / STYLES).write_text(sheet, "utf-8")
    for path in [*static.glob("scripts/fontawesome.js*"), *static.glob("vendor/fontawesome/webfonts/*")]:
        path.unlink()


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
