"""How heavy and how quick the site is, beside the same chapters under Jupyter Book's default configuration.

    python -m benchmarks.site

Builds the book twice in a temporary folder, ours from clean and Jupyter Book's default with the stored outputs, and
opens both in Chromium. What the default fetches from other addresses is served from the npm packages it comes from.
Weights are in kB, each file as a server would send it: compressed with gzip -9 where that makes it smaller.
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

from tests.browser import MISSING, PAGES, ROOT, chromium, serve

KINDS = ["document", "script", "stylesheet", "font", "image", "fetch"]
CHAPTERS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists()]
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
        print(
            f"\nthe site from clean: {seconds:.0f} s, {sum(f.stat().st_size for f in ours.rglob('*')) / 1e6:.1f} MB\n"
        )
        with serve(ours) as ours_at, serve(plain) as plain_at:
            weights(browser, ours_at, plain_at, Npm(Path(folder, "npm")))
            moves(browser, ours_at, ours)


def build(source, target, *options):
    """Build a book from clean and return the folder of its site."""
    say(f"building {target.name} ...")
    command = [
        Path(sys.executable).with_name("jupyter-book"),
        "build",
        "--all",
        *options,
        "--path-output",
        target,
        source,
    ]
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
        url = route.request.url
        found = re.search(r"/((?:@[\w-]+/)?[\w.-]+)@([\w.]+)/([^?]+)", url)  # package, version, file
        if require := re.search(r"require\.js/([\d.]+)/", url):
            file = self.require(require[1])
        else:
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

    def require(self, version):
        """Return RequireJS, made small by its own tool as for its address on the web."""
        package = self.package("requirejs", version)
        small = package / "require.min.js"
        if package.exists() and not small.exists():
            command = ["node", "bin/r.js", "-o", "baseUrl=.", "name=require", f"out={small.name}"]
            subprocess.run(command, cwd=package, capture_output=True)
        return small


def weights(browser, ours, plain, npm):
    """Print what the first load of each chapter weighs, by kind, here and under the default configuration."""
    print(f"{'First load, kB':36}", *(kind.rjust(10) for kind in [*KINDS, "all"]))
    for page in CHAPTERS:
        loads = {"ours": first_load(browser, ours, page, npm), "default": first_load(browser, plain, page, npm)}
        for name, weight in loads.items():
            row = [*(weight[kind] for kind in KINDS), weight.total()]
            print(f"{page:26} {name:9}", *(f"{size / 1e3:10.1f}" for size in row))
        share = loads["ours"].total() / loads["default"].total()
        print(f"{page:26} {'share':9} {'':65} {share:10.0%}")
    print(f"{'target':36} {'':65} {'<= 60%':>10}")
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
        weight[kind if kind in KINDS else "fetch"] += compressed(answer.body())
    context.close()
    return weight


def moves(browser, address, folder):
    """Print how heavy each explorable is on its page, and how long the script takes for a move of a slider."""
    print(f"\n{'Explorables':26} settings         kB   p50 ms   p95 ms   max ms   tasks over 50 ms")
    for page in CHAPTERS:
        html = (folder / f"{page}.html").read_text("utf-8")
        sizes = [
            compressed(figure.encode()) for figure in re.findall(r'<figure class="explorable">.*?</figure>', html, re.S)
        ]
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(f"{address}{page}.html", wait_until="networkidle")
        for number, size in enumerate(sizes):
            say(f"moving {page} {number} ...")
            figure = tab.locator(".explorable").nth(number)
            figure.locator("form").wait_for()
            places = figure.locator("[data-control]").evaluate_all("(all) => all.map((one) => one.dataset.positions)")
            runs = [slider.evaluate(MOVE, MOVES) for slider in figure.locator("input[data-control]").all()]
            times = np.percentile(np.concatenate([took for took, _ in runs]), [50, 95, 100])
            row = " ".join(f"{time:8.2f}" for time in times)
            say("")
            print(
                f"{page} {number}".ljust(26),
                f"{' x '.join(places):11} {size / 1e3:7.1f} {row} {sum(long for _, long in runs):6}",
            )
        context.close()
    print(f"{'target':26} {'':11} {'<= 120':>7} {'':8} {'<= 8':>8} {'':8} {0:6}")


def compressed(body):
    """Return how many bytes of a body a server sends."""
    return min(len(body), len(gzip.compress(body, 9)))


def say(what):
    """Show what is being done, on a line that the next one replaces."""
    print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
