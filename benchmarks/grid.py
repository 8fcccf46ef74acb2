"""A grid of settings in one pass, against a loop over PyTorch."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import race, row, title, verdict
from optim import Adam, minimize, ravine

ETA, BETA1, STEPS = np.geomspace(0.001, 1, 30), np.linspace(0, 0.95, 20), 200
SETTINGS = len(ETA) * len(BETA1)
PART = 6  # how many settings the loops run: what they need for all is worked out from it


def one_pass():
    """Run all the settings at once."""
    return minimize(ravine(20), [-2.0, 0.5], Adam(ETA[:, None], BETA1), STEPS)


def our_loop():
    """Run a few settings one by one."""
    for eta in ETA[:: len(ETA) // PART]:
        minimize(ravine(20), [-2.0, 0.5], Adam(eta, 0.9), STEPS)


def torch_loop(torch):
    """Run a few settings one by one in PyTorch, as its tutorials do."""
    for eta in ETA[:: len(ETA) // PART].tolist():
        theta = torch.tensor([-2.0, 0.5], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([theta], lr=eta, betas=(0.9, 0.999))
        for _ in range(STEPS):
            optimizer.zero_grad()
            x, y = theta
            (0.5 * (x * x + 20 * y * y)).backward()
            optimizer.step()


def grid(torch):
    """Print the time of the grid, and how much longer the loops take."""
    title(f"A grid of {SETTINGS} settings x {STEPS} steps of Adam")
    (seconds,) = race(one_pass)
    row("one batched pass", f"{seconds * 1e3:.1f} ms", verdict(seconds <= 0.020))
    for name, call in {
        "a loop over optim": our_loop,
        "a loop over torch": torch and (lambda: torch_loop(torch)),
    }.items():
        if call:
            (part,) = race(call, repeats=3)
            whole = part * SETTINGS / PART
            ratio = whole / seconds
            says = verdict(ratio >= 500) if "torch" in name else ""
            row(name, f"{whole:.1f} s", f"{ratio:.0f} x", says)
    print(f"the loops ran {PART} of the {SETTINGS} settings; their times are scaled up. Targets: 20 ms, 500 x torch")
