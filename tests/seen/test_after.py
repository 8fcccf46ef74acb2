"""Chapter 9: what its boxes say there is to see, read off its figures with the sliders moved there; its rules."""

from pathlib import Path

import numpy as np
import pytest

from optim import Adam, AdamW, Lion, Momentum, Nesterov, minimize, ravine, rosenbrock
from tools.notebooks import CHAPTER_FILES, Moved, defined, everywhere, explorable

DECAY = explorable("after", "how fast they decay")
WARM_UP = explorable("after", "under pure noise")
POLYNOMIALS = explorable("after", "steps of a polynomial")
RECORDED = dict(np.load(Path(__file__).parents[1] / "fixtures" / "successor_steps.npz"))


def test_nesterov_swings_less_than_momentum():
    hill = ravine(20)
    runs = [minimize(hill, hill.start, rule(0.02, lam=0.9), 100) for rule in (Momentum, Nesterov)]
    assert [run.theta[:, 0].max().round(3) for run in runs] == [0.59, 0.458]
    np.testing.assert_allclose([run.loss[-1] for run in runs], [1.0e-4, 6.5e-6], rtol=0.05)


def test_lion_never_rests_and_decay_pulls_away_from_a_minimum_that_is_not_zero():
    hill, valley = ravine(20), rosenbrock()
    lion = minimize(hill, hill.start, Lion(0.02), 1000)
    np.testing.assert_allclose(lion.loss[[100, 1000]], 0.004)
    on_the_way, end = minimize(valley, valley.start, AdamW(0.05, wd=0.1), 20_000).theta[[1000, -1]]
    np.testing.assert_allclose(on_the_way, [0.62, 0.38], atol=0.005)
    np.testing.assert_allclose(end, [0.88, 0.78], atol=0.005)


@pytest.mark.parametrize(("rule", "edge"), [(Nesterov, 3.8 / 2.8), (Momentum, 3.8)])
def test_nesterovs_edge_is_nearer_than_momentums(rule, edge):
    bowl = ravine(1)
    below, above = (minimize(bowl, bowl.start, rule(edge * near, lam=0.9), 500).loss[-1] for near in (0.99, 1.01))
    assert below < 1e-12 < bowl(np.array(bowl.start)) < above


def test_adam_remembers_one_huge_gradient_for_thousands_of_steps():
    """It drifts by 32 rates in all, and takes steps of a thirtieth of the usual, after 5000 still of a third."""
    adam, rng, theta = Adam(1.0), np.random.default_rng(0), np.zeros(100)
    state = adam.init(theta)

    def steps(count, size=1.0):
        path = [theta.copy()] + [adam.step(theta, size * rng.normal(size=100), state).copy() for _ in range(count)]
        return np.abs(np.diff(path, axis=0)).mean()

    steps(5000)
    usual, before = steps(500), theta.copy()
    adam.step(theta, np.full(100, 1e6), state)
    steps(100)
    np.testing.assert_allclose(before - theta, 1 / np.sqrt(0.001), rtol=0.03)
    adam, theta = Adam(1.0), np.zeros(100)
    state = adam.init(theta)
    steps(5000)
    adam.step(theta, np.full(100, 1e3), state)
    steps(100)
    assert usual / steps(300) == pytest.approx(30, rel=0.15)
    steps(4500)
    assert usual / steps(200) == pytest.approx(3, rel=0.15)


def test_decay_beside_the_step_does_not_feel_the_noise():
    left = everywhere(DECAY, "beside the step", "noise")
    np.testing.assert_allclose(left, 0.2256, atol=1e-4)
    in_gradient = {noise: Moved(DECAY, noise=noise).numbers("in the gradient")[0] for noise in (0.1, 1, 10)}
    np.testing.assert_allclose(list(in_gradient.values()), [0.002, 0.24, 0.87], atol=0.005)


def test_only_the_product_of_rate_and_decay_counts():
    for words in ("beside the step", "in the gradient"):
        some, other = (Moved(DECAY, wd=wd, eta=eta).numbers(words)[0] for wd, eta in ((0.2, 0.001), (0.1, 0.002)))
        assert some == pytest.approx(other, abs=0.03)


def test_a_warm_up_shortens_the_first_steps_and_nothing_else():
    seen = Moved(WARM_UP, beta1=0.9, over=100)
    without = seen.curve("without warm-up")[1]
    np.testing.assert_allclose(without[[0, 9]], [1, 0.33], atol=0.005)
    assert seen.numbers("The longest")[0] == pytest.approx(0.24, abs=0.005)
    assert seen.numbers("The last")[0] == pytest.approx(without[-1])
    np.testing.assert_allclose(Moved(WARM_UP, beta1=0).curve("without warm-up")[1], 1, atol=0.06)


def test_muons_polynomial_is_soon_near_one_and_the_other_converges():
    x, muon = Moved(POLYNOMIALS, steps=5).curve("Muon's")
    assert muon[x >= 0.002].min() > 0.68 and muon[x >= 0.002].max() < 1.21
    assert Moved(POLYNOMIALS, steps=5).numbers("Schulz's makes")[0] == pytest.approx(0.08, abs=0.005)
    late = Moved(POLYNOMIALS, steps=10)
    muon, schulz = (late.curve(name)[1][x >= 0.05] for name in ("Muon's", "Newton's and Schulz's"))
    assert (np.abs(schulz - 1) < np.abs(muon - 1)).all()
    assert muon.min() == pytest.approx(0.68, abs=0.01) and muon.max() == pytest.approx(1.13, abs=0.01)


def steps(rule, theta, gradients):
    """Return theta after each of the gradients."""
    state = rule.init(theta)
    return np.array([rule.step(theta, g, state).copy() for g in gradients])


def test_radam_takes_the_steps_of_torch():
    rule = defined(CHAPTER_FILES["after"], "RAdam")(0.1, beta2=0.99, eps=0.0)
    ours = steps(rule, RECORDED["theta0"].copy(), RECORDED["gradients"])
    np.testing.assert_allclose(ours, RECORDED["chapter RAdam"], rtol=1e-12)


@pytest.mark.parametrize("shape, wd, close", [("tall", 0.3, 1e-12), ("wide", 0.0, 1e-12), ("in 16 bits", 0.3, 0.02)])
def test_muon_takes_the_steps_of_torch(shape, wd, close):
    gradients = RECORDED["tall"].swapaxes(1, 2) if shape == "wide" else RECORDED["tall"]
    rule = defined(CHAPTER_FILES["after"], "Muon")(eta=0.1, wd=wd)
    ours = steps(rule, np.ones(gradients.shape[1:]), gradients)
    np.testing.assert_allclose(ours, RECORDED[f"chapter Muon {shape}"], rtol=0, atol=close)


def test_the_map_shows_each_method_of_the_table():
    family = defined(CHAPTER_FILES["after"], "FAMILY")
    for parents in (parents for _, _, parents, _ in family.values() if parents):
        assert set(parents.split(" and ")) <= set(family)
    assert {"Nesterov", "AMSGrad", "AdamW", "RAdam", "Lion", "Shampoo", "SOAP", "Muon"} <= set(family)
