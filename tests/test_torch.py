"""Our rules against PyTorch's, on recorded gradients: free-running paths would compare chaos.

The records were made by `make_torch_steps.py` and `make_successor_steps.py` in `tests/fixtures/`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import optim
from optim import Adam, Momentum
from optim.successors import SUCCESSORS

AFTER = dict(np.load(Path(__file__).parent / "fixtures" / "successor_steps.npz"))
LATER = [name for name in AFTER if "(" in name]
TORCH = dict(np.load(Path(__file__).parent / "fixtures" / "torch_steps.npz"))
THETA0, GRADIENTS = TORCH["theta0"], TORCH["gradients"]
SCHEDULED = "Momentum(eta=lambda t: 0.1 / t, lam=0.9)"
SAME = [name for name in TORCH if "(" in name and name != SCHEDULED]


def steps(rule, gradients=GRADIENTS):
    """Return theta after each of the recorded gradients."""
    theta = THETA0.copy()
    state = rule.init(theta)
    return np.array([rule.step(theta, g, state).copy() for g in gradients])


def furthest(ours, theirs):
    """Return the largest relative difference; NaN in either is infinitely far."""
    return np.nan_to_num(np.abs(ours - theirs) / np.abs(theirs), nan=np.inf).max()


def test_all_five_rules_are_recorded():
    assert {name.split("(")[0] for name in SAME} == {"SGD", "Momentum", "Adagrad", "RMSProp", "Adam"}


@pytest.mark.parametrize("name", SAME)
def test_rule_equals_torch_to_1e_12(name):
    ours, theirs = steps(eval(name, vars(optim))), TORCH[name]
    felt = ~np.isnan(theirs)  # where PyTorch works out 0 / 0, see below
    assert felt[:, GRADIENTS[0] != 0].all()
    assert furthest(ours[felt], theirs[felt]) < 1e-12


def test_all_that_came_after_adam_is_recorded():
    assert {name.split("(")[0] for name in LATER} == {rule.__name__ for rule in SUCCESSORS}
    assert (AFTER["gradients"] == GRADIENTS).all() and (AFTER["theta0"] == THETA0).all()


@pytest.mark.parametrize("name", LATER)
def test_what_came_after_adam_equals_torch_or_its_authors_to_1e_12(name):
    assert furthest(steps(eval(name, vars(optim))), AFTER[name]) < 1e-12


@pytest.mark.parametrize("name", [name for name in SAME if np.isnan(TORCH[name]).any()])
def test_where_torch_divides_zero_by_zero_ours_stays_put(name):
    ours, theirs = steps(eval(name, vars(optim))), TORCH[name]
    never_felt = np.cumsum(GRADIENTS != 0, axis=0) == 0
    assert np.isnan(theirs[never_felt]).all()
    assert (ours[never_felt] == np.broadcast_to(THETA0, ours.shape)[never_felt]).all()
    assert np.isfinite(ours).all()


def test_momentum_under_a_changing_rate_differs_from_torch_whose_rate_stands_outside_the_velocity():
    @dataclass(frozen=True)
    class Outside(Momentum):
        def update(self, theta, g, s, eta, lam):
            s.v *= lam
            s.v += g
            theta -= eta * s.v

    def rate(t):
        return 0.1 / t

    assert furthest(steps(Outside(rate, 0.9)), TORCH[SCHEDULED]) < 1e-12
    assert furthest(steps(Momentum(rate, 0.9)), TORCH[SCHEDULED]) > 0.5
    constant = "Momentum(eta=0.1, lam=0.9)"
    assert furthest(steps(Outside(0.1, 0.9)), TORCH[constant]) < 1e-12


def test_eps_stands_outside_the_root_as_in_torch_and_inside_it_would_differ():
    @dataclass(frozen=True)
    class Inside(Adam):
        def update(self, theta, g, s, eta, beta1, beta2, eps):
            s.m += (1 - beta1) * (g - s.m)
            s.v += (1 - beta2) * (g * g - s.v)
            m, v = s.m / (1 - beta1**s.t), s.v / (1 - beta2**s.t)
            theta -= eta * m / np.sqrt(v + eps)

    name = "Adam(eta=0.1, eps=0.01)"
    assert furthest(steps(Adam(eta=0.1, eps=0.01)), TORCH[name]) < 1e-12
    assert furthest(steps(Inside(eta=0.1, eps=0.01)), TORCH[name]) > 0.1
