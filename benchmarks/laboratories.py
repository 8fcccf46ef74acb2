"""The laboratories of the chapters: how much they weigh, and what a move and a frame of play cost in Chromium."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path

import numpy as np

from benchmarks.explorables import quietly
from benchmarks.measure import row, title, verdict
from tools.browser import MISSING, chromium
from tools.notebooks import CHAPTERS, laboratories

# Note how long every frame of the figure takes; it draws in no other place.
TIMED = """(() => {
    const ask = window.requestAnimationFrame;
    window.frames_ms = [];
    window.requestAnimationFrame = (call) => ask((now) => {
        const began = performance.now();
        call(now);
        window.frames_ms.push(performance.now() - began);
    });
})()"""
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
    """Print weight, and the 95th percentile of what a move and a frame of play cost."""
    title("Laboratories: kB compressed, milliseconds of script a move and a frame of play (95th percentile)")
    row("", "kB", "move", "frame", "")
    with chromium() as browser:
        if not browser:
            print(MISSING)
            return
        for chapter in CHAPTERS:
            for number, shown in enumerate(quietly(laboratories, chapter), start=1):
                kilobytes = len(zlib.compress(shown.html.encode(), 9)) / 1000
                move, frame = (np.percentile(times, 95) for times in measure(browser, shown.html))
                holds = kilobytes <= 25 and move <= 8 and frame <= 8
                row(f"{chapter.stem} {number}", f"{kilobytes:.1f}", f"{move:.1f}", f"{frame:.1f}", verdict(holds))
    print("targets: 25 kB, 8 ms")


def measure(browser, html, moves=100):
    """Return the milliseconds of each move of the start, and of each frame of a play."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page.add_init_script(TIMED)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(f'<!doctype html><meta charset="utf-8"><div style="width:688px">{html}</div>', encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_timeout(500)
        page.evaluate(MOVES, 20)  # until the scripts are compiled
        moved = page.evaluate(MOVES, moves)
        page.evaluate("frames_ms.length = 0")
        page.get_by_role("button", name="Play").click()
        page.wait_for_timeout(3000)
        played = page.evaluate("frames_ms")
    page.close()
    return moved, played
