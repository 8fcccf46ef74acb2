"""The weight of a figure comes when its reader does.

A notebook holds all of a figure in one piece of HTML: pictures as data addresses, style, tables and scripts. On a page
the pictures are files, which browsers fetch when they come near, with their size, so that nothing moves. The tables of
an explorable or a laboratory are a file, and so is its script, which it shares with all others of its kind;
`static/near.js` fetches them. The style, which all of a kind share, too, is a style sheet of the page. What a figure
shows at first needs nothing else: it stands in the page.

Tables come as a script, not as data, since a page that is opened from the disk may load scripts and nothing else.
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

FOLDER = "_static/figures"  # below the folder of the site

PICTURE = re.compile(r'<img\b([^>]*?) src="data:image/(\w+);base64,([^"]+)"')
ALIVE = re.compile(r'<figure\b[^>]*class="[^"]*\b(?:explorable|laboratory)\b[^>]*>.*?</figure>', re.DOTALL)
STYLE = re.compile(r"\s*<style>(.*?)</style>", re.DOTALL)
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
        self.sheets = []

    def write(self, content, ending):
        """Write a file, named by its content, and return that name."""
        name = f"{sha256(content).hexdigest()[:16]}.{ending}"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)
        return name

    def picture(self, found):
        """Replace an embedded picture by one in a file."""
        attributes, kind, data = found.groups()
        content = b64decode(data)
        size = ""
        if kind != "svg":
            image = Image.open(BytesIO(content))
            size = f' width="{image.width}" height="{image.height}"'
            if kind == "png":
                smaller = BytesIO()
                image.save(smaller, "webp", lossless=True)  # by a quarter, and the same picture
                content, kind = smaller.getvalue(), "webp"
        return f'<img{attributes} src="{self.address}{self.write(content, kind)}"{size} loading="lazy" decoding="async"'

    def alive(self, found):
        """Replace the style and the scripts of a figure by files."""
        figure = STYLE.sub(self.sheet, found[0])
        scripts = [(dict(ATTRIBUTE.findall(unescape(tag))), text) for tag, text in SCRIPT.findall(figure)]
        tables = [script for script in scripts if "type" in script[0]]
        contents = [f"comeNear(document.currentScript, {json.dumps(tables, ensure_ascii=False)});\n"] if tables else []
        contents += [text for attributes, text in scripts if "type" not in attributes]
        if not contents:
            return figure
        near = " ".join(self.address + self.write(content.encode(), "js") for content in contents)
        return SCRIPT.sub("", figure).replace("<figure", f'<figure data-near="{near}"', 1)

    def sheet(self, found):
        """Take a style into a sheet of the page."""
        self.sheets.append(self.write(found[1].encode(), "css"))
        return ""


def lighten(app, doctree, docname):
    """Move what is heavy out of a page."""
    if app.builder.format != "html":
        return
    files = Files(app.outdir, app.builder.get_target_uri(docname))
    for raw in doctree.findall(nodes.raw):
        if "html" in raw["format"].split() and ("<figure" in raw.astext() or "<img" in raw.astext()):
            lighter = ALIVE.sub(files.alive, PICTURE.sub(files.picture, raw.astext()))
            raw.children = [nodes.Text(lighter)]
    doctree["sheets"] = dict.fromkeys(files.sheets)


def style_page(app, pagename, templatename, context, doctree):
    """Give a page the sheets of its figures, behind those of the site."""
    for sheet in doctree.get("sheets", ()) if doctree else ():
        app.add_css_file(f"{Path(FOLDER).name}/{sheet}", priority=900)


def forget_widgets(app, doctree):
    """Drop the state of ipywidgets, which only a kernel's page could read."""
    metadata = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {})
    metadata.get("js_files", {}).pop("ipywidgets_state", None)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", forget_widgets, priority=900)
    app.connect("doctree-resolved", lighten)
    app.connect("html-page-context", style_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
