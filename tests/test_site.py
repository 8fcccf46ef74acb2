"""The built site in a real browser: what a reader sees, touches and finds, with every other address blocked."""

import base64
import json
import re
import zlib
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag

import numpy as np
import pytest

from book.sources import MEMORY, digest
from book.styles import PLAIN
from tools.browser import PAGES, SITE, count_explorables, serve

pytestmark = pytest.mark.browser  # and a site that is built

BUILD = "jupyter-book build --all -W --keep-going ."
SIZES = {"screen": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def opened(*views):
    """Run a test on every page, each opened in some views: by a server or from the disk, on a screen or on a phone."""
    views = [(way, page, size) for page in [*PAGES, "search"] for way, size in views]
    return pytest.mark.parametrize("tab", views, indirect=True, ids="-".join)


every_page = opened(("http", "screen"), ("file", "screen"))
every_look = opened(("http", "screen"), ("http", "phone"))
every_explorable = pytest.mark.parametrize(
    ("tab", "explorable"),
    [(("http", page, "screen"), number) for page in PAGES for number in range(count_explorables(page))],
    indirect=True,
    ids=lambda one: "-".join(one) if isinstance(one, tuple) else str(one),
)


# The site, and pages of it that record whatever goes wrong


def staleness():
    """Return what is wrong with the built site as a sentence, nothing if it is what the sources say."""
    memory = SITE / MEMORY
    if not memory.exists():
        return f"the site is not built: `{BUILD}`"
    return "" if memory.read_text("utf-8") == digest() else f"the site was built from other sources: `{BUILD}`"


@pytest.fixture(scope="module")
def site():
    """Serve the built site, and return where it begins for each way of reading it."""
    if wrong := staleness():
        pytest.skip(wrong)
    with serve(SITE) as address:
        yield {"http": address, "file": f"{SITE.as_uri()}/"}


@pytest.fixture(scope="module")
def window(browser, site):
    """Return a function that opens a window; what goes wrong in it stands in its `trouble`, strangers in `foreign`."""

    def window(way, size="screen", **options):
        context = browser.new_context(viewport=SIZES[size], reduced_motion="reduce", **options)
        context.set_default_timeout(10_000)
        tab = context.new_page()
        tab.trouble, tab.foreign = [], []
        tab.on("console", lambda says: says.type in ("error", "warning") and tab.trouble.append(says.text))
        tab.on("pageerror", lambda error: tab.trouble.append(str(error)))
        tab.on("requestfailed", lambda request: tab.trouble.append(f"{request.failure}: {request.url:.200}"))
        tab.on("response", lambda answer: answer.status < 400 or tab.trouble.append(f"{answer.status}: {answer.url}"))

        def block(route):
            tab.foreign.append(route.request.url)
            route.abort()

        context.route(lambda url: not url.startswith((site[way], "data:", "blob:")), block)
        return tab

    return window


COME_NEAR = """async () => {
    for (const figure of document.querySelectorAll("[data-near]")) {
        figure.scrollIntoView();
        await new Promise(requestAnimationFrame);
    }
}"""
DRAWN = """() => !document.querySelector("mjx-assistive-mml noscript")
    && [...document.querySelectorAll("[data-near]")].every((figure) =>
        !figure.checkVisibility() || figure.querySelector(".laboratory .panels, .board[style]"))"""


@pytest.fixture(scope="module")
def visit(window, site):
    """Return a function that opens a page in a window of its own, with everything that scripts add to it."""

    def visit(way, page, size="screen", **options):
        tab = window(way, size, **options)
        tab.goto(f"{site[way]}{page}.html")
        if options.get("java_script_enabled", True):
            tab.evaluate(COME_NEAR)
            tab.wait_for_function(DRAWN)
            tab.evaluate("scrollTo(0, 0)")
        return tab

    return visit


@pytest.fixture(scope="module")
def tab(request, visit):
    """Open a page in one view, once for all tests of it, for a reader who wishes for reduced motion."""
    tab = visit(*request.param)
    tab.view = request.param
    yield tab
    tab.context.close()


def lay_out_all(tab):
    """Have the browser lay out a page to its end; what is far from the window it leaves to later (style.css)."""
    tab.add_style_tag(content="* { content-visibility: visible !important }")
    tab.evaluate(  # a rare sign's font comes when the sign is laid out, and the marks of wide.js with a frame
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            await frame().then(frame).then(() => document.fonts.ready).then(frame).then(frame);
        }"""
    )


def test_the_site_is_built_from_the_sources_as_they_are():
    """Everything else here looks at the site, so it has to be the one that these sources make."""
    assert not staleness()


# Every page, from a server and from the disk


@every_page
def test_a_page_loads_without_an_error_or_a_failed_request(tab):
    """Neither the console nor the network has anything to complain about."""
    assert not tab.trouble


@every_page
def test_a_page_asks_no_other_address(tab):
    """A reader without a network sees the same book."""
    assert not tab.foreign


@every_page
def test_the_mathematics_of_a_page_is_set(tab):
    """Every formula is there for the eye, for the ear and for copying, and no source of one is left in the text."""
    formulas, unset, text = tab.evaluate(
        """() => {
            const all = (selector) => [...document.querySelectorAll(selector)];
            const whole = ["mjx-math[aria-hidden] mjx-c", "math", "annotation[encoding='application/x-tex']"];
            const unset = all(".math").filter((formula) => whole.some((part) => !formula.querySelector(part)));
            const main = document.querySelector("main").cloneNode(true);
            for (const code of main.querySelectorAll("pre, code, script, style, annotation")) code.remove();
            return [all(".math").length, unset.map((formula) => formula.textContent), main.textContent];
        }"""
    )
    assert not unset, f"of {formulas} formulas"
    assert not re.findall(r".{0,40}(?:\\[(\[]|\$\$|\\begin).{0,40}", text)


@opened(("http", "phone"))
def test_a_formula_wider_than_a_phone_fades_and_scrolls(tab):
    """Where there is more of a formula than fits, its end fades, and the keyboard can scroll there."""
    lay_out_all(tab)
    wrong = tab.evaluate(
        """() => [...document.querySelectorAll("span.math, div.math mjx-container")].filter((formula) => {
            if (!formula.checkVisibility() || formula.closest("details:not([open])")) return false;
            const wide = formula.scrollWidth > formula.clientWidth + 1;
            const { maskImage, overflowX } = getComputedStyle(formula);
            return wide !== (maskImage !== "none" && overflowX === "auto" && formula.tabIndex === 0);
        }).map((formula) => formula.closest(".math").querySelector("annotation").textContent)"""
    )
    assert not wrong


@every_look
def test_the_link_of_a_heading_takes_no_line(tab):
    taller = tab.evaluate(
        """() => [...document.querySelectorAll("main :is(h1, h2, h3, h4)")].filter((heading) => {
            const words = heading.cloneNode(true);
            words.querySelector(".headerlink")?.remove();
            heading.after(words);
            const more = heading.offsetHeight > words.offsetHeight;
            words.remove();
            return more;
        }).map((heading) => heading.textContent)"""
    )
    assert not taller


@opened(("http", "phone"))
def test_no_line_begins_with_a_full_stop(tab):
    """The sign after a formula stands on the formula's line."""
    alone = tab.evaluate(
        r"""() => [...document.querySelectorAll("span.math")].filter((formula) => {
            const after = formula.nextSibling;
            if (!/^[.,;:!?)]/.test(after?.data ?? "") || !formula.checkVisibility()) return false;
            const sign = document.createRange();
            sign.setStart(after, 0);
            sign.setEnd(after, 1);
            return sign.getBoundingClientRect().left < formula.getBoundingClientRect().left;
        }).map((formula) => formula.parentElement.textContent)"""
    )
    assert not alone


def test_a_formula_is_seen_and_heard_without_scripts(visit):
    """A reader without JavaScript has the formulas of a chapter, numbers and all."""
    tab = visit("file", "chapters/adam", java_script_enabled=False)
    widths = [formula.bounding_box()["width"] for formula in tab.locator("div.math mjx-math").all()]
    assert len(widths) > 5 and min(widths) > 10
    assert tab.locator(".math").count() == tab.locator("math annotation").count()
    assert tab.locator(".eqno").first.text_content().startswith("(6.1)")
    tab.context.close()


@pytest.mark.parametrize("idle", [True, False], ids=["later", "at once"])
def test_copied_text_keeps_its_formulas(window, site, idle):
    """What is copied from a page holds each formula as TeX, whole even if only half of it was marked."""
    tab = window("http")
    if not idle:
        tab.add_init_script("window.requestIdleCallback = () => {}")
    tab.goto(f"{site['http']}chapters/momentum.html")
    tab.wait_for_function("(idle) => !document.querySelector('mjx-assistive-mml noscript') === idle", arg=idle)
    copied = tab.evaluate(
        r"""() => {
            const end = [...document.querySelectorAll("article p")].find((p) => p.textContent.startsWith("You will"));
            const half = end.querySelector(".math mjx-c");
            getSelection().setBaseAndExtent(end, 0, half, 0);
            const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true });
            document.dispatchEvent(event);
            return event.clipboardData.getData("text/plain");
        }"""
    )
    assert copied.endswith(r"$\sqrt\kappa$")
    assert copied.startswith("You will learn what a velocity adds")
    tab.context.close()


@every_page
def test_every_picture_of_a_page_has_words(tab):
    """An image has an alternative text that says something; what lies under an explorable is said by the panel."""
    speechless = tab.evaluate(
        """() => [...document.images].filter((image) => {
            const panels = image.closest("[role=img]");
            if (panels) return !panels.ariaLabel.trim();
            const decoration = image.closest("a")?.innerText.trim();
            return !decoration && (!image.alt.trim() || image.alt.startsWith("<Figure"));
        }).map((image) => image.outerHTML.slice(0, 100))"""
    )
    assert not speechless


@opened(("file", "screen"))
def test_the_sliders_of_a_page_move_their_pictures(tab):
    """From the disk, too, every slider draws what its table says; from a server more is looked at, below."""
    for number in range(tab.locator(".explorable").count()):
        explorable = Explorable(tab, number)
        for slider in explorable.sliders:
            before = explorable.frame()["marks"]
            slider.press("End" if int(slider.input_value()) == 0 else "Home")
            assert explorable.promised()["marks"] != before


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_explorables_of_its_stored_notebook(page, site):
    """The site runs the notebooks afresh; what readers on GitHub see has the same explorables."""
    assert (SITE / f"{page}.html").read_text("utf-8").count('class="explorable"') == count_explorables(page)


def test_every_internal_link_and_anchor_leads_somewhere(site):
    """Whatever a page of the site points to in the site is there."""
    pages = {path: Links(path) for path in SITE.rglob("*.html") if SITE / "_static" not in path.parents}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target, anchor = map(unquote, urldefrag(link))
            goal = (path.parent / target.partition("?")[0]).resolve() if target else path
            if not goal.is_file() or (anchor and goal in pages and anchor not in pages[goal].anchors):
                broken.append(f"{path.relative_to(SITE)}: {link}")
    assert not broken


class Links(HTMLParser):
    """The internal links of a page, and the anchors that one can link to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {"", "top"}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Collect from one tag."""
        attrs = dict(attrs)
        self.anchors |= {attrs.get("id"), attrs.get("name")}
        self.links |= {
            attrs[name] for name in ("href", "src") if attrs.get(name) and not re.match(r"[a-z][a-z+.-]*:", attrs[name])
        }


def search(tab, query):
    """Type a query into the search field as a reader does, and return the first results: headings and addresses."""
    tab.get_by_role("button", name="Search").locator("visible=true").first.click()
    field = tab.get_by_role("searchbox").locator("visible=true").last
    field.fill(query)
    field.press("Enter")
    tab.wait_for_url("**/search.html?q=*")
    tab.locator("#search-status:not(:empty)").wait_for()
    return [(link.inner_text(), link.get_attribute("href")) for link in tab.locator("#search-results a").all()]


@pytest.mark.parametrize("way", ["http", "file"])
def test_the_search_lands_on_the_section(visit, way):
    """From a server and from the disk, a query leads to a section that speaks of it, with the words around the hit."""
    tab = visit(way, "chapters/home")
    heading, address = search(tab, "bias correction")[0]
    assert address.startswith("chapters/adam.html#")
    assert "The bias correction" in heading
    first = tab.locator("#search-results li").first
    assert "correct" in first.locator("p").inner_text().lower()
    assert first.locator("mark").count()
    first.locator("a").click()
    tab.wait_for_url("**/chapters/adam.html#*")
    section = tab.locator(f"[id='{address.partition('#')[2]}']")
    assert "correction" in section.inner_text().lower()
    assert section.bounding_box()["y"] < tab.viewport_size["height"] / 2
    assert not tab.trouble + tab.foreign
    tab.context.close()


@pytest.mark.parametrize(
    "queries",
    [
        ("beta2", "β₂", "beta_2", "β2"),
        ("epsilon", "eps", "ε", "ϵ"),
        ("warm-up", "warmup"),
        ("corrections", "correction"),
    ],
    ids=lambda queries: queries[0],
)
def test_the_search_knows_a_symbol_by_name_and_by_sign(visit, queries):
    """However a symbol or a word is written, the same passages are found."""
    tab = visit("http", "search")
    first, *others = [search(tab, query) for query in queries]
    assert first
    assert all(other == first for other in others)
    tab.context.close()


@pytest.mark.parametrize(
    ("query", "page"), [("SGD", "sgd"), ("momentum", "momentum"), ("Nesterov", "after"), ("RMSProp", "rmsprop")]
)
def test_the_search_leads_to_the_chapter_before_the_module(visit, query, page):
    """Whoever asks for a method wants to read about it first; its classes in the API come later, but come."""
    tab = visit("http", "search")
    addresses = [address for _, address in search(tab, query)]
    assert addresses[0].startswith(f"chapters/{page}.html")
    assert any(address.startswith("chapters/api.html") for address in addresses)
    tab.context.close()


def test_the_search_finds_results_and_figures(visit):
    """A result is found by its name, a figure by what its caption says; neither shows TeX."""
    tab = visit("http", "search")
    assert any(heading.startswith("Result 2.7") for heading, _ in search(tab, "noise floor")[:5])
    assert any(heading == "Figure" for heading, _ in search(tab, "path"))
    assert not re.search(r"\\[a-z]+\{|\$", tab.locator("#search-results").inner_text())
    tab.context.close()


# What a page weighs, says of itself, and lets one do without scripts


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_nothing_that_is_not_used(page, site):
    """No state of widgets, no picture and no table inside the page: they are files, which come when they are near."""
    html = (SITE / f"{page}.html").read_text("utf-8")
    assert "vnd.jupyter.widget" not in html
    assert "base64," not in html
    assert "fontawesome.js" not in html
    assert html.count('rel="stylesheet"') <= 4  # the book's, its formulas', its explorables' and its laboratories'
    assert all('loading="lazy"' in tag for tag in re.findall(r"<img[^>]*figures/[^>]*>", html))


def test_code_without_elements_has_its_own_colour(site):
    """What names and punctuation would be coloured, all code is: in the light and in the dark."""
    sheet = (SITE / "_static" / "book.css").read_text("utf-8")
    for theme in ("light", "dark"):
        colours = dict(re.findall(rf'"{theme}"\] \.highlight( \.\w+)?{{[^}}]*?(?<!-)color: (#\w+)', sheet))
        assert {colours.get(f" .{name}", colours[""]) for name in PLAIN.split("|")} == {colours[""]}


def test_no_script_lays_out_what_is_far(window, site):
    """What scrolls is asked for its width when it is laid out; to ask before has the whole chapter laid out."""
    tab = window("http")
    tab.goto(f"{site['http']}chapters/adam.html", wait_until="networkidle")  # nobody has scrolled
    tab.evaluate("document.fonts.ready")
    far, asked = tab.evaluate(
        """() => {
            const boxes = [...document.querySelectorAll("main pre")];
            const far = boxes.filter((box) => !box.checkVisibility({ contentVisibilityAuto: true }));
            return [far.length, far.filter((box) => box.hasAttribute("tabindex")).length];
        }"""
    )
    assert far and not asked
    tab.context.close()


def test_what_comes_near_is_as_tall_as_if_it_had_always_been_there(window, site):
    """What the browser may leave out is contained, so margins do not collapse there; nothing depends on that."""
    tab = window("http")
    tab.goto(f"{site['http']}chapters/sgd.html")
    heights = "() => [...document.querySelectorAll('.bd-article section > *')].map((one) => one.offsetHeight)"
    contained = ":not(section):not(.pst-scrollable-table-container) { contain: layout style paint !important }"
    lay_out_all(tab)
    free = tab.evaluate(heights)
    tab.add_style_tag(content=f".bd-article > section > section > {contained}")
    assert tab.evaluate(heights) == free
    tab.context.close()


def test_the_words_of_a_laboratory_stand_still_when_its_button_comes(visit):
    """On a phone the question stands in the same place without scripts, and before they come, as with them."""
    where = "(figure) => figure.querySelector('.question').offsetTop - figure.offsetTop"
    places = []
    for scripts in (False, True):
        tab = visit("http", "chapters/home", "phone", java_script_enabled=scripts)
        places.append(tab.locator(".laboratory").evaluate(where))
        tab.context.close()
    assert places[0] == places[1]


def test_no_map_is_shown_before_it_is_drawn(window, site):
    """On paper a map of two sliders that no script has drawn yet is left out, and without scripts each is."""
    for scripts in (True, False):
        tab = window("http", java_script_enabled=scripts)
        tab.goto(f"{site['http']}chapters/momentum.html")
        if scripts:
            tab.emulate_media(media="print")
        pads = tab.locator(".explorable .pad")
        assert pads.count()
        assert not [pad for pad in pads.all() if pad.is_visible() and not pad.locator("canvas[width]").count()]
        tab.context.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_is(page, site):
    """The title says each thing once, there is a description, and no address within the page stands twice."""
    html = (SITE / f"{page}.html").read_text("utf-8")
    title = re.search(r"<title>(.*?)</title>", html)[1]
    parts = title.split(" – ")
    assert len(parts) == len(set(parts)) and parts[-1] == "From SGD to Adam"
    assert len(re.search(r'<meta name="description" content="([^"]*)"', html)[1]) > 20
    ids = re.findall(r'<[a-z][^>]*?\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), [one for one in ids if ids.count(one) > 1]


@pytest.mark.parametrize("page", ["index", "404"])
def test_a_page_that_stands_alone_leads_to_the_book(window, site, page):
    """Neither the root nor the page for what is missing asks for a file that is not there."""
    tab = window("http")
    tab.goto(f"{site['http']}{page}.html", wait_until="commit")  # the root's page is gone before it is loaded
    if page == "404":
        tab.get_by_role("link", name="From SGD to Adam").click()
    tab.wait_for_url("**/chapters/home.html")
    left = "net::ERR_ABORTED"  # leaving a page ends its requests
    assert not [wrong for wrong in tab.trouble if not wrong.startswith(left)] + tab.foreign
    tab.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_click_opens_a_solution(visit, scripts):
    """A solution is closed, and a click on its title opens it, in place and without scripts, too."""
    tab = visit("http", "chapters/adam", java_script_enabled=scripts)
    solution = tab.locator("details.solution").first
    content = solution.locator(":scope > :not(summary)").first
    assert not content.is_visible()
    solution.locator("summary").click()
    content.wait_for()
    assert tab.url.endswith("adam.html")
    tab.context.close()


def test_only_code_to_run_can_be_copied(visit):
    """There is a copy button on what one may want to run and none on outputs."""
    tab = visit("http", "chapters/adam")
    tab.locator(".cell_input .copybtn").first.wait_for(state="attached")
    assert not tab.locator(".cell_output .copybtn").count()
    tab.context.close()


def test_a_page_is_printed_light_and_open(visit):
    """Printed from dark mode a page is light; what is folded is open, save solutions that the reader left closed."""
    tab = visit("http", "chapters/adam", color_scheme="dark")
    state = """() => [document.documentElement.dataset.theme,
        document.querySelectorAll("details:not([open], .hide, .solution)").length,
        document.querySelectorAll("details.solution[open]").length]"""
    before = tab.evaluate(state)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(state) == ["light", 0, 0]
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(state) == before
    assert before[0] == "dark" and before[1]
    tab.context.close()


def width_on_a_narrow_phone(tab):
    """Return how many pixels wide a page is in a window of 320, and give the window its size again."""
    size = tab.viewport_size
    tab.set_viewport_size({"width": 320, "height": 640})
    width = tab.evaluate("document.scrollingElement.scrollWidth")
    tab.set_viewport_size(size)
    return width


@opened(("http", "phone"))
def test_nothing_overflows_a_narrow_phone(tab):
    """Nobody has to scroll sideways."""
    assert width_on_a_narrow_phone(tab) <= 320


@pytest.mark.parametrize(
    "tab", [("http", page, "screen") for page in PAGES if count_explorables(page)], indirect=True, ids="-".join
)
def test_nothing_overflows_a_narrow_phone_without_scripts(still):
    """Nor without scripts, where there are figures: all else is the same."""
    assert width_on_a_narrow_phone(still) <= 320


# Every page, as light and dark, wide and narrow as readers have it


def wear(tab, theme):
    """Let the page know that the reader has come to like it light or dark."""
    tab.emulate_media(color_scheme=theme)
    tab.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=theme)


@every_look
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_is_no_wider_than_its_window(tab, theme):
    """Nobody has to scroll sideways, and nothing of an explorable is cut off."""
    wear(tab, theme)
    page, explorables, window = tab.evaluate(
        """() => [document.scrollingElement.scrollWidth,
            Math.max(0, ...[...document.querySelectorAll(".explorable :not(svg svg *)")]
                .filter(({ parentElement: row }) => getComputedStyle(row).overflowX !== "auto")  // which scrolls
                .map((element) => element.getBoundingClientRect().right)),
            innerWidth]"""
    )
    assert window == tab.viewport_size["width"]
    assert page <= window
    assert explorables <= window


# Every explorable, by mouse and by keyboard


class Explorable:
    """An explorable on an open page: what a reader sees of it, and what its table says should be seen."""

    def __init__(self, tab, number):
        self.tab, self.number, self.figure = tab, number, tab.locator(".explorable").nth(number)
        self.sliders = self.figure.locator("input[data-control]").all()
        self.choices = self.figure.locator("select[data-control]").all()
        self.button = self.figure.get_by_role("button", name="Reset")

    @cached_property
    def spec(self):
        """What the page's script knows, which comes with that script."""
        return json.loads(self.figure.locator("script[type='application/json']").text_content())

    @cached_property
    def data(self):
        """The table: its numbers, and behind them its words."""
        return zlib.decompress(base64.b64decode(self.spec["packed"]))

    @cached_property
    def words(self):
        """What is said at each setting."""
        return json.loads(self.data[self.spec["words"] :])

    def frame(self):
        """Return what is seen: the controls and their words, the readout, the picture behind, the marks."""
        frame = self.figure.evaluate(
            """(figure) => {
                const all = (selector, look) => [...figure.querySelectorAll(selector)].map(look);
                return {
                    values: all("[data-control]", (control) => Number(control.value)),
                    outputs: all("label output", (output) => output.textContent),
                    spoken: all("input[data-control]", (slider) => slider.getAttribute("aria-valuetext")),
                    readout: figure.querySelector(".readout").textContent,
                    backgrounds: all("[data-background]", (image) => !image.hidden),
                    marks: all("[data-mark]", (e) => [Number(e.dataset.mark), e.dataset.shape ?? "text", e.textContent,
                        e.getAttribute("d") ?? `${e.getAttribute("x")} ${e.getAttribute("y")}`]),
                };
            }"""
        )
        frame["marks"] = [(mark, words, points(shape, path)) for mark, shape, words, path in frame["marks"]]
        return frame

    @cached_property
    def positions(self):
        """How many positions each control has."""
        return self.figure.locator("[data-control]").evaluate_all("(all) => all.map((c) => +c.dataset.positions)")

    @cached_property
    def sayings(self):
        """What each slider says, at each of its positions."""
        return [json.loads(slider.get_attribute("data-words")) for slider in self.sliders]

    def promised(self):
        """Return the frame, seen to be what the table holds for the controls as they stand."""
        frame = self.frame()
        assert frame == self.promise(frame)
        return frame

    def promise(self, frame):
        """Return what the table holds for the controls of a frame, unpacked without the page's script."""
        words = self.words
        setting, background, backgrounds = 0, 0, 1
        for k, (value, count) in enumerate(zip(frame["values"], self.positions, strict=True)):
            setting = setting * count + value
            if k < len(self.choices):
                background = background * count + value
                backgrounds *= count  # of each panel that the choices change

        def column(number):
            start, points, settings = (self.spec["columns"][number][key] for key in ("start", "points", "settings"))
            planes = np.frombuffer(self.data, np.uint8, 4 * points * settings, start).reshape(4, settings, points)
            zigzag = planes[:, setting % settings].T.copy().view("<u4")[:, 0].astype(np.int64)
            second = (zigzag >> 1) ^ -(zigzag & 1)
            return second.cumsum().cumsum() / 5

        marks = []
        for number, *_ in frame["marks"]:
            mark = self.spec["marks"][number]
            xy = np.broadcast_arrays(column(mark["x"]), column(mark["y"]))
            marks.append((number, words[mark["words"]][setting] if "words" in mark else "", np.transpose(xy).tolist()))
        says = [says[value] for says, value in zip(self.sayings, frame["values"][len(self.choices) :], strict=True)]
        return {
            "values": frame["values"],
            "outputs": says,
            "spoken": says,
            "readout": " ".join(words[readout][setting] for readout in self.spec["readouts"]),
            "backgrounds": [k % backgrounds == background for k in range(len(frame["backgrounds"]))],
            "marks": marks,
        }

    def reset(self, key="Enter"):
        """Press the button with a key or, without one, with the mouse, and wait for the page to draw."""
        self.button.press(key) if key else self.button.click()
        self.tab.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")

    def picture(self):
        """Return the pixels."""
        return self.figure.locator(".panels").screenshot()


def points(shape, path):
    """Return the points that an SVG path was made from, to a tenth of a pixel."""
    if shape == "dots":  # each followed by the outline of its marker
        return [[round(float(x), 1), round(float(y), 1)] for x, y in re.findall(r"M(\S+) (-?[\d.]+)", path)]
    numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e[-+]?\d+)?", path)]
    rows = np.reshape(numbers, (-1, {"text": 2, "line": 2, "bars": 5}[shape]))
    if shape == "bars":  # left, floor, top, width, floor
        rows = np.column_stack([rows[:, 0] + rows[:, 3] / 2, rows[:, 2]])
    return np.round(rows[:, :2], 1).tolist()


@pytest.fixture
def explorable(request, tab):
    """Return an explorable as the page shows it at first; afterwards nothing may have gone wrong."""
    explorable = Explorable(tab, request.param)
    explorable.reset()
    yield explorable
    assert not tab.trouble + tab.foreign


@pytest.fixture(scope="module")
def still(tab, visit):
    """Open the same page for a reader without JavaScript."""
    still = visit(*tab.view, java_script_enabled=False)
    yield still
    still.context.close()


@every_explorable
def test_an_explorable_shows_its_default_before_any_script_runs(explorable, still):
    """Without JavaScript there is the same frame that the script draws at first."""
    assert Explorable(still, explorable.number).frame() == explorable.promised()


@every_explorable
def test_the_arrow_keys_move_a_picture(explorable):
    """Each slider moves by one place with an arrow key, to its ends with Home and End; words and marks follow."""
    for slider in explorable.sliders:
        before, place = explorable.frame(), int(slider.input_value())
        last = int(slider.get_attribute("max"))
        slider.press("ArrowLeft" if place == last else "ArrowRight")
        assert int(slider.input_value()) == (place - 1 if place == last else place + 1)
        assert explorable.promised()["marks"] != before["marks"]
        pictures = []
        for key, place in ("Home", 0), ("End", last):
            slider.press(key)
            assert int(slider.input_value()) == place
            explorable.promised()
            pictures.append(explorable.picture())
        assert pictures[0] != pictures[1]


@every_explorable
def test_the_mouse_moves_a_picture(explorable):
    """Each slider can be dragged from where it stands to the farther end; words and marks follow."""
    for slider in explorable.sliders:
        before = explorable.frame()
        place, last = int(slider.input_value()), int(slider.get_attribute("max"))
        goal = 0 if 2 * place > last else last
        box = slider.bounding_box()
        # The centre of Chromium's thumb runs from 8 pixels after the beginning to 8 before the end.
        at = [{"x": 8 + (box["width"] - 16) * value / last, "y": box["height"] / 2} for value in (place, goal)]
        slider.drag_to(slider, source_position=at[0], target_position=at[1])
        assert int(slider.input_value()) == goal
        assert explorable.promised()["marks"] != before["marks"]


@every_explorable
def test_a_choice_changes_a_picture(explorable):
    """Each option of a choice, picked with the keyboard, shows another picture."""
    for choice in explorable.choices:
        pictures = {explorable.picture()}
        options = choice.locator("option").count()
        for place in range(1, options):
            choice.press("ArrowDown")
            assert int(choice.input_value()) == place
            explorable.promised()
            pictures.add(explorable.picture())
        assert len(pictures) == options


@every_explorable
def test_a_picture_draws_what_the_table_says(explorable):
    """Settings from all over the table are drawn as other code than the page's reads it."""
    for share in np.random.default_rng(0).random((5, len(explorable.sliders))):
        for slider, part in zip(explorable.sliders, share, strict=True):
            slider.fill(str(int(part * (int(slider.get_attribute("max")) + 1))))
        explorable.promised()


@every_explorable
@pytest.mark.parametrize("key", ["", "Enter"], ids=["mouse", "keyboard"])
def test_reset_brings_back_the_default(explorable, key):
    """After everything has been moved, the button restores exactly what was there at first."""
    start = explorable.frame()
    for control in explorable.choices + explorable.sliders:
        control.press("Home" if control.input_value() == control.get_attribute("max") else "End")
    assert explorable.frame()["marks"] != start["marks"]
    explorable.reset(key)
    assert explorable.frame() == start


@every_explorable
def test_nothing_of_an_explorable_is_animated(explorable):
    """Who wishes for reduced motion sees pictures change at once."""
    for slider in explorable.sliders:
        slider.press("Home")
        assert explorable.figure.evaluate("(figure) => figure.getAnimations({ subtree: true }).length") == 0
    assert not explorable.figure.evaluate(
        """(figure) => [figure, ...figure.querySelectorAll("*")].map((e) => [e.tagName, getComputedStyle(e)])
            .filter(([, style]) => style.animationName !== "none" || parseFloat(style.transitionDuration) > 0)
            .map(([name]) => name)"""
    )


# Every page as axe-core, the accessibility checker, sees it


def ask_axe(tab, context=None, **options):
    """Return what it reports of a page, be it minor."""
    from axe_playwright_python.sync_playwright import Axe

    lay_out_all(tab)  # or axe would see what is far upon what it does not stand on
    found = Axe().run(tab, context, {"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{violation['id']}: {node['html']:.150}" for violation in found for node in violation["nodes"]]


COLOURS = ["color-contrast", "link-in-text-block"]


@every_look
def test_axe_finds_nothing(tab):
    """Apart from colours, which are looked at below."""
    tab.evaluate(  # thousands of signs, for the eye or for the ear, would take it longer than all the rest
        """() => document.querySelectorAll("mjx-math[aria-hidden], math > semantics > :first-child").forEach(
            (formula) => formula.replaceChildren())"""
    )
    assert not ask_axe(tab, rules={rule: {"enabled": False} for rule in COLOURS})


@opened(("http", "screen"))  # a phone has the same ones
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_can_read_each_text_on_its_ground_and_tells_links_from_it(tab, theme):
    """Of all texts that look the same, in and on what looks the same, the first stands for the others."""
    wear(tab, theme)
    tab.evaluate(
        """() => {
            const grounds = new Map([[null, ""]]), seen = new Set();
            function ground(element) {
                if (!grounds.has(element)) {
                    const { backgroundColor, backgroundImage, opacity, position } = getComputedStyle(element);
                    const own = [backgroundColor, backgroundImage, opacity, position].join();
                    const below = ground(element.parentElement);
                    grounds.set(element, own === "rgba(0, 0, 0, 0),none,1,static" ? below : `${below} ${own}`);
                }
                return grounds.get(element);
            }
            for (const element of document.querySelectorAll("body *")) {
                delete element.dataset.look;
                const says = [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
                if (!(says || element.matches("a")) || !element.checkVisibility()) continue;
                const { color, fontSize, fontWeight } = getComputedStyle(element);
                const around = getComputedStyle(element.parentElement).color;
                const look = [color, fontSize, fontWeight, around, ground(element)].join();
                if (!seen.has(look)) element.dataset.look = "";
                seen.add(look);
            }
        }"""
    )
    assert not ask_axe(tab, {"include": [["[data-look]"]]}, runOnly=COLOURS)
