"""The explorables of the chapters: how many settings, how long to compute, how large, and how fast in a kernel."""

from __future__ import annotations

import json
import zlib
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL

from jupyter_client.manager import start_new_kernel

from benchmarks.measure import race, row, title, verdict
from optim.explore.table import Table
from tests.notebooks import CHAPTERS, explorables

ROOT = Path(__file__).parent.parent


def quietly(call, *arguments):
    """Call without what a notebook prints."""
    with redirect_stdout(StringIO()):
        return call(*arguments)


def static():
    """Print what the static life of each explorable costs."""
    title("Explorables on the page: settings, seconds to compute all, kB compressed with the background")
    row("", "settings", "seconds", "kB", "")
    for chapter in CHAPTERS:
        for number, shown in enumerate(quietly(explorables, chapter), start=1):
            (seconds,) = race(lambda shown=shown: Table(shown), repeats=3)
            kilobytes = len(zlib.compress(shown.html.encode(), 9)) / 1000
            enough = all(len(slider.values) >= 20 for slider in shown.sliders.values())
            enough &= len(shown.sliders) < 2 or shown.table.settings >= 400
            holds = enough and seconds <= 0.5 and kilobytes <= 120
            row(f"{chapter.stem} {number}", shown.table.settings, f"{seconds:.3f}", f"{kilobytes:.0f}", verdict(holds))
    print("targets: 20 positions a slider, 400 settings where there are two, 0.5 s, 120 kB")


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
