"""Chapter 6: what its boxes say there is to see, read off its explorables with the sliders moved there."""

import numpy as np
import pytest

from optim import RMSProp, beale, minimize, rosenbrock
from tools.notebooks import Moved, explorable

FIVE = explorable("adam", "Five methods")
ROLLING = explorable("adam", "Adam on the ravine")
HATS = explorable("adam", "with and without the correction")
CYCLE = explorable("adam", "the stream of Reddi")
DRAWS = explorable("adam", "on independent gradients")

FACTORS = FIVE.controls["factor"].words()
METHODS = ("SGD", "Momentum", "Adagrad", "RMSProp", "Adam")


def ends(place):
    """Return where the five methods end at every factor."""
    seen = [Moved(FIVE, place=place, factor=factor) for factor in FACTORS]
    return {name: np.array([moved.numbers(f"{name}: ")[0] for moved in seen]) for name in METHODS}


@pytest.mark.parametrize("place, momentum, sgd", [("Rosenbrock", "1.12", "1.78"), ("Beale", "1.12", "1.12")])
def test_two_methods_have_an_edge_and_three_have_none(place, momentum, sgd):
    end = ends(place)
    for name, edge in (("Momentum", momentum), ("SGD", sgd)):
        assert FACTORS[np.argmax(np.isnan(end[name]))] == edge
    assert all(np.isfinite(end[name]).all() for name in ("Adagrad", "RMSProp", "Adam"))


@pytest.mark.parametrize(
    "place, method, times",
    [("Rosenbrock", "RMSProp", 2), ("Rosenbrock", "Adagrad", 50), ("Beale", "RMSProp", 100), ("Beale", "Adam", 1000)],
)
def test_some_best_rates_are_luck(place, method, times):
    end, best = ends(place)[method], FACTORS.index("1")
    assert min(end[best - 1], end[best + 1]) > times * end[best]


@pytest.mark.parametrize("scene, slower, faster", [(rosenbrock(), 28, 2.6), (beale(), 29, 806)])
def test_so_are_rmsprops_beside_its_neighbours_on_the_curve(scene, slower, faster):
    end = minimize(scene, scene.start, RMSProp(np.geomspace(1e-5, 10, 121), 0.9), 200).loss[-1]
    best = np.nanargmin(end)
    assert np.allclose(end[[best - 1, best + 1]] / end[best], [slower, faster], rtol=0.02)


def test_adam_is_low_at_the_most_factors_on_rosenbrock():
    low = {name: (end < 0.1).sum() for name, end in ends("Rosenbrock").items()}
    assert low.pop("Adam") > max(low.values())


def test_the_first_step_is_eta_along_each_axis():
    for eta in ROLLING.controls["eta"].words():
        for beta1 in ("0", "0.49", "0.9", "0.98"):
            x, y = Moved(ROLLING, eta=eta, beta1=beta1).curve("Adam")
            assert np.allclose([x[1] - x[0], y[0] - y[1]], float(eta), rtol=6e-3)


def test_with_inertia_the_path_overshoots_without_it_does_not():
    assert Moved(ROLLING, eta="0.1", beta1="0.9").curve("Adam")[1].min() < -0.1
    assert Moved(ROLLING, eta="0.1", beta1="0").curve("Adam")[1].min() > -1e-3


def test_the_hats_are_needed_for_three_times_the_longer_memory():
    for beta1 in HATS.controls["beta1"].words():
        for memory in HATS.controls["memory"].words():
            t, steps = Moved(HATS, beta1=beta1, memory=memory).curve("no correction")
            late = t >= 3 * max(float(memory), 1 / (1 - float(beta1)))
            assert np.all(np.abs(steps[late] - 1) < 0.06)
            if beta1 == "0.9":
                assert (steps[0] > 1) == (float(memory) > 100)


def test_the_push_says_where_x_goes():
    for C in CYCLE.controls["C"].words():
        for beta2 in CYCLE.controls["beta2"].words():
            seen = Moved(CYCLE, C=C, beta2=beta2)
            [push], [end] = seen.numbers("Push"), seen.numbers("After 900")
            assert push <= 0.15 or end == 1
            assert push >= -0.15 or end < -0.97


def test_how_long_the_memory_must_be_for_independent_draws():
    def end(C, memory):
        return Moved(DRAWS, C=C, memory=memory).numbers("Mean x")[0]

    memories = DRAWS.controls["memory"].words()
    assert (round(end("30", "20"), 2), round(end("30", "31.7"), 2)) == (0.46, -0.22)
    assert all(end("30", memory) < -0.9 for memory in memories[memories.index("126") :])
    assert end("300", "126") > 0 > end("300", "200")
    assert all((end(C, "10") > 0) == (float(C) > 13) for C in DRAWS.controls["C"].words())
