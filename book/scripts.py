"""Scripts cut down to what the pages use, and kept from each other's way.

Sphinx and its extensions load on every page what a few pages need, or none: words of a search to be marked, keys that
turn pages, tabs. They load in the head, where the page waits for them; and they wait for the page, all of them to set
to work at the same moment. Deferred, they keep nobody waiting and run one after the other. The first is a small one,
`near.js` (_config.yml): it runs in one task with the end of the page.

When a page has come, the theme asks for the width of every box that might scroll, which has the browser lay out the
whole chapter, what is far from the window included: half a second on a phone, and again after each move of a slider.
Here `static/wide.js` asks, for each box when it is laid out.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.util import logging

from book.styles import THEME

logger = logging.getLogger(__name__)

NEEDED = {"doctools.js": None, "sphinx_highlight.js": None, "design-tabs.js": "sd-tab-set"}  # by pages with what
AT_ONCE = "documentation_options.js"  # lines in the head add to it
SCRIPT = "scripts/pydata-sphinx-theme.js"
MEASURE = re.compile(r',"complete"===document\.readyState\?(\w+)\(\):window\.addEventListener\("load",\1\)')


def choose(app, pagename, templatename, context, doctree):
    """Leave out of a page the scripts that find nothing to do on it, and defer the others."""
    body = context.get("body", "")
    unused = {name for name, sign in NEEDED.items() if sign is None or sign not in body}
    scripts = context["script_files"]
    scripts[:] = [script for script in scripts if Path(script.filename or "").name not in unused]
    for script in scripts:
        if script.filename and Path(script.filename).name != AT_ONCE:
            script.attributes["defer"] = "defer"


def slim(app, exception):
    """Take the measuring out of the theme's script."""
    if exception or app.builder.format != "html":
        return
    script, times = MEASURE.subn("", (THEME / SCRIPT).read_text("utf-8"))
    Path(app.outdir, "_static", SCRIPT).write_text(script, "utf-8")
    if times != 1:
        logger.warning("%s has changed: where does it measure boxes that scroll?", SCRIPT, type="scripts")


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", choose, priority=900)
    app.connect("build-finished", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
