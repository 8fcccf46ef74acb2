"""The weight of a figure comes when its reader does.

A notebook holds all of a figure in one piece of HTML: pictures as data addresses, tables and scripts. On a page the
pictures are files, which browsers fetch when they come near, with their size, so that nothing moves; and the scripts of
an explorable or a laboratory, with the tables they read, are one file that `static/near.js` fetches. What a figure
shows at first needs neither: it stands in the page.

Such a file is a script, not data, since a page that is opened from the disk may load scripts and nothing else.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.util.osutil import relative_uri

FOLDER = "_figures"  # below the folder of the site

PICTURE = re.compile(r'<img\b([^>]*?) src="data:image/(\w+);base64,([^"]+)"')
ALIVE = re.compile(r'<figure\b[^>]*class="[^"]*\b(?:explorable|laboratory)\b[^>]*>.*?</figure>', re.DOTALL)
SCRIPT = re.compile(r"\s*<script\b([^>]*)>(.*?)</script>", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')


class Files:
    """The files that figures of one page need.

    Parameters
    ----------
    site : Path
        The folder of the site.
    page : str
        The address of the page below it.
    """

    def __init__(self, site, page):
        self.folder = Path(site, FOLDER)
        self.address = relative_uri(page, f"{FOLDER}/")

    def write(self, content, ending):
        """Write a file, named by its content, and return its address as the page says it."""
        name = f"{sha256(content).hexdigest()[:16]}.{ending}"
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(content)
        return self.address + name

    def picture(self, found):
        """Replace an embedded picture by one in a file."""
        attributes, kind, data = found.groups()
        content = b64decode(data)
        size = ""
        if kind != "svg":
            width, height = Image.open(BytesIO(content)).size
            size = f' width="{width}" height="{height}"'
        return f'<img{attributes} src="{self.write(content, kind)}"{size} loading="lazy" decoding="async"'

    def alive(self, found):
        """Replace the scripts of a figure by one file."""
        figure = found[0]
        scripts = [(dict(ATTRIBUTE.findall(unescape(tag))), text) for tag, text in SCRIPT.findall(figure)]
        if not scripts:
            return figure
        content = f"comeNear(document.currentScript, {json.dumps(scripts, ensure_ascii=False)});\n"
        address = self.write(content.encode(), "js")
        return SCRIPT.sub("", figure).replace("<figure", f'<figure data-near="{address}"', 1)


def lighten(app, doctree, docname):
    """Move what is heavy out of a page."""
    if app.builder.format != "html":
        return
    files = Files(app.outdir, app.builder.get_target_uri(docname))
    for raw in doctree.findall(nodes.raw):
        if "html" in raw["format"].split() and ("<figure" in raw.astext() or "<img" in raw.astext()):
            lighter = ALIVE.sub(files.alive, PICTURE.sub(files.picture, raw.astext()))
            raw.children = [nodes.Text(lighter)]


def forget_widgets(app, doctree):
    """Drop the state of ipywidgets, which only a kernel's page could read."""
    metadata = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {})
    metadata.get("js_files", {}).pop("ipywidgets_state", None)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", forget_widgets, priority=900)
    app.connect("doctree-resolved", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
