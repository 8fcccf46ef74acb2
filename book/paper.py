"""The book on paper: what Jupyter Book's LaTeX builder needs to make a PDF of it that needs no apology.

    jupyter-book build --builder pdflatex .

writes `_build/latex/from-sgd-to-adam.pdf`. A site that is built afterwards, from the same sources, offers that file for
download; any other site says nothing of a PDF.
"""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.texescape import escape

from book.formulas import plain
from book.launch import site_address
from book.sources import MEMORY, digest

NAME = "from-sgd-to-adam"
CAPTION = re.compile(r"<figcaption[^>]*>(.*?)</figcaption>", re.DOTALL)
UNREAD = re.compile(r"<(script|style|noscript)\b.*?</\1>|<[^>]+>", re.DOTALL)
MOVES = re.compile(r'<figure\b[^>]*class="[^"]*\b(?:explorable|laboratory)\b')
ID = re.compile(r'<figure\b[^>]*\bid="([^"]+)"')
LONG = 30  # rows; from there on Sphinx lets a table run over pages
RESULT = re.compile(r"Result \d")


def settings(app, config):
    """Set what concerns LaTeX: after Jupyter Book, whose own class wants fonts that few have."""
    config.latex_theme = "manual"
    config.latex_engine = "xelatex"
    config.latex_use_xindy = False
    config.latex_domain_indices = False
    config.latex_show_pagerefs = True
    config.latex_documents = [("chapters/home", f"{NAME}.tex", config.project, config.author, "manual")]
    config.latex_elements = {
        "papersize": "a4paper",
        "extraclassoptions": "oneside",
        "preamble": Path(__file__).with_name("paper.tex").read_text("utf-8"),
        "fvset": r"\fvset{fontsize=\footnotesize}",
        "atendofbody": r"\listofresults",
        "sphinxsetup": "verbatimwrapslines=true, verbatimforcewraps=true, inlineliteralwraps=true, "
        "VerbatimColor={RGB}{247,247,247}, VerbatimBorderColor={RGB}{204,204,204}",
    }


def number_as_on_the_site(app):
    """Count exercises within chapters: Jupyter Book, with parts above them, would count them within sections."""
    app.config.numfig_secnum_depth = 1


def number_as_latex_does(app, env):
    """Let LaTeX count equations within chapters, which with parts above them are its second level."""
    if app.builder.format == "latex":
        app.config.numfig_secnum_depth = 2


class Captions(SphinxTransform):
    """Write below a picture on paper what its caption on the page says, and where it moves."""

    default_priority = 401  # while MyST-NB still has both the HTML and the picture of an output

    def apply(self):
        """Add the words of each picture, for paper only."""
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            html = next((part.astext() for part in bundle.children if part["mime_type"] == "text/html"), "")
            if not (caption := CAPTION.search(html)):
                continue
            words = re.sub(r"\s+", " ", unescape(UNREAD.sub("", caption[1]))).strip()
            paragraph = nodes.paragraph("", "", nodes.emphasis(words, words))
            if MOVES.search(html):
                anchor = ID.search(html)
                page = f"{self.env.docname}.html{'#' + anchor[1] if anchor else ''}"
                address = site_address(self.app.srcdir) + page
                link = nodes.reference(page, page, refuri=address) if address != page else nodes.literal(page, page)
                paragraph += [nodes.Text(" It moves at "), link, nodes.Text(".")]
            bundle.parent.insert(bundle.parent.index(bundle) + 1, addnodes.only("", paragraph, expr="latex"))


def list_results(app, doctree, docname):
    """Let LaTeX note each numbered result for the list at the end."""
    if app.builder.format != "latex":
        return
    for box in list(doctree.findall(nodes.Admonition)):
        title = box.next_node()
        if isinstance(title, nodes.title) and RESULT.match(title.astext()):
            line = rf"\phantomsection\addcontentsline{{lor}}{{result}}{{{_tex(title)}}}"
            box.parent.insert(box.parent.index(box), nodes.raw(line, line, format="latex"))


def place_boxes(app, doctree, docname):
    """Let a link find the box that it names: Sphinx writes a box into LaTeX without its label."""
    if app.builder.format != "latex":
        return
    for box in list(doctree.findall(nodes.Admonition)):
        for name in box["ids"]:
            line = rf"\phantomsection\label{{\detokenize{{{_page(box, docname)}:{name}}}}}"
            box.parent.insert(box.parent.index(box), nodes.raw(line, line, format="latex"))


def name_formulas(app, doctree, docname):
    """Give a formula in a heading a form for the bookmarks of the PDF, which are plain text."""
    if app.builder.format != "latex":
        return
    for title in doctree.findall(nodes.title):
        for part in list(title.findall(nodes.math)):
            both = rf"\texorpdfstring{{\({part.astext()}\)}}{{{plain(part.astext())}}}"
            part.parent.replace(part, nodes.raw(both, both, format="latex"))


def fit_tables(app, doctree, docname):
    """Give the columns of a table that runs over pages widths by what stands in them: LaTeX would not break lines."""
    if app.builder.format != "latex":
        return
    for table in doctree.findall(nodes.table):
        rows = list(table.findall(nodes.row))
        if len(rows) < LONG:
            continue
        cells = zip(*([len(cell.astext()) for cell in row.children] for row in rows), strict=True)
        for column, lengths in zip(table.findall(nodes.colspec), cells, strict=True):
            column["colwidth"] = min(max(*lengths, 8), 50)
        table["classes"].append("colwidths-given")


def _page(node, first):
    """Return the page on which a node stands: for LaTeX all are one tree, which begins with the first."""
    while isinstance(node, nodes.Element) and "docname" not in node:
        node = node.parent
    return node["docname"] if node is not None else first


def _tex(title):
    return "".join(
        rf"\({part.astext()}\)" if isinstance(part, nodes.math) else escape(part.astext(), "xelatex")
        for part in title.children
    )


def _pdf(app):
    """Return the PDF that lies beside this site and was made from the same sources, if there is one."""
    folder = Path(app.outdir).parent / "latex"
    pdf, memory = folder / f"{NAME}.pdf", folder / MEMORY
    return pdf if pdf.exists() and memory.exists() and memory.read_text("utf-8") == digest() else None


def offer(app, pagename, templatename, context, doctree):
    """Offer the PDF where the theme offers downloads."""
    if app.builder.format != "html" or not _pdf(app):
        return
    for group in context.get("header_buttons", ()):
        if group.get("label") == "download-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": context["pathto"](f"{NAME}.pdf", 1),
                    "text": "The book (.pdf)",
                    "tooltip": "The whole book as a PDF",
                    "icon": "fas fa-book",
                    "label": "download-book-button",
                }
            )


def copy(app, exception):
    """Put the PDF beside the pages, or remember what it is made from while it is made."""
    if exception:
        return
    if app.builder.format == "latex":
        Path(app.outdir, MEMORY).write_text(digest(), "utf-8")
    elif app.builder.format == "html" and (pdf := _pdf(app)):
        shutil.copy(pdf, app.outdir)


def setup(app):
    """Register with Sphinx."""
    app.add_transform(Captions)
    app.connect("config-inited", settings, priority=900)
    app.connect("builder-inited", number_as_on_the_site, priority=900)
    app.connect("env-check-consistency", number_as_latex_does)
    app.connect("doctree-resolved", list_results)
    app.connect("doctree-resolved", place_boxes)
    app.connect("doctree-resolved", fit_tables)
    app.connect("doctree-resolved", name_formulas, priority=900)
    app.connect("html-page-context", offer, priority=900)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
