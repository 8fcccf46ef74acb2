"""What both kinds of figure are made with: style sheets and scripts, as they lie beside this module, and addresses."""

from __future__ import annotations

import re
from importlib.resources import files


def source(name: str) -> str:
    """Return a style sheet or a script."""
    return files("optim.explore").joinpath(name).read_text(encoding="utf-8")


def address(words: str) -> str:
    """Return what the address of a figure ends in.

    Examples
    --------
    >>> address("Adam: rate and first memory")
    'adam-rate-and-first-memory'
    """
    return "-".join(re.findall(r"\w+", words.lower())[:8])


def on_page(script: str, call: str) -> str:
    """Return a script for a page: it carries no comments, and its names stay its own."""
    return "{" + re.sub(r"^ *(//.*)?", "", script, flags=re.MULTILINE) + call + " }"
