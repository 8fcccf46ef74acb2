"""Formulas set when the book is built, so that a page needs no script to show them.

The same MathJax that JupyterLab has sets them, out of the wheel of `sphinx-mathjax-offline`, in QuickJS, a small
JavaScript engine from another. A formula on a page is

- what one sees: MathJax's HTML, whose characters come from a style sheet that holds those in use and nothing else;
- what a screen reader says: MathML, hidden from the eye, with the TeX beside it as its annotation;
- what one copies: that TeX.

With scripts, a browser takes the MathML for text at first, and `static/formulas.js` reads it when the page is painted.

A formula that MathJax does not understand is a warning, hence an error.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import quickjs
from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath

from book.fonts import embed

logger = logging.getLogger(__name__)

MATHJAX = Path(find_spec("sphinx-mathjax-offline").submodule_search_locations[0], "static", "mathjax")
FONTS = MATHJAX / "output" / "chtml" / "fonts" / "woff-v2"
SHEET = "formulas.css"

# MathJax's own loader asks for the parts by name. An error in a formula is thrown instead of being drawn in red.
PARTS = ("core", "adaptors/liteDOM", "input/tex", "output/chtml", "output/chtml/fonts/tex")
PREPARE = """
var console = {log() {}, warn() {}, error() {}};
var global = this;
var MathJax = {
  loader: {
    load: Object.keys(parts), paths: {mathjax: "."},
    require: (url) => { (0, eval)(parts[url.replace(/^[.][/]|[.]js$/g, "")]); return {}; },
  },
  startup: {typeset: false},
  tex: {packages: {"[-]": ["noerrors", "noundefined"]}, formatError: (tex, error) => { throw error; }},
  chtml: {adaptiveCSS: true},
};
"""
DEFINE = """
function typeset(tex, display) {
  try {
    return JSON.stringify([
      MathJax.startup.adaptor.outerHTML(MathJax.tex2chtml(tex, {display})), MathJax.tex2mml(tex, {display}), "",
    ]);
  } catch (error) {
    return JSON.stringify(["", "", error.message]);
  }
}
function sheet() { return JSON.stringify(MathJax.startup.adaptor.textContent(MathJax.chtmlStylesheet())); }
"""

# The MathML is for ears and for copying; MathJax's HTML is for the eye.
STYLE = """
mjx-container { font-size: 113%; } /* an x as high as the text's */
.math { position: relative; }
mjx-assistive-mml { position: absolute; inset: 0 auto auto 0; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.with-signs { white-space: nowrap; }
.fonts-come .bd-article { visibility: hidden; }
"""

UNHEARD = re.compile(r' (?:xmlns|data-mjx-texclass)="[^"]*"')  # of MathML within HTML
ENTITY = re.compile("&#x([0-9A-F]+);")  # as &#x3B7; for η
OPENING, CLOSING = re.compile(r"[(\[“‘]+$"), re.compile(r"[.,;:!?)\]”’]+")  # around a formula

# The fonts lie in the sheet and are there at once, but browsers read them beside the page: without them lines have
# other heights, and the text would move. So the text is painted when they have been read.
WAIT = """document.documentElement.classList.add("fonts-come");
Promise.all(["MJXZERO", "MJXTEX", "MJXTEX-I"].map((font) => document.fonts.load(`1em ${font}`, "\\uEFFC=x")))
  .finally(() => document.documentElement.classList.remove("fonts-come"));"""

FORMULA = re.compile(
    r'<math[^>]*?(display="block")?>.*?<annotation encoding="application/x-tex">(.*?)</annotation>', re.S
)
FACE = re.compile(r"@font-face[^{]*\{\s*font-family: (\S+);\s*src: url\(\S*?(MathJax_[\w-]+\.woff)\S*[^}]*\}\s*")
# mjx-c.mjx-c1D702.TEX-I::before { ... content: "\3B7"; } is the character eta of the font MJXTEX-I.
CHARACTER = re.compile(r"mjx-c[^{}]*?(?:\.TEX(-\w+))?::before \{[^}]*content: \"(?:\\([0-9A-F]+)|([^\"]+))\"")
STRETCHED = ("", "-S1", "-S2", "-S3", "-S4")  # where the parts of a large delimiter may come from

SUB = str.maketrans("0123456789+−=()aehijklmnoprstuvxβρφ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵨᵩ")
SUPER = str.maketrans("0123456789+−=()hiknprstuvxT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ʰⁱᵏⁿᵖʳˢᵗᵘᵛˣᵀ")


@cache
def engine():
    """Return a JavaScript engine in which MathJax waits for formulas."""
    context = quickjs.Context()

    def run(code):
        context.eval(code)
        while context.execute_pending_job():
            pass

    parts = {part: (MATHJAX / f"{part}.js").read_text("utf-8") for part in PARTS}
    run(f"var parts = {json.dumps(parts)};{PREPARE}")
    run((MATHJAX / "startup.js").read_text("utf-8"))
    run(DEFINE)
    return context


@cache
def typeset(tex, display=False):
    r"""Set a formula.

    Parameters
    ----------
    tex : str
        The formula, without dollars.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        The formula as HTML.

    Raises
    ------
    ValueError
        MathJax does not understand the formula.

    Examples
    --------
    >>> "<mi>η</mi>" in typeset(r"\eta")
    True
    >>> typeset(r"\ets")
    Traceback (most recent call last):
    ValueError: Undefined control sequence \ets
    """
    seen, said, error = json.loads(engine().get("typeset")(tex, display))
    if error:
        raise ValueError(error)
    annotation = f'<annotation encoding="application/x-tex">{escape(tex.strip())}</annotation>'
    opening, content, _ = re.fullmatch(r"(<math[^>]*>)(.*)(</math>)", said, re.S).groups()
    opening, content = (UNHEARD.sub("", part) for part in (opening, content))
    content = ENTITY.sub(lambda code: chr(int(code[1], 16)), re.sub(r">\n\s*", ">", content))
    said = f"{opening}<semantics><mrow>{content}</mrow>{annotation}</semantics></math>"
    said = f"<mjx-assistive-mml><noscript>{said}</noscript></mjx-assistive-mml>"
    return (
        seen.replace("<mjx-math", '<mjx-math aria-hidden="true"', 1) + said
    )  # what scrolls can be focused, so is not hidden


@cache
def plain(tex):
    r"""Write a formula as text, as well as a line of text can.

    Examples
    --------
    >>> plain(r"\beta_2")
    'β₂'
    >>> plain(r"\frac{\eta}{\sqrt{\hat v_t}}")
    'η/√v̂ₜ'
    """
    _, said, error = json.loads(engine().get("typeset")(tex, False))
    return tex if error else _plain(ElementTree.fromstring(said))


def _plain(node):
    parts = [_plain(child) for child in node]
    match node.tag.rpartition("}")[2]:
        case "msub" | "munder":
            return parts[0] + _small(parts[1], SUB, "_")
        case "msup":
            return parts[0] + _small(parts[1], SUPER, "^")
        case "msubsup" | "munderover":
            return parts[0] + _small(parts[1], SUB, "_") + _small(parts[2], SUPER, "^")
        case "mover":
            return parts[0] + {"^": "\u0302", "¯": "\u0304", "~": "\u0303"}.get(parts[1], parts[1])
        case "mfrac":
            return "/".join(part if len(part) < 3 or part[0] == "√" else f"({part})" for part in parts)
        case "msqrt":
            return "√" + (parts[0] if len(parts) == 1 else f"({''.join(parts)})")
        case "mo" if node.text and node.text in "=<>≤≥≈→←+−":
            return f" {node.text} "
        case "mtr" | "mtd":
            return f"{''.join(parts)} "
    return (node.text or "").strip() + "".join(parts)


def _small(text, signs, otherwise):
    text = text.replace(" ", "")
    return text.translate(signs) if all(ord(sign) in signs for sign in text) else f"{otherwise}({text})"


def _set(translator, node, tex, display):
    try:
        translator.body.append(typeset(tex, display))
    except ValueError as error:
        logger.warning("a formula that MathJax does not understand: %s", error, location=node, type="formulas")
        translator.body.append(escape(tex))


def visit_inline(translator, node):
    """Write a formula in the text."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    _set(translator, node, node.astext(), display=False)
    translator.body.append("</span>")
    raise nodes.SkipNode


def visit_display(translator, node):
    """Write a formula on a line of its own, with its number."""
    tex = node.astext()
    several = "\n\n" in tex or (r"\\" in tex and r"\begin" not in tex)
    if several and not node["nowrap"]:
        tex = wrap_displaymath(tex, None, False)
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    _set(translator, node, tex, display=True)
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def keep_signs(app, doctree, docname):
    """Keep a full stop or a bracket on the line of the formula beside it."""
    if app.builder.format != "html":
        return
    for formula in list(doctree.findall(nodes.math)):
        before, after = formula.previous_sibling(), formula.next_node(descend=False, siblings=True)
        opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
        closing = CLOSING.match(after) if isinstance(after, nodes.Text) else None
        if not (opening or closing):
            continue
        parent = formula.parent
        together = nodes.inline(classes=["with-signs"])
        parent.replace(formula, together)
        if opening:
            parent.replace(before, nodes.Text(before[: opening.start()]))
            together += nodes.Text(opening[0])
        together += formula
        if closing:
            parent.replace(after, nodes.Text(after[closing.end() :]))
            together += nodes.Text(closing[0])


def style_page(app, pagename, templatename, context, doctree):
    """Give a page with formulas the sheet that shows them."""
    if doctree and next(doctree.findall(lambda node: isinstance(node, (nodes.math, nodes.math_block))), None):
        app.add_css_file(SHEET)
        app.add_js_file(None, body=WAIT)


def write_sheet(app, exception):
    """Write MathJax's style sheet with its fonts, both cut down to the characters that stand on a page."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):  # a page that was not written anew has formulas, too
        for display, tex in FORMULA.findall(page.read_text("utf-8")):
            typeset(unescape(tex), bool(display))
    sheet = json.loads(engine().get("sheet")())
    used = defaultdict(set)
    for font, code, character in CHARACTER.findall(sheet):
        for name in [font] if font else STRETCHED:
            used[f"MJXTEX{name}"].add(int(code, 16) if code else ord(character))

    def face(found):
        family, file = found.groups()
        if family not in used:
            return ""
        return f"@font-face {{ font-family: {family}; src: url({embed(FONTS / file, used[family])}) }}\n"

    used["MJXZERO"] = {0xEFFC}  # its only character, of no height
    sheet = re.sub(r"\s*([{};:,])\s+", r"\1", FACE.sub(face, sheet))
    Path(app.outdir, "_static", SHEET).write_text(sheet + STYLE, "utf-8")


def setup(app):
    """Register with Sphinx."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("doctree-resolved", keep_signs, priority=800)
    app.connect("html-page-context", style_page)
    app.connect("build-finished", write_sheet)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
