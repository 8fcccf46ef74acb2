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
from tools.browser import MISSING, PAGES, PHONE, ROOT, chromium, serve

KINDS = ["document", "script", "stylesheet", "font", "image", "other"]
CHAPTERS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists() and "/problem_sets/" not in page]
MOVES = 200
SLOWED = 4  # times: this processor stands for a phone's
ARRIVALS = 5  # blocking time differs between two of the same page by a third and more
MOST = {"chapters/home": 150}  # kB of the first load

# What the chapters need to build at all; everything else is left as Jupyter Book has it.
DEFAULT = """
title: From SGD to Adam
author: The From SGD to Adam authors
bibtex_bibfiles: [book/references.bib]
execute:
  timeout: 300
sphinx:
  extra_extensions: [sphinx_exercise]
"""

# Notes, in a page that is coming, when it is painted, when the last formula is set, which tasks are long and how far
# things move.
WATCH = """
window.seen = { paint: 0, formulas: 0, tasks: [], moved: 0 };
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (e.name === "first-contentful-paint")
    seen.paint = e.startTime; }).observe({ type: "paint", buffered: true });
new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.tasks.push([e.startTime, e.duration]);
    }).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) seen.moved += e.value;
    }).observe({ type: "layout-shift", buffered: true });
(function look() {
    const formulas = document.querySelectorAll("main .math");
    const unset = [...formulas].filter((formula) => !formula.querySelector("mjx-container")).length;
    if (document.readyState === "loading" || unset) seen.formulas = 0;
    else seen.formulas ||= performance.now();
    requestAnimationFrame(look);
})();
"""

# Moves a control all over its range; returns for each move how long the script took, in milliseconds.
MOVE = """async (control, moves) => {
    const took = [], places = Number(control.dataset.positions);
    let long = 0;
    const observer = new PerformanceObserver((tasks) => { long += tasks.getEntries().length; });
    observer.observe({ type: "longtask" });
    for (let move = 0; move < moves; move++) {
        control.value = Math.floor(((move * 0.618) % 1) * places);
        const before = performance.now();
        control.dispatchEvent(new Event("input", { bubbles: true }));
        took.push(performance.now() - before);
        await new Promise(requestAnimationFrame);
    }
    observer.disconnect();
    return [took, long];
}"""


def main():
    """Build, measure and print."""
    with TemporaryDirectory() as folder, chromium(whole=True) as browser:
        if not browser:
            sys.exit(MISSING)
        start = time.perf_counter()
        ours = build(ROOT, Path(folder, "ours"), "-W", "--keep-going")
        seconds = time.perf_counter() - start
        plain = build(default(Path(folder, "default")), Path(folder, "plain"))
        say("")
        title(f"The site from clean: {seconds:.0f} s")
        with serve(ours) as ours_at, serve(plain) as plain_at:
            npm = Npm(Path(folder, "npm"))
            weights(browser, ours_at, plain_at, npm)
            arrivals(browser, ours_at, plain_at, npm)
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
    title("First load of a chapter: kB compressed, here and under Jupyter Book's default; `end`: after scrolling there")
    row("", "", *KINDS, "all", "most", "", "end", width=11)
    for page in CHAPTERS:
        most = MOST.get(page, 250)
        for name, address in (("ours", ours), ("default", plain)):
            first, whole = load(browser, address, page, npm)
            kilobytes = [f"{size / 1000:.0f}" for size in (*(first[kind] for kind in KINDS), first.total())]
            end = (most, verdict(first.total() <= 1000 * most)) if name == "ours" else ("", "")
            row(page, name, *kilobytes, *end, f"{whole.total() / 1000:.0f}", width=11)
    for url in sorted(npm.missing):
        print("not counted, since npm does not have it:", url)


def load(browser, address, page, npm):
    """Open a page with an empty cache; return the weight of what came by itself and after scrolling to the end."""
    say(f"loading {page} ...")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route(lambda url: not url.startswith(address), npm.answer)
    tab, answers = context.new_page(), []
    tab.on("response", lambda answer: answer.url.startswith("http") and answers.append(answer))
    tab.goto(f"{address}{page}.html", wait_until="networkidle")
    first = weigh(answers)
    for _ in range(200):
        tab.mouse.wheel(0, 800)
        tab.wait_for_timeout(20)
    tab.wait_for_load_state("networkidle")
    whole = weigh(answers)
    context.close()
    say("")
    return first, whole


def weigh(answers):
    """Return the compressed weight of what came, by kind."""
    weight = Counter()
    for answer in list(answers):
        kind = answer.request.resource_type
        weight[kind if kind in KINDS else "other"] += compressed(answer.body())
    return weight


def arrivals(browser, ours, plain, npm):
    """Print how each chapter comes on a phone-like processor, here and under the default configuration."""
    width = PHONE["viewport"]["width"]
    title(f"A chapter comes, {width} pixels wide, on a processor {SLOWED} times slowed: medians of {ARRIVALS}")
    row("", "", "painted ms", "formulas ms", "blocked ms", "moved", "")
    for page in CHAPTERS:
        for name, address in (("ours", ours), ("default", plain)):
            runs = [arrival(browser, address, page, npm) for _ in range(ARRIVALS)]
            seen = {key: np.median([run[key] for run in runs]) for key in runs[0]}
            holds = seen["blocked"] <= 200 and seen["moved"] <= 0.02 and seen["formulas"] <= 1500
            numbers = [f"{seen[key]:.0f}" for key in ("paint", "formulas", "blocked")]
            row(page, name, *numbers, f"{seen['moved']:.3f}", verdict(holds) if name == "ours" else "")
    print("targets: blocked 200 ms, moved 0.02, formulas set 1500 ms")


def arrival(browser, address, page, npm):
    """Open a page as a phone does and return what was seen until it had been quiet for two seconds."""
    say(f"watching {page} ...")
    context = browser.new_context(**PHONE)
    context.route(lambda url: not url.startswith(address), npm.answer)
    context.add_init_script(WATCH)
    tab = context.new_page()
    context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    tab.goto(f"{address}{page}.html", wait_until="networkidle")
    tab.wait_for_function("seen.formulas", timeout=60_000)
    tab.wait_for_timeout(2000)
    seen = tab.evaluate("seen")
    context.close()
    say("")
    seen["blocked"] = blocking_time(seen.pop("tasks"), seen["paint"])
    return seen


def blocking_time(tasks, paint):
    """Return what is over 50 ms of each long task, of those that run while the first paint comes only what is after it.

    The total blocking time as Lighthouse defines it, https://web.dev/articles/tbt: before the first paint there is
    nothing that a reader could want to touch.
    """
    return sum(max(0, min(lasts, start + lasts - paint) - 50) for start, lasts in tasks)


def moves(browser, address, folder):
    """Print how heavy each explorable is on its page, and how long the script takes for a move of a control."""
    title(f"Explorables on the page: kB compressed, ms of script for each of {MOVES} moves a control, tasks over 50 ms")
    row("", "kB", "median", "p95", "longest", "long tasks", "")
    for page in CHAPTERS:
        html = (folder / f"{page}.html").read_text("utf-8")
        figures = re.findall(r'<figure[^>]*class="explorable".*?</figure>', html, re.S)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(f"{address}{page}.html", wait_until="networkidle")
        for number, html in enumerate(figures):
            say(f"moving {page} {number + 1} ...")
            figure = tab.locator(".explorable").nth(number)
            figure.scroll_into_view_if_needed()
            figure.locator(".board").wait_for()
            runs = [control.evaluate(MOVE, MOVES) for control in figure.locator("[data-control]").all()]
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
