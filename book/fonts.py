"""Fonts cut down to the characters in use, so small that they go into a style sheet."""

from __future__ import annotations

import logging
from base64 import b64encode
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of each table, and warns of those it drops


def embed(path, characters):
    """Cut a font down to some of its characters.

    Parameters
    ----------
    path : Path
        A font.
    characters : iterable of int
        The code points to keep; those that the font does not have are passed over.

    Returns
    -------
    str
        The small font as a data address.
    """
    small = TTFont(path)
    subsetter = Subsetter(Options(layout_features=[], name_IDs=[], notdef_outline=True))
    subsetter.populate(unicodes=characters)
    subsetter.subset(small)
    small.flavor = "woff"
    file = BytesIO()
    small.save(file)
    return f"data:font/woff;base64,{b64encode(file.getvalue()).decode()}"
