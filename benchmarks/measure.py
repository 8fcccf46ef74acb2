"""How the benchmarks measure: side by side, in turns, the fastest of many repeats."""

from __future__ import annotations

from time import perf_counter


def race(*contestants, repeats=15, least=0.002):
    """Return the seconds a call of each contestant takes, measured in turns, the fastest of `repeats`.

    A call is repeated until it has taken `least` seconds, so that the clock is fine enough.
    """
    counts = [max(1, round(least / _seconds(call, 1))) for call in contestants]
    best = [float("inf")] * len(contestants)
    for _ in range(repeats):
        for k, call in enumerate(contestants):
            best[k] = min(best[k], _seconds(call, counts[k]))
    return best


def _seconds(call, count):
    start = perf_counter()
    for _ in range(count):
        call()
    return (perf_counter() - start) / count


# A figure is played from the first step to the last: the milliseconds of script in each frame, and how many frames of
# the screen, sixty a second, went by without one. `TIMED` has to run before the figure's own script.
TIMED = """(() => {
    const ask = window.requestAnimationFrame;
    window.frames_ms = [];
    window.frames_at = [];
    window.requestAnimationFrame = (call) => ask((now) => {
        const began = performance.now();
        call(now);
        if (window.frames_at.at(-1) !== now) {
            window.frames_at.push(now);
            window.frames_ms.push(0);
        }
        window.frames_ms[window.frames_ms.length - 1] += performance.now() - began;
    });
})()"""
PLAYED = """async () => {
    const play = document.querySelector(".play");
    if (!play) return [[], 0, 0];
    window.frames_ms.length = window.frames_at.length = 0;
    play.click();
    do await new Promise((done) => setTimeout(done, 100)); while (play.classList.contains("on"));
    const gaps = window.frames_at.slice(1).map((at, k) => Math.round((at - window.frames_at[k]) * 60 / 1000));
    const shown = gaps.length, dropped = gaps.reduce((sum, gap) => sum + Math.max(0, gap - 1), 0);
    return [window.frames_ms, dropped, shown + dropped];
}"""


def title(text):
    """Print a headline."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def row(*cells, width=13, first=24):
    """Print one row of a table as soon as it is known."""
    head, *rest = map(str, cells)
    print(head.ljust(first) + "".join(cell.rjust(width) for cell in rest), flush=True)


def verdict(holds):
    """Say whether a target is met."""
    return "ok" if holds else "MISSED"


def torch_or_none():
    """Return PyTorch on one thread, or say in one line how to get it."""
    try:
        import torch
    except ImportError:
        print('PyTorch is missing, so nothing is compared with it: pip install -e ".[benchmark]"')
        return None
    torch.set_num_threads(1)
    return torch
