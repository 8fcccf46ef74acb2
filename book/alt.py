"""Alternative text: a picture in a chapter says in words what it shows.

A picture of `optim.plots` brings its words along, in the HTML that the page shows. Any other picture takes the
`text/plain` that stands beside its `image/png` as its alternative text, and one without words is a warning, hence an
error.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


class AlternativeText(SphinxTransform):
    """Copy the words of an output to its picture, while MyST-NB still has both."""

    default_priority = 400

    def apply(self):
        """Give each picture its words and warn where there are none."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            kinds = {part["mime_type"]: part for part in bundle.children}
            words = kinds["text/plain"].astext() if "text/plain" in kinds else ""
            if words.startswith("<"):  # <Figure size 640x480 with 1 Axes> says nothing
                words = ""
            for image in bundle.findall(nodes.image):
                image.line = bundle.line
                image.setdefault("alt", words)
        for image in self.document.findall(nodes.image):
            if not image.get("alt"):
                logger.warning(
                    "a picture without words: draw it with optim.plots or say in its alternative text what it shows",
                    location=image,
                    type="alt",
                )


def setup(app):
    """Register with Sphinx."""
    app.add_transform(AlternativeText)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
