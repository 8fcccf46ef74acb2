"""Style sheets cut down to what the pages use, and those of all pages made into one.

To ask for a dozen sheets takes a phone longer than to read them. What a page has beyond the others, the style of its
formulas and of its figures, stays a sheet of its own.

Of the theme's sheets, half a megabyte for every page that a site might have, only those rules stay whose classes occur
in a page or in a script, and those variables that something asks for. The theme knows its icons both as a script, half
a megabyte compressed, and as a font: the script is left out (`templates/layout.html`), and of the font those icons stay
that a rule still names. And half of all elements of a chapter were words of code that have the colour of all code: they
need none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pydata_sphinx_theme
import tinycss2

from book.fonts import embed

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
ICONS = "styles/pydata-sphinx-theme.css"
OURS = ("style.css", "formulas.css")  # hold nothing that is not used
SHARED = "book.css"
FIRST = ["_static/basic.css", f"_static/{ICONS}"]  # which the theme's layout names itself

PLAIN = "n|nn|nx|p|pm|w"  # names, punctuation and space, as Pygments calls them
WORD = re.compile(rf'<span class="(?:{PLAIN})">([^<]*)</span>')

NAME = re.compile(r"[\w-]+")
CLASS = re.compile(r"[.#]((?:[\w-]|\\.)+)")
NOT = re.compile(r":not\([^()]*\)")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
CODE = re.compile(r"\\([ef][0-9a-f]{3})|([\ue000-\uf8ff])")  # an icon, as an escape or as the character itself
FACE = re.compile(r"src:url\(\.\./(vendor/fontawesome/webfonts/[\w-]+)\.woff2\)[^;}]*")


def purge(sheet, names):
    """Drop from a style sheet the rules that can concern nothing on any page, and the variables of which nothing asks.

    Parameters
    ----------
    sheet : str
        The style sheet.
    names : set of str
        Every class, id and variable that may occur.

    Returns
    -------
    str
        The rules that are left, in their order.

    Examples
    --------
    >>> purge(".a > p, .b { color: red } @media print { .b { color: red } }", {"a"})
    '.a > p{ color: red }'
    >>> purge(".a { --big: 2rem; --small: 1rem }", {"a", "--big"})
    '.a{--big: 2rem;}'
    """
    return "".join(_kept(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True), names))


def _kept(rules, names):
    for rule in rules:
        content = tinycss2.serialize(rule.content) if getattr(rule, "content", None) is not None else None
        if rule.type == "qualified-rule":
            selectors = [one.strip() for one in _split(rule.prelude)]
            if used := [one for one in selectors if names.issuperset(CLASS.findall(NOT.sub("", one)))]:
                yield f"{','.join(used)}{{{_asked(rule.content, names) if '--' in content else content}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports") and content:
            inner = "".join(
                _kept(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), names)
            )
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        elif rule.type != "error":
            yield rule.serialize()


def _asked(content, names):
    """Return the declarations of a rule without those of variables that nothing asks for."""
    declarations = tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True)
    kept = [one for one in declarations if one.type != "declaration" or one.name[:2] != "--" or one.name in names]
    return "".join(f"{one.serialize()};" for one in kept)


def _split(prelude):
    """Split a list of selectors at its commas, not at those inside of brackets."""
    selectors = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return map(tinycss2.serialize, selectors)


def plain_code(app, pagename, templatename, context, doctree):
    """Take the elements away that give code the colour it has without them."""
    if "body" in context:
        context["body"] = WORD.sub(r"\1", context["body"])


def share(app, pagename, templatename, context, doctree):
    """Let a page ask for one sheet in place of all that it has in common with the others."""
    sheets = context["css_files"]
    app.builder.shared_sheets = [*FIRST, *(sheet.filename for sheet in sorted(sheets, key=lambda s: s.priority))]
    sheets.clear()
    app.add_css_file(SHARED, priority=800)


def names_in_use(site):
    """Return every word of the pages and scripts of a site that could be a class or an id."""
    sources = [path for kind in ("html", "js") for path in Path(site).rglob(f"*.{kind}")]
    return {name for path in sources for name in NAME.findall(path.read_text("utf-8"))}


def slim(app, exception):
    """Rewrite the style sheets of the finished site."""
    if exception or app.builder.format != "html" or not hasattr(app.builder, "shared_sheets"):  # no page was written
        return
    static = Path(app.outdir, "_static")
    for left in [*static.glob("scripts/fontawesome.js*"), *static.glob("vendor/fontawesome/webfonts/*")]:
        left.unlink()
    names = names_in_use(app.outdir)
    sheets = {path: path.read_text("utf-8") for path in static.rglob("*.css") if path.name not in OURS}
    sheets[static / ICONS] = (THEME / ICONS).read_text("utf-8")
    ours = "".join((static / name).read_text("utf-8") for name in OURS)
    for _ in range(2):  # what a rule asks for goes when that rule is gone
        asked = VARIABLE.findall(ours + "".join(sheets.values()))
        sheets = {path: purge(sheet, names.union(asked)) for path, sheet in sheets.items()}
    codes = {int(code, 16) if code else ord(icon) for sheet in sheets.values() for code, icon in CODE.findall(sheet)}
    for path, sheet in sheets.items():
        path.write_text(FACE.sub(lambda face: f"src:url({embed(THEME / f'{face[1]}.ttf', codes)})", sheet), "utf-8")
    shared = [Path(app.outdir, name) for name in app.builder.shared_sheets]
    Path(static, SHARED).write_text("\n".join(path.read_text("utf-8") for path in shared), "utf-8")
    for path in shared:
        path.unlink()


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", share, priority=100)  # before others add what only this page has
    app.connect("html-page-context", plain_code)
    app.connect("build-finished", slim, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": False}  # pages that are written note what they share
