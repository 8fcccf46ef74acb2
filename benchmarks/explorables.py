"""The explorables of the chapters: how many settings, how long to compute, how large, and how fast in a kernel."""

from __future__ import annotations

import json
import tempfile
import zlib
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL

import numpy as np
from jupyter_client.manager import start_new_kernel

from benchmarks.measure import PLAYED, TIMED, race, row, title, verdict
from optim.explore.table import Table
from tools.browser import MISSING, chromium, stand_alone
from tools.notebooks import CHAPTERS, explorables

ROOT = Path(__file__).parent.parent


def quietly(call, *arguments):
    """Call without what a notebook prints."""
    with redirect_stdout(StringIO()):
        return call(*arguments)


# What a move of each slider costs until all of it is drawn, layout and painting aside.
MOVES = """() => [...document.querySelectorAll("input[data-control]")].flatMap((slider) => {
    const times = [];
    for (let round = 0; round < 3; round++) {
        for (let place = 0; place <= Number(slider.max); place++) {
            slider.value = place;
            const began = performance.now();
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            if (round) times.push(performance.now() - began);
        }
    }
    slider.closest(".explorable").querySelector(".reset").click();
    return times;
})"""


def static():
    """Print what the static life of each explorable costs."""
    title("Explorables on the page: kB compressed, ms a move and a frame of play (95th percentile), frames dropped")
    row("", "settings", "seconds", "kB", "move", "frame", "dropped", "of", "", width=10)
    whole = 0.0
    with chromium() as browser:
        for chapter in CHAPTERS:
            for number, shown in enumerate(quietly(explorables, chapter), start=1):
                (seconds,) = race(lambda shown=shown: Table(shown), repeats=3)
                whole += seconds
                kilobytes = len(zlib.compress(shown.html.encode(), 9)) / 1000
                moves, frames, dropped, of = measure(browser, shown)
                move, frame = (np.percentile(times, 95) if times else 0.0 for times in (moves, frames))
                holds = verdict(kilobytes <= 60 and move <= 8 and frame <= 8)
                cells = [shown.table.settings, f"{seconds:.3f}", f"{kilobytes:.0f}", f"{move:.1f}", f"{frame:.1f}"]
                row(f"{chapter.stem} {number}", *cells, dropped, of, holds, width=10)
    row("all", "", f"{whole:.1f}", "", "", "", "", "", verdict(whole <= 10), width=10)
    print("targets: 60 kB, 8 ms, 10 s for all together; on a quiet machine with a screen no frame dropped")


def measure(browser, shown):
    """Return the ms of each move of a slider and of each frame of a play, and how many of all were dropped."""
    if not browser:
        print(MISSING)
        return [], [], 0, 0
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(TIMED)
    with tempfile.TemporaryDirectory() as folder:
        page.goto(stand_alone(shown, folder, width=688))
        page.locator(".board").wait_for()
        moves, played = page.evaluate(MOVES), page.evaluate(PLAYED)
    page.close()
    return moves, *played


def live():
    """Print what a move of a slider costs in a kernel."""
    title("Explorables in a kernel: milliseconds a move, the median")
    row("", "explorable", "interact", "ratio", "")
    manager, client = start_new_kernel(kernel_name="python3", cwd=ROOT, stderr=DEVNULL)
    try:
        run(client, "%matplotlib inline\nimport json\nfrom benchmarks.live import report")
        for chapter in CHAPTERS:
            said = run(client, f"figures = report({str(chapter)!r})\nprint('figures', json.dumps(figures))")
            figures = json.loads(said.rpartition("figures ")[2])
            for number, (ours, theirs) in enumerate(figures, start=1):
                times = [f"{ours * 1e3:.0f}", f"{theirs * 1e3:.0f}", f"{ours / theirs:.2f}"]
                row(f"{chapter.stem} {number}", *times, verdict(ours <= 0.050))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print("target: 50 ms")


def run(client, code):
    """Run code in a kernel and return what it prints."""
    printed = []

    def hear(message):
        content = message["content"]
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(content["traceback"]))
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            printed.append(content["text"])

    client.execute_interactive(code, output_hook=hear, timeout=600)
    return "".join(printed)
