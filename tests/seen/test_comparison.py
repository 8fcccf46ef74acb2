"""Chapter 7: what its boxes say there is to see, read off its explorables with the sliders moved there."""

import numpy as np
import pytest

from tools.notebooks import Moved, everywhere, explorable

ONE_RATE = explorable("comparison", "at one common learning rate")
ALL = explorable("comparison", "where the rate stands among all")
MAP = explorable("comparison", "every rate after a number of steps")
METHODS = ("SGD", "Momentum", "Adagrad", "RMSProp", "Adam")


def losses(eta):
    """Return the loss of each method at one rate for all."""
    seen = Moved(ONE_RATE, eta=eta)
    return {name: seen.numbers(f"{name}:")[0] for name in METHODS}


@pytest.mark.parametrize(
    ("eta", "first", "loss"),
    [
        (0.01, "RMSProp", 0.168),
        (0.02, "Adam", 0.153),
        (0.1, "Momentum", 0.163),
        (0.2, "Adagrad", 0.168),
        (1, "SGD", 0.168),
    ],
)
def test_each_of_the_five_is_the_best_at_some_rate(eta, first, loss):
    found = losses(eta)
    assert min(found, key=found.get) == first
    assert found[first] == pytest.approx(loss, abs=6e-4)


def test_and_among_the_worst_at_another():
    ranks = [sorted(found, key=found.get) for found in map(losses, ONE_RATE.controls["eta"].values)]
    assert all(min(rank.index(name) for rank in ranks) == 0 for name in METHODS)
    assert all(max(rank.index(name) for rank in ranks) >= 3 for name in METHODS)
    assert losses(0.01)["SGD"] == pytest.approx(1.98, abs=0.006)
    assert losses(1)["RMSProp"] == pytest.approx(20.7, abs=0.06)


def test_the_line_diverges_where_it_says():
    for eta in (1, 2, 5, 10):
        seen = Moved(ALL, problem="line, diabetes", learning="off-line", method="SGD", eta=eta)
        assert seen.numbers("At the end")[0] == 1000  # where it is cut
        assert seen.numbers("Failed")[0] == 1
    assert Moved(ALL, problem="line, diabetes", learning="off-line", method="SGD", eta=0.5).numbers("Failed")[0] == 0


def test_how_many_seeds_fail_with_rmsprop():
    settings = {"problem": "network, digits", "learning": "mini-batches", "method": "RMSProp"}
    failed = [Moved(ALL, eta=eta, **settings).numbers("Failed")[0] for eta in (0.05, 0.1, 0.2, 0.5)]
    np.testing.assert_allclose(failed, [0, 1 / 11, 8 / 11, 1])


def test_which_rate_is_the_best_after_how_many_steps():
    steps = MAP.controls["steps"].values
    best = {name: everywhere(MAP, "The best rate", "steps", method=name) for name in METHODS}
    assert (best["SGD"] == 1).all() and (best["Adagrad"] == 0.2).all()
    assert best["RMSProp"][0] == 0.01 and (best["RMSProp"][1:] == 0.02).all()
    for name, (first, last) in {"Momentum": (0.5, 0.1), "Adam": (0.05, 0.02)}.items():
        assert best[name][0] == first and best[name][-1] == last
        assert (np.diff(best[name]) <= 0).all()
    assert steps[0] == 22 and steps[-1] == 224
