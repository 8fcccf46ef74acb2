"""One step of each rule against `torch.optim` as it comes, on one thread, and what it needs beside its state."""

from __future__ import annotations

import tracemalloc

import numpy as np

from benchmarks.measure import race, row, title, verdict
from optim import SGD, Adagrad, Adam, Momentum, RMSProp
from optim.rule import BLOCK

CONTESTANTS = [
    (SGD(0.1), lambda optim, theta: optim.SGD(theta, lr=0.1)),
    (Momentum(0.1, 0.9), lambda optim, theta: optim.SGD(theta, lr=0.1, momentum=0.9)),
    (Adagrad(0.1, 1e-10), lambda optim, theta: optim.Adagrad(theta, lr=0.1)),
    (RMSProp(0.01, 0.99, 1e-8, "zero"), lambda optim, theta: optim.RMSprop(theta, lr=0.01)),
    (Adam(), lambda optim, theta: optim.Adam(theta)),
]
TARGETS = {100: 1.0, 1_000: 1.0, 10_000: 1.0, 1_000_000: 1.25, 10_000_000: 1.25}


def ours(rule, n, dtype):
    """Return a call that takes one step."""
    theta, grad = np.random.default_rng(0).normal(size=(2, n)).astype(dtype)
    state = rule.init(theta)
    return lambda: rule.step(theta, grad, state)


def theirs(torch, optimizer_of, n, dtype):
    """Return a call that takes one step of PyTorch."""
    theta, grad = (torch.tensor(a) for a in np.random.default_rng(0).normal(size=(2, n)).astype(dtype))
    theta.grad = grad
    return optimizer_of(torch.optim, [theta]).step


def against_torch(torch, dtype=np.float64):
    """Print, for each rule and size, our time and its ratio to that of PyTorch."""
    title(f"One step, {np.dtype(dtype)}, one thread: microseconds, and how often torch.optim's time")
    row("", *(f"n = 10^{len(str(n)) - 1}" for n in TARGETS), width=18)
    for rule, optimizer_of in CONTESTANTS:
        cells = []
        for n, target in TARGETS.items():
            calls = [ours(rule, n, dtype)] + ([theirs(torch, optimizer_of, n, dtype)] if torch else [])
            seconds = race(*calls, repeats=7 if n > 1_000_000 else 50)
            cell = f"{seconds[0] * 1e6:.1f}"
            if torch:
                ratio = seconds[0] / seconds[1]
                cell += f" ({ratio:.2f})" + ("" if ratio <= target or dtype != np.float64 else " !")
            cells.append(cell)
        row(rule.name, *cells, width=18)
    if torch and dtype == np.float64:
        print("targets: at most 1.00 up to 10^4, 1.25 from 10^6; what misses it bears a !")


def memory():
    """Print what a step of each rule allocates beside theta, gradient and state."""
    title(f"Scratch of one step at n = 10^7 float64, in blocks of {BLOCK // 1024} KiB")
    for rule, _ in CONTESTANTS:
        step = ours(rule, 10_000_000, np.float64)
        step()
        tracemalloc.start()
        step()
        blocks = tracemalloc.get_traced_memory()[1] / BLOCK
        tracemalloc.stop()
        row(rule.name, f"{blocks:.2f}", verdict(blocks < 1.05))  # a block, and the few objects that hold it
