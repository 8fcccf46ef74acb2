"""A sweep in one batched pass a seed, against a loop over torch models; and the larger sweep, as one command.

    python -m benchmarks.sweep                         # compare
    python -m benchmarks.sweep large                   # 41 rates, 30 seeds, three models: some minutes

The larger one keeps every seed in a folder beside its result, sweeps.json, so that it goes on where it was stopped, and
writes the date, the versions and the seeds beside the figures, which chapter 7 shows.
"""

from __future__ import annotations

import datetime
import json
import platform
import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measure import race, row, title, torch_or_none
from optim import Adam, sweep
from optim.data import mini_batches
from tools.notebooks import CHAPTER_FILES, defined

METHODS, PROBLEMS = (defined(CHAPTER_FILES["comparison"], name) for name in ("METHODS", "PROBLEMS"))
RATES = np.geomspace(1e-4, 1, 15)
SIZE, STEPS, SEEDS = 32, 100, 2
PART = 3  # how many settings the loop runs: what it needs for all is worked out from it


def one_pass():
    """Sweep Adam's rates on the network."""
    sweep(Adam, {"eta": RATES}, *PROBLEMS["network, digits"], size=SIZE, steps=STEPS, seeds=range(SEEDS), looks=1)


def torch_loop(torch):
    """Train a few of the settings one by one in PyTorch, as its tutorials do, on the same mini-batches."""
    X, y = PROBLEMS["network, digits"][1].train
    for eta in RATES[:: len(RATES) // PART].tolist():
        model = torch.nn.Sequential(
            torch.nn.Linear(65, 16, bias=False), torch.nn.Tanh(), torch.nn.Linear(16, 10)
        ).double()
        optimizer = torch.optim.Adam(model.parameters(), lr=eta)
        for _, (images, labels) in zip(range(STEPS), mini_batches(X, y, SIZE, seed=0), strict=False):
            optimizer.zero_grad()
            scores = model(torch.from_numpy(images))
            torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels).long()).backward()
            optimizer.step()


def against_torch(torch):
    """Print the time of the sweep, and how much longer the loop takes."""
    runs = len(RATES) * SEEDS
    title(f"A sweep of {len(RATES)} rates x {SEEDS} seeds, {STEPS} steps of the network each")
    (seconds,) = race(one_pass, repeats=3)
    row("one batched pass", f"{seconds:.2f} s")
    if torch:
        (part,) = race(lambda: torch_loop(torch), repeats=3)
        whole = part * runs / PART
        row("a loop over torch", f"{whole:.2f} s", f"{whole / seconds:.0f} x")
        print(f"the loop ran {PART} of the {runs} runs; its time is scaled up")


def large(place: Path):
    """Sweep much more than the chapter does, and write what came of it."""
    from joblib import cpu_count
    from tqdm import tqdm

    rates, seeds = np.geomspace(1e-4, 10, 41), range(30)
    found = {}
    for problem, (model, data) in PROBLEMS.items():
        for name, method in METHODS.items():
            result = sweep(
                method,
                {"eta": rates},
                model,
                data,
                size=SIZE,
                steps=20 * len(data.train[1]) // SIZE,
                seeds=seeds,
                jobs=cpu_count(),
                keep=place.with_suffix("") / f"{problem}, {name}",
                progress=partial(tqdm, desc=f"{problem}, {name}"),
            )
            at_best = result.at(**result.best())[0]
            found[f"{problem}, {name}"] = {
                "best": result.best(),
                "validation quartiles": result.quantile([0.25, 0.5, 0.75])[:, -1, at_best].tolist(),
                "test": np.quantile(result.report(data), [0.25, 0.5, 0.75], method="inverted_cdf").tolist(),
                "width within 1.5": result.width(1.5, of="validation"),
                "failed": result.failed.tolist(),
            }
    about = {
        "date": datetime.date.today().isoformat(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "machine": platform.machine(),
        "seeds": list(seeds),
        "rates": rates.tolist(),
    }
    place.write_text(json.dumps(about | {"results": found}, indent=1), "utf-8")
    print(f"written: {place}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["large"]:
        large(Path(__file__).with_name("sweeps.json"))
    else:
        against_torch(torch_or_none())
