"""Docstrings and signatures on the API page, as a reader of the code knows them."""

from __future__ import annotations

import inspect
import re

STAR = re.compile(r"(?<=[(\s])\*(?=\w+\))")


def escape_stars(app, what, name, obj, options, lines):
    """Keep the star of a shape such as (d, *batch) a star: docstrings are written to be read in a terminal."""
    lines[:] = [STAR.sub(r"\\*", line) for line in lines]


def true_signature(app, what, name, obj, options, signature, returns):
    """Show a class with its fields: Sphinx prefers `__new__`, which in our rules only checks names."""
    if what != "class":
        return None
    own = inspect.signature(obj)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in own.parameters.values()]
    return str(own.replace(parameters=bare, return_annotation=own.empty)), ""


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", escape_stars)
    app.connect("autodoc-process-signature", true_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
