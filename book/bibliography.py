"""The bibliography as a plain list, sorted by author.

Chapters cite by author and year, so the labels [1], [2], ... would name nothing. Docutils, besides, announces
a list to screen readers and then puts no list items in it; and Pybtex sorts Défossez behind Duchi.
"""

from __future__ import annotations

from unicodedata import normalize

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style
from pybtex.style.sorting.author_year_title import SortingStyle


class Sorting(SortingStyle):
    """By author, year and title, an accented letter like the letter itself."""

    def sorting_key(self, entry):
        """Return what entries are sorted by."""
        return tuple(normalize("NFKD", part) for part in super().sorting_key(entry))


class ByAuthor(Style):
    """Pybtex's plain style in our order."""

    default_sorting_style = "by_author"


def visit_citation(self, node):
    """Open the item, and before the first one the list."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append("<ul>\n")
    self.body.append(self.starttag(node, "li"))
    node.remove(node.next_node(nodes.label))


def depart_citation(self, node):
    """Close the item, and after the last one the list."""
    self.body.append("</li>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        self.body.append("</ul>\n")


def setup(app):
    """Register with Pybtex and Sphinx."""
    register_plugin("pybtex.style.sorting", "by_author", Sorting)
    register_plugin("pybtex.style.formatting", "by_author", ByAuthor)
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
