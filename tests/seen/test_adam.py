"""Chapter 6: what its boxes say there is to see, read off its explorables with the sliders moved there."""

from functools import partial

import numpy as np
import pytest

from optim import SGD, Adagrad, Adam, Momentum, RMSProp, beale, minimize, rosenbrock
from tools.notebooks import Moved, everywhere, explorable

FIVE = explorable("adam", "Five methods")
ROLLING = explorable("adam", "Adam on the ravine")
HATS = explorable("adam", "with and without the correction")
CYCLE = explorable("adam", "the stream of Reddi")
DRAWS = explorable("adam", "on independent gradients")

RATES = np.geomspace(1e-5, 10, 121)  # of the curve below the paths
METHODS = ("SGD", "Momentum", "Adagrad", "RMSProp", "Adam")


def ends(place):
    """Return where the five methods end at every factor."""
    seen = [Moved(FIVE, place=place, factor=factor) for factor in FIVE.controls["factor"].words()]
    return {name: np.array([moved.numbers(f"{name}: ")[0] for moved in seen]) for name in METHODS}


@pytest.mark.parametrize(
    ("rule", "lowest", "highest"),
    [
        (SGD, 0.0018, 0.0028),
        (Momentum, 0.00018, 0.0032),
        (Adagrad, 0.59, 1.11),
        (partial(RMSProp, alpha=0.9), 0.0025, 0.020),
        (Adam, 0.022, 0.63),
    ],
)
def test_how_wide_a_range_of_rates_gets_round_the_bend(rule, lowest, highest):
    """Within the range all rates end below 0.1; a little outside of it one does not."""
    valley, inside = rosenbrock(), np.geomspace(lowest, highest, 200)
    assert (minimize(valley, valley.start, rule(inside), 1000).loss[-1] < 0.1).all()
    for outside in (np.linspace(0.9, 0.97, 30) * lowest, np.linspace(1.03, 1.2, 30) * highest):
        assert not (minimize(valley, valley.start, rule(outside), 1000).loss[-1] < 0.1).all()


def test_beyond_the_range_most_of_adams_rates_get_round_and_some_do_not():
    valley = rosenbrock()
    low = minimize(valley, valley.start, Adam(np.geomspace(0.65, 10, 300)), 1000).loss[-1] < 0.1
    assert 0.5 < low.mean() < 0.9


@pytest.mark.parametrize("place, momentum, sgd", [("Rosenbrock", "1.5", "2"), ("Beale", "1.5", "1.5")])
def test_two_methods_have_an_edge_and_three_have_none(place, momentum, sgd):
    end = ends(place)
    for name, edge in (("Momentum", momentum), ("SGD", sgd)):
        assert FIVE.controls["factor"].words()[np.argmax(np.isnan(end[name]))] == edge
    assert all(np.isfinite(end[name]).all() for name in ("Adagrad", "RMSProp", "Adam"))


@pytest.mark.parametrize(
    "scene, rule, slower, faster",
    [
        (rosenbrock(), RMSProp(RATES, 0.9), 28, 2.55),
        (rosenbrock(), Adagrad(RATES), 54, 71),
        (beale(), RMSProp(RATES, 0.9), 29, 807),
        (beale(), Adam(RATES), 2514, 13_135),
    ],
)
def test_some_best_rates_are_luck_beside_their_neighbours_on_the_curve(scene, rule, slower, faster):
    end = minimize(scene, scene.start, rule, 200).loss[-1]
    best = np.nanargmin(end)
    assert np.allclose(end[[best - 1, best + 1]] / end[best], [slower, faster], rtol=0.02)


def test_adam_is_low_at_the_most_factors_on_rosenbrock():
    low = {name: (end < 0.1).sum() for name, end in ends("Rosenbrock").items()}
    assert low.pop("Adam") > max(low.values())


def test_the_first_step_is_eta_along_each_axis():
    for eta in ROLLING.controls["eta"].words():
        for beta1 in ("0", "0.5", "0.9", "0.98"):
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
            if beta1 == "0.9" and memory == "100":
                assert np.isclose(steps[0], 1)
            elif beta1 == "0.9":
                assert (steps[0] > 1) == (float(memory) > 100)


def test_the_push_says_where_x_goes():
    push, end = (everywhere(CYCLE, words, "C", "beta2") for words in ("Push", "After 900"))
    assert np.all((push <= 0.15) | (end == 1)) and np.any(push > 0.15)
    assert np.all((push >= -0.15) | (end < -0.97)) and np.any(push < -0.15)


def test_how_long_the_memory_must_be_for_independent_draws():
    large, memories = (np.array(DRAWS.controls[name].values) for name in ("C", "memory"))
    thirty, three_hundred = (everywhere(DRAWS, "Mean x", "memory", C=C) for C in (30.0, 300.0))
    assert [round(float(thirty[memories == memory][0]), 2) for memory in (20, 30)] == [0.46, -0.16]
    assert np.all(thirty[memories >= 100] < -0.9)
    assert np.array_equal(three_hundred < 0, memories >= 200)
    assert np.array_equal(everywhere(DRAWS, "Mean x", "C") > 0, large >= 15)
