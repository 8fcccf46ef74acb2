"""What is folded on a page opens without a script: the element that browsers fold by themselves.

Sphinx-togglebutton folds with a script, after the page has been painted: the page jumps, and without scripts nothing is
folded. Here each box of the class `dropdown`, a solution among them, is written as `<details>`, with its title as the
`<summary>`: a click anywhere on the title opens it, and so does a search in the page.
"""

from __future__ import annotations

from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode


class fold(nodes.General, nodes.Element):
    """A box that the reader can open."""


class fold_title(nodes.TextElement):
    """What stands on the box."""


def visit_fold(translator, node):
    """Open the element."""
    classes = " ".join(["admonition", *(name for name in node["classes"] if name not in ("admonition", "dropdown"))])
    is_open = {"open": ""} if "toggle-shown" in node["classes"] else {}
    node["classes"] = []
    translator.body.append(translator.starttag(node, "details", CLASS=classes, **is_open))


def depart_fold(translator, node):
    """Close it."""
    translator.body.append("</details>\n")


def visit_fold_title(translator, node):
    """Open the title."""
    translator.body.append('<summary class="admonition-title">')


def depart_fold_title(translator, node):
    """Close it."""
    translator.body.append("</summary>\n")


def visit_hidden_code(translator, node):
    """Open a cell whose code is hidden as MyST-NB does, but named by the words that are seen on it."""
    translator.body.append(translator.starttag(node, "details", CLASS="admonition hide") + "<summary>")
    for state, words in (("collapsed", node["prompt_show"]), ("expanded", node["prompt_hide"])):
        translator.body.append(f'<p class="{state} admonition-title">{escape(words)}</p>')
    translator.body.append("</summary>\n")


def write_folds(app, doctree, docname):
    """Turn the boxes of a page into folds, and exercises into what does not repeat an address."""
    if app.builder.format != "html":
        return
    for part in list(doctree.findall(nodes.section)):
        if part["ids"] in (["exercise-content"], ["solution-content"]):  # every exercise would have the same
            part.parent.replace(part, part.children)
    for box in list(doctree.findall(nodes.Admonition)):
        title = box.next_node()
        if "dropdown" not in box.get("classes", ()) or not isinstance(title, nodes.title):
            continue
        for link in list(title.findall(nodes.reference)):  # a click opens the box; it does not lead away
            link.parent.replace(link, link.children)
        content = [fold_title("", "", *title.children), *(child for child in box.children if child is not title)]
        box.parent.replace(box, fold("", *content, ids=box["ids"], classes=box["classes"]))


def setup(app):
    """Register with Sphinx."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_fold_title, depart_fold_title))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_fold))
    app.connect("doctree-resolved", write_folds, priority=900)  # after sphinx-exercise and after book.search
    return {"parallel_read_safe": True, "parallel_write_safe": True}
