"""Every figure that can be moved has a number and an address; a gallery shows all of them, small.

A figure brings its name along, as `data-name`; here it becomes the `id` that a link leads to, with a number beside the
caption. The directive `gallery` on a page makes a list of links: of each figure the first panel, as it is at first.
"""

from __future__ import annotations

import re

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util.osutil import relative_uri

from optim.explore.page import STYLE

FIGURE = re.compile(r'<figure class="(explorable|laboratory)"([^>]*)>(.*?)</figure>', re.DOTALL)
NAME = re.compile(r'data-name="([^"]*)"')
CAPTION = re.compile(r"<figcaption[^>]*>(.*?)(?:<noscript>.*?)?</figcaption>", re.DOTALL)
PANEL = re.compile(r'<div class="panel".*?</svg></svg></div>', re.DOTALL)
STILL = re.compile(r'<noscript><img alt="[^"]*"([^>]*)>')  # of a laboratory, which draws its panels itself
HIDDEN = re.compile(r'<div class="ground"[^>]* hidden>.*?</div>', re.DOTALL)

# A link to a setting, such as #name&eta=0.1, leads to the figure, whose own script reads the rest.
SCROLL = (
    '["load","hashchange"].forEach((when)=>addEventListener(when,()=>{'
    'const[name,setting]=decodeURIComponent(location.hash.slice(1)).split("&");'
    "if(setting)document.getElementById(name)?.scrollIntoView()}));"
)

LOOK = (
    ".gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:24px 16px;list-style:none;"
    "margin:0;padding:0}.gallery .panel{pointer-events:none}.gallery b{display:block}"
    ".gallery :is(.xlabel,.ylabel){display:none}"  # too small for them
    ".gallery .panel>img{width:100%;height:auto}"
)


class gallery(nodes.General, nodes.Element):
    """Where the gallery stands."""


class Gallery(Directive):
    """The directive ``{gallery}``."""

    def run(self):
        """Leave a place to be filled when all pages are read."""
        return [gallery()]


def name_figures(app, doctree):
    """Give each figure its address, and keep what the gallery shows of it."""
    found = _of_book(app)[app.env.docname] = []

    def named(match):
        kind, attributes, content = match.groups()
        own = NAME.search(attributes)
        base = name = own[1] if own else kind
        number = 1
        while name in doctree.ids:
            number += 1
            name = f"{base}-{number}"
        doctree.ids[name] = None
        panel, still, caption = (part.search(content) for part in (PANEL, STILL, CAPTION))
        shown = HIDDEN.sub("", panel[0]) if panel else f'<div class="panel"><img alt=""{still[1]}></div>'
        found.append((name, caption[1].strip(), shown))
        return f'<figure class="{kind}" id="{name}"{attributes}>{content}</figure>'

    for raw in doctree.findall(nodes.raw):
        if "<figure" in raw.astext():
            raw.children = [nodes.Text(FIGURE.sub(named, raw.astext()))]


def number_figures(app, doctree, docname):
    """Write the number of each figure before its caption, and fill the gallery."""
    if app.builder.format != "html":
        for place in list(doctree.findall(gallery)):  # nothing moves on paper
            place.parent.remove(place)
        return
    for raw in doctree.findall(nodes.raw):
        for place, (name, _, _) in enumerate(_of_book(app).get(docname, ()), start=1):
            if f'id="{name}"' in raw.astext():
                link = f'<a class="number" href="#{name}">Figure {_number(app, docname, place)}</a> '
                raw.children = [nodes.Text(raw.astext().replace("<figcaption>", f"<figcaption>{link}", 1))]
    for place in list(doctree.findall(gallery)):
        place.replace_self(nodes.raw("", _list(app, docname), format="html"))


def _list(app, docname):
    """Return all figures of the book as a list of links."""
    here, items = app.builder.get_target_uri(docname), []
    root = app.config.root_doc
    for page in [root, *app.env.toctree_includes.get(root, sorted(app.env.found_docs))]:
        address = relative_uri(here, app.builder.get_target_uri(page))
        for place, (name, caption, panel) in enumerate(_of_book(app).get(page, ()), start=1):
            title = f"Figure {_number(app, page, place)}"
            panel = re.sub(r' data-(?:mark|series|panel|shape)="[^"]*"', "", panel)
            titled = re.search(r"<b\b[^>]*>(.*?)</b>", caption)
            words = titled[1] if titled else caption
            said = re.sub(r"<[^>]*>", "", words).replace('"', "&quot;")
            panel = panel.replace('<div class="panel"', f'<div class="panel" role="img" aria-label="{said}"', 1)
            items.append(f'<li class="preview"><a href="{address}#{name}"><b>{title}</b>{words}</a>{panel}</li>')
    style = STYLE.replace("figure.explorable.explorable", ".preview").replace(".explorable", ".preview")
    return f'<style>{style}{LOOK}</style><ul class="gallery">{"".join(items)}</ul>'


def _number(app, docname, place):
    chapter = app.env.toc_secnumbers.get(docname, {}).get("", ())
    return ".".join(map(str, (*chapter, place)))


def _of_book(app):
    """Return the figures of every page."""
    if not hasattr(app.env, "book_figures"):
        app.env.book_figures = {}
    return app.env.book_figures


def setup(app):
    """Register with Sphinx."""
    app.add_node(gallery)
    app.add_directive("gallery", Gallery)
    app.add_js_file(None, body=SCROLL)
    app.connect("doctree-read", name_figures)
    app.connect("doctree-resolved", number_figures, priority=300)  # before book.search and book.figures
    return {"parallel_read_safe": True, "parallel_write_safe": True}
