"""The laboratories of the chapters: how much they weigh, and what a move and a frame of play cost in Chromium."""

from __future__ import annotations

import tempfile
import zlib

import numpy as np

from benchmarks.explorables import quietly
from benchmarks.measure import PLAYED, TIMED, row, title, verdict
from tools.browser import MISSING, chromium, stand_alone
from tools.notebooks import CHAPTERS, laboratories

MOVES = """async (count) => {
    const start = document.querySelector(".laboratory .start"), moves = [];
    const frame = () => new Promise((done) => setTimeout(done, 20));
    for (let k = 0; k < count; k++) {
        const before = window.frames_ms.length, began = performance.now();
        const key = ["ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp"][k % 4];
        start.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        const computed = performance.now() - began;
        while (window.frames_ms.length === before) await frame();
        moves.push(computed + window.frames_ms.slice(before).reduce((a, b) => a + b));
    }
    return moves;
}"""


def laboratories_of_the_book():
    """Print weight, the 95th percentile of what a move and a frame of play cost, and how many frames are dropped."""
    title("Laboratories: kB compressed, ms of script a move and a frame of play (95th percentile), frames dropped")
    row("", "kB", "move", "frame", "dropped", "of", "")
    with chromium() as browser:
        if not browser:
            print(MISSING)
            return
        for chapter in CHAPTERS:
            for number, shown in enumerate(quietly(laboratories, chapter), start=1):
                kilobytes = len(zlib.compress(shown.html.encode(), 9)) / 1000
                moves, frames, dropped, of = measure(browser, shown)
                move, frame = (np.percentile(times, 95) for times in (moves, frames))
                holds = kilobytes <= 25 and move <= 8 and frame <= 8
                cells = [f"{kilobytes:.1f}", f"{move:.1f}", f"{frame:.1f}", dropped, of]
                row(f"{chapter.stem} {number}", *cells, verdict(holds))
    print("targets: 25 kB, 8 ms; on a quiet machine with a screen no frame dropped")


def measure(browser, shown, moves=100):
    """Return the ms of each move of the start and of each frame of a play, and how many of all were dropped."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page.add_init_script(TIMED)
    with tempfile.TemporaryDirectory() as folder:
        page.goto(stand_alone(shown, folder, width=688))
        page.wait_for_timeout(500)
        page.evaluate(MOVES, 20)  # until the scripts are compiled
        moved = page.evaluate(MOVES, moves)
        played, dropped, of = page.evaluate(PLAYED)
    page.close()
    return moved, played, dropped, of
