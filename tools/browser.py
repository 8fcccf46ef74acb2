"""What the browser tests and the site's benchmark stand on: Chromium, a server, and what the book consists of."""

from __future__ import annotations

import functools
import json
import re
import shutil
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parent.parent
SITE = ROOT / "_build" / "html"
PAGES = re.findall(r"^[ -]*(?:root|file): *(\S+)", (ROOT / "_toc.yml").read_text("utf-8"), re.MULTILINE)

# The first is Chromium without what draws windows: a page is there in two thirds of the time.
SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = f"no Chromium here; on Debian `apt-get install {SYSTEM[0]}`, elsewhere `playwright install chromium`"


@contextmanager
def chromium(whole=False):
    """Start Chromium without a window, Playwright's own or the system's, and yield it; None where there is none.

    Measurements ask for the whole browser, which readers have: it fetches pictures from less far away than the shell.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path).exists()
        programs = [*SYSTEM[1:], SYSTEM[0]] if whole else SYSTEM
        program = None if own else next(filter(None, map(shutil.which, programs)), None)
        channel = "chromium" if own and whole else None  # or it would be Playwright's shell
        browser = playwright.chromium.launch(executable_path=program, channel=channel) if own or program else None
        yield browser
        if browser:
            browser.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing about requests."""


@contextmanager
def serve(folder):
    """Serve a folder on a free port of this machine and yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        server.handle_error = lambda *_: None  # a browser that leaves a page early is no error
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# A figure on a page of its own, with room to scroll.
ALONE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>x</title>
<style>@media (prefers-color-scheme: dark) {{ body {{ background: #121212; color: #eee }} }}</style>
<main style="max-width: {width}px"><h1>x</h1>{figure}<div style="height: 3000px"></div></main>"""


def stand_alone(figure, folder, width=860):
    """Write a page with nothing but a figure, at most so many pixels wide, and return its address."""
    file = Path(folder, "page.html")
    file.write_text(ALONE.format(figure=figure.html, width=width), "utf-8")
    return file.as_uri()


@contextmanager
def opened(browser, address, ready, **settings):
    """Open such a page, without motion, wait until it is ready, and see that nothing is asked for or goes wrong."""
    context = browser.new_context(**{"viewport": {"width": 800, "height": 720}, "reduced_motion": "reduce"} | settings)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: address.startswith(request.url) or wrong.append(request.url))
    page.goto(address)
    page.wait_for_function(ready)
    yield page
    context.close()
    assert wrong == []


def touch(page, *points):
    """Put a finger down, draw it from point to point, and lift it."""
    session = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(["touchStart", *["touchMove"] * (len(points) - 1)], points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(200)


def hold_clock(page):
    """Let time stand still on a page, until ``page.clock.run_for`` lets some of it go by."""
    page.clock.install(time=0)
    page.clock.pause_at(24 * 60 * 60)


def count_explorables(page):
    """Return how many explorables the stored notebook of a page shows."""
    notebook = ROOT / f"{page}.ipynb"
    if not notebook.exists():
        return 0
    outputs = [out for cell in json.loads(notebook.read_text("utf-8"))["cells"] for out in cell.get("outputs", [])]
    return sum('class="explorable"' in "".join(out.get("data", {}).get("text/html", "")) for out in outputs)
