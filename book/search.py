"""Search that lands on a section, a result or a figure instead of on a page.

Sphinx's own search knows pages only, and Pagefind cannot read its index on a page that was opened from the disk. The
whole text of the book is small, so each passage of it is written, in plain words, into one script, which the search
page alone loads; `static/search.js` looks through it, with the stemmer that Sphinx brings along.
"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from book.formulas import plain

FILE = "passages.js"
FIGURE = re.compile(r"<figure\b([^>]*)>.*?<figcaption[^>]*>(.*?)</figcaption>", re.DOTALL)
ID = re.compile(r'\bid="([^"]+)"')
UNREAD = re.compile(r"<(script|style|noscript|output)\b.*?</\1>|<[^>]+>", re.DOTALL)
SILENT = (nodes.comment, nodes.raw, nodes.title, nodes.image, nodes.literal_block, nodes.doctest_block, addnodes.index)

# What a passage is, and how much sooner or later than others it is shown.
CHAPTER, SECTION, BOX, ELSEWHERE, EXERCISE, SOLUTION, API = 20, 8, 6, 0, -4, -6, -14


def words(node):
    """Return the text of a node as one reads it: formulas as signs, nothing that is not seen.

    Parameters
    ----------
    node : docutils.nodes.Node
        A part of a document, without the passages inside it.

    Returns
    -------
    str
    """
    return re.sub(r"\s+", " ", "".join(_words(node))).strip()


def _words(node):
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif isinstance(node, nodes.math | nodes.math_block):
        yield f" {plain(node.astext())} " if isinstance(node, nodes.math_block) else plain(node.astext())
    else:
        for child in node.children:
            if not _is_silent(child):
                yield from _words(child)
                yield "" if isinstance(child, nodes.Inline | nodes.Text) else " "


def _is_silent(node):
    if isinstance(node, nodes.Text):
        return False
    apart = _is_passage(node) and not isinstance(node, nodes.Admonition)  # a box belongs to its section, too
    return isinstance(node, SILENT) or apart or "cell_output" in node["classes"] or "solution" in node["classes"]


def _is_passage(node):
    """Tell whether a node is found by itself: a section, a titled box with an address, an entry of the API."""
    if isinstance(node, nodes.Text):
        return False
    if isinstance(node, addnodes.desc):
        return bool(node.next_node(addnodes.desc_signature)["ids"])
    titled = isinstance(node, nodes.section | nodes.Admonition) and isinstance(node.next_node(), nodes.title)
    return titled and bool(node["ids"])


def _heading(node):
    if isinstance(node, addnodes.desc):
        signature = node.next_node(addnodes.desc_signature)
        return signature["ids"][0], signature.get("fullname") or signature.astext()
    title = node.next_node(nodes.title)
    return node["ids"][0], words(title)


def _weight(node):
    if isinstance(node, addnodes.desc):
        return API
    kinds = {"solution": SOLUTION, "exercise": EXERCISE}
    usual = BOX if isinstance(node, nodes.Admonition) else ELSEWHERE
    return next((kinds[name] for name in node["classes"] if name in kinds), usual)


def passages(doctree):
    """Yield the address within the page, the heading, the text and the weight of every passage of a page."""
    for node in doctree.findall(_is_passage):
        anchor, heading = _heading(node)
        yield anchor, heading, words(node), _weight(node)
    for raw in doctree.findall(nodes.raw):
        for attributes, caption in FIGURE.findall(raw.astext()):
            own = ID.search(attributes)
            around = next((node for node in _ancestors(raw) if _is_passage(node)), None)
            anchor = own[1] if own else (around["ids"][0] if around else "")
            yield anchor, "Figure", re.sub(r"\s+", " ", unescape(UNREAD.sub("", caption))).strip(), ELSEWHERE


def _ancestors(node):
    while node := node.parent:
        yield node


def name_results(app, doctree):
    """Give each box with a title of its own an address, so that search and readers can point to it."""
    for box in doctree.findall(nodes.Admonition):
        if not box["ids"] and isinstance(box.next_node(), nodes.title):
            name = base = nodes.make_id(box.next_node().astext())
            number = 1
            while name in doctree.ids:
                number += 1
                name = f"{base}-{number}"
            box["ids"].append(name)
            doctree.ids[name] = box


def remember(app, doctree, docname):
    """Keep the passages of a page; those of a page that is not written anew are known from the last time."""
    if app.builder.format == "html":
        known(app)[docname] = list(passages(doctree))


def known(app):
    """Return the passages of every page."""
    if not hasattr(app.env, "book_passages"):
        app.env.book_passages = {}
    return app.env.book_passages


def write(app, exception):
    """Write all passages into one script, and take away what Sphinx's own search would need."""
    if exception or app.builder.format != "html":
        return
    found = []
    for docname in sorted(known(app).keys() & app.env.found_docs, key=_order(app)):
        page = app.builder.get_target_uri(docname)
        number = ".".join(map(str, app.env.toc_secnumbers.get(docname, {}).get("", ())))
        title = words(app.env.titles[docname])
        for anchor, heading, text, weight in known(app)[docname]:
            section = app.env.toc_secnumbers.get(docname, {}).get(f"#{anchor}", ())
            own = f"{'.'.join(map(str, section))}. {heading}" if section and heading != "Figure" else heading
            chapter = f"{number}. {title}" if number else title
            address = page if heading == title else f"{page}#{anchor}"
            if number and heading == title:
                weight = CHAPTER
            elif section:
                weight = SECTION
            found.append([address, chapter, chapter if heading == title else own, text, weight])
    script = f"const passages = {json.dumps(found, ensure_ascii=False, separators=(',', ':'))};\n"
    Path(app.outdir, "_static", FILE).write_text(script, "utf-8")
    Path(app.outdir, "searchindex.js").unlink(missing_ok=True)
    Path(app.outdir, "_static", "searchtools.js").unlink(missing_ok=True)


def _order(app):
    """Return a key that sorts pages as the table of contents does."""
    pages = [app.config.root_doc, *app.env.toctree_includes.get(app.config.root_doc, ())]
    return lambda docname: (pages.index(docname) if docname in pages else len(pages), docname)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", name_results)
    app.connect("doctree-resolved", remember, priority=400)  # before book.figures moves things out of it
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
