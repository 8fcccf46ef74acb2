"""How heavy and how quick the site is, beside the same chapters under Jupyter Book's default configuration.

    python -m benchmarks.site

Builds the book twice in a temporary folder, as it is and as Jupyter Book would by default, and opens both in Chromium.
What the default fetches from other addresses is served from the npm packages it comes from; RequireJS is not minified
there and some 15 kB too heavy. A file weighs what a server would send of it: compressed with gzip -9 where that helps.
"""

import gzip
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import row, title, verdict
from tests.browser import MISSING, PAGES, ROOT, chromium, serve

KINDS = ["document", "script", "stylesheet", "font", "image", "other"]
CHAPTERS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists() and "/problem_sets/" not in page]
MOVES = 200

# What the chapters need to build at all; everything else is left as Jupyter Book has it.
DEFAULT = """
title: From SGD to Adam
author: The From SGD to Adam authors
bibtex_bibfiles: [book/references.bib]
sphinx:
  extra_extensions: [sphinx_exercise]
"""

# Moves a slider all over its range; returns for each move how long the script took, in milliseconds.
MOVE = """async (slider, moves) => {
    const took = [], places = Number(slider.max) + 1;
    let long = 0;
    const observer = new PerformanceObserver((tasks) => { long += tasks.getEntries().length; });
    observer.observe({ type: "longtask" });
    for (let move = 0; move < moves; move++) {
        slider.value = (move * 7) % places;
        const before = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        took.push(performance.now() - before);
        await new Promise(requestAnimationFrame);
    }
    observer.disconnect();
    return [took, long];
}"""


def main():
    """Build, measure and print."""
    with TemporaryDirectory() as folder, chromium() as browser:
        if not browser:
            sys.exit(MISSING)
        start = time.perf_counter()
        ours = build(ROOT, Path(folder, "ours"), "-W", "--keep-going")
        seconds = time.perf_counter() - start
        plain = build(default(Path(folder, "default")), Path(folder, "plain"))
        say("")
        title(f"The site from clean: {seconds:.0f} s")
        with serve(ours) as ours_at, serve(plain) as plain_at:
            weights(browser, ours_at, plain_at, Npm(Path(folder, "npm")))
            moves(browser, ours_at, ours)


def build(source, target, *options):
    """Build a book from clean and return the folder of its site."""
    say(f"building {target.name} ...")
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", "--all", *options, "--path-output", target, source]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
    return target / "_build" / "html"


def default(folder):
    """Lay the chapters into a folder with Jupyter Book's default configuration."""
    folder.mkdir()
    for name in ("_toc.yml", "chapters", "book"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "_config.yml").write_text(DEFAULT)
    return folder


class Npm:
    """Files of npm packages, in place of the addresses from which a default site fetches them."""

    def __init__(self, folder):
        self.folder, self.missing = folder, set()
        folder.mkdir()

    def answer(self, route):
        """Answer a request for a foreign address, or note that it cannot be had."""
        url = re.sub(r"/require\.js/([\d.]+)/require\.min", r"/requirejs@\1/require", route.request.url)
        found = re.search(r"/((?:@[\w-]+/)?[\w.-]+)@([\w.]+)/([^?]+)", url)  # package, version, file
        file = found and self.package(found[1], found[2]) / found[3]
        if file and file.is_file():
            return route.fulfill(path=file, headers={"access-control-allow-origin": "*"})
        self.missing.add(url)
        return route.abort()

    def package(self, name, version):
        """Unpack a package, unless that is done, and return its folder."""
        target = self.folder / f"{name}@{version}".replace("/", "-")
        if not target.exists():
            say(f"fetching {name}@{version} ...")
            target.mkdir()
            if npm := shutil.which("npm"):
                subprocess.run([npm, "pack", "--silent", f"{name}@{version}"], cwd=target, capture_output=True)
            for archive in target.glob("*.tgz"):
                shutil.unpack_archive(archive, target, filter="data")
        return target / "package"


def weights(browser, ours, plain, npm):
    """Print what the first load of each chapter weighs, by kind, here and under the default configuration."""
    title("First load of a chapter: kB compressed, here and under Jupyter Book's default configuration")
    row("", "", *KINDS, "all", "share", "", width=11)
    for page in CHAPTERS:
        loads = {"ours": first_load(browser, ours, page, npm), "default": first_load(browser, plain, page, npm)}
        share = loads["ours"].total() / loads["default"].total()
        for name, weight in loads.items():
            kilobytes = [f"{size / 1000:.0f}" for size in (*(weight[kind] for kind in KINDS), weight.total())]
            end = (f"{share:.0%}", verdict(share <= 0.6)) if name == "ours" else ("", "")
            row(page, name, *kilobytes, *end, width=11)
    print("target: 60 %")
    for url in sorted(npm.missing):
        print("not counted, since npm does not have it:", url)


def first_load(browser, address, page, npm):
    """Open a page with an empty cache, scroll to its end, and return the weight of what came, by kind."""
    say(f"loading {page} ...")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route(lambda url: not url.startswith(address), npm.answer)
    tab, answers = context.new_page(), []
    tab.on("response", lambda answer: answer.url.startswith("http") and answers.append(answer))
    tab.goto(f"{address}{page}.html", wait_until="networkidle")
    tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    tab.wait_for_load_state("networkidle")
    say("")
    weight = Counter()
    for answer in answers:
        kind = answer.request.resource_type
        weight[kind if kind in KINDS else "other"] += compressed(answer.body())
    context.close()
    return weight


def moves(browser, address, folder):
    """Print how heavy each explorable is on its page, and how long the script takes for a move of a slider."""
    title(f"Explorables on the page: kB compressed, ms of script for each of {MOVES} moves a slider, tasks over 50 ms")
    row("", "kB", "median", "p95", "longest", "long tasks", "")
    for page in CHAPTERS:
        html = (folder / f"{page}.html").read_text("utf-8")
        figures = re.findall(r'<figure class="explorable">.*?</figure>', html, re.S)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(f"{address}{page}.html", wait_until="networkidle")
        for number, html in enumerate(figures):
            say(f"moving {page} {number + 1} ...")
            figure = tab.locator(".explorable").nth(number)
            figure.locator("form").wait_for()
            runs = [slider.evaluate(MOVE, MOVES) for slider in figure.locator("input[data-control]").all()]
            median, p95, longest = np.percentile(np.concatenate([took for took, _ in runs]), [50, 95, 100])
            kilobytes, long = compressed(html.encode()) / 1000, sum(long for _, long in runs)
            holds = kilobytes <= 120 and p95 <= 8 and not long
            times = [f"{time:.1f}" for time in (median, p95, longest)]
            say("")
            row(f"{page} {number + 1}", f"{kilobytes:.0f}", *times, long, verdict(holds))
        context.close()
    print("targets: 120 kB, p95 at most 8 ms, no long task")


def compressed(body):
    """Return how many bytes of a body a server sends."""
    return min(len(body), len(gzip.compress(body, 9)))


def say(what):
    """Show what is being done, on a line that the next one replaces."""
    print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
