"""A grid of settings is its single runs, and a step in blocks is a step at once: to the last bit."""

from dataclasses import dataclass

import numpy as np
import pytest

from optim import (
    SGD,
    Adagrad,
    Adam,
    Momentum,
    RMSProp,
    Rule,
    beale,
    bowl,
    diabetes,
    himmelblau,
    least_squares,
    logistic,
    minimize,
    ravine,
    rosenbrock,
    saddle,
)
from optim.explore import Slider, explore
from optim.plots import landscape, path

ETA = np.array([0.003, 0.03, 0.3])[:, None]
OTHER = np.array([0.0, 0.3, 0.9, 0.99])


@dataclass(frozen=True)
class Lion(Rule):
    """A reader's own rule: Chen et al. (2023)."""

    eta: float
    beta1: float = 0.9
    beta2: float = 0.99

    memory = ("m",)

    def update(self, theta, g, s, eta, beta1, beta2):
        theta -= eta * np.sign(beta1 * s.m + (1 - beta1) * g)
        s.m *= beta2
        s.m += (1 - beta2) * g


@dataclass(frozen=True)
class Masked(Rule):
    """Another one, which multiplies its settings with a mask before they meet the gradient."""

    eta: float
    uphill: float = 0.5

    def update(self, theta, g, s, eta, uphill):
        rate = eta * uphill
        rate *= 2
        theta -= rate * (g > 0) * g
        theta -= eta * (g <= 0) * g


GRIDS = [
    (SGD, {"eta": ETA * (1 + OTHER)}),
    (Momentum, {"eta": ETA, "lam": OTHER}),
    (Adagrad, {"eta": ETA, "eps": OTHER}),
    (RMSProp, {"eta": ETA, "alpha": OTHER, "eps": 1e-3}),
    (RMSProp, {"eta": ETA, "alpha": OTHER, "start": "zero"}),
    (Adam, {"eta": ETA, "beta1": OTHER, "beta2": 0.99}),
    (Adam, {"eta": 0.1, "beta1": 0.9, "beta2": OTHER, "eps": ETA}),
    (Adam, {"eta": ETA, "beta2": OTHER, "bias_correction": False}),
    (Lion, {"eta": ETA, "beta1": OTHER}),
    (Masked, {"eta": ETA, "uphill": OTHER}),
]
# Where rounding is not blown up step by step: lower rates, longer memories.
GENTLE = {id(ETA): ETA / 10, id(OTHER): np.array([0.9, 0.95, 0.99, 0.999])}
GENTLE_GRIDS = [(rule, {k: GENTLE.get(id(v), v) for k, v in hypers.items()}) for rule, hypers in GRIDS]
ELEMENTWISE = [bowl(), ravine(20), saddle(), rosenbrock(), beale(), himmelblau()]


def single(value, index, batch=(3, 4)):
    """Return one setting out of a grid."""
    return np.broadcast_to(value, batch)[index].item() if np.ndim(value) else value


def same(grid, index, run):
    """Assert that a grid holds, at an index, exactly what a single run gave."""
    for whole, one in ((grid.theta, run.theta), (grid.loss, run.loss), (grid.diverged, run.diverged)):
        np.testing.assert_array_equal(whole[(..., *index)], one)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", ELEMENTWISE, ids=str)
@pytest.mark.parametrize(("rule", "hypers"), GRIDS)
def test_grid_equals_single_runs_bit_for_bit(rule, hypers, loss, dtype):
    start = np.array(loss.start, dtype)
    grid = minimize(loss, start, rule(**hypers), 60)
    assert grid.theta.shape == (61, 2, 3, 4)
    for index in np.ndindex(3, 4):
        same(grid, index, minimize(loss, start, rule(**{k: single(v, index) for k, v in hypers.items()}), 60))


@pytest.mark.parametrize("loss", [least_squares, logistic])
@pytest.mark.parametrize(("rule", "hypers"), GENTLE_GRIDS)
def test_grid_equals_single_runs_to_1e_12_where_a_matrix_product_is_involved(rule, hypers, loss):
    X, y = diabetes()
    loss = loss(X, y if loss is least_squares else y > 0)
    grid = minimize(loss, loss.start, rule(**hypers), 20)
    assert not grid.diverged.all()
    for index in np.ndindex(3, 4):
        run = minimize(loss, loss.start, rule(**{k: single(v, index) for k, v in hypers.items()}), 20)
        np.testing.assert_allclose(grid.theta[(..., *index)], run.theta, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_grid_of_schedules_equals_single_runs_bit_for_bit(dtype):
    start = np.array([-2.0, 0.5], dtype)
    grid = minimize(ravine(20), start, Momentum(lambda t: ETA / t, OTHER), 50)
    for i, k in np.ndindex(3, 4):
        eta = ETA[i].item()
        same(grid, (i, k), minimize(ravine(20), start, Momentum(lambda t, eta=eta: eta / t, OTHER[k].item()), 50))


@pytest.mark.parametrize(("rule", "hypers"), GRIDS)
def test_grid_of_starting_points_equals_single_runs_bit_for_bit(rule, hypers):
    hypers = {k: single(v, (1, 2)) for k, v in hypers.items()}
    starts = np.random.default_rng(3).normal(size=(2, 5, 3))
    grid = minimize(rosenbrock(), starts, rule(**hypers), 30)
    for index in np.ndindex(5, 3):
        same(grid, index, minimize(rosenbrock(), starts[(..., *index)], rule(**hypers), 30))


def test_starting_points_and_settings_broadcast_like_arrays():
    starts = np.random.default_rng(3).normal(size=(2, 3, 1))
    grid = minimize(ravine(20), starts, SGD(OTHER / 20 + 0.01), 30)
    for i, k in np.ndindex(3, 4):
        same(grid, (i, k), minimize(ravine(20), starts[:, i, 0], SGD(OTHER[k] / 20 + 0.01), 30))


def layouts(rng):
    """Return arrays in every layout in which theta may come, by name."""
    big = rng.normal(size=(90, 14))
    return {
        "vector": big[:, 0].copy(),
        "every other": big.reshape(-1)[::2],
        "backwards": big.reshape(-1)[::-1],
        "matrix": big,
        "Fortran order": np.asfortranarray(big),
        "transposed": big.T,
        "window": big[3:70, 2:9],
        "three axes": big.reshape(9, 10, 14),
        "0-d": np.array(0.5),
        "empty": big[:0],
        "float32": big.astype(np.float32),
    }


@pytest.mark.parametrize("layout", layouts(np.random.default_rng(0)))
@pytest.mark.parametrize(("rule", "hypers"), GRIDS)
def test_step_in_blocks_equals_step_at_once_bit_for_bit(monkeypatch, rule, hypers, layout):
    hypers = {k: single(v, (1, 2)) for k, v in hypers.items()}
    check_blocks(monkeypatch, rule(**hypers), layout)


@pytest.mark.parametrize("layout", ["matrix", "Fortran order", "float32", "three axes"])
@pytest.mark.parametrize("rule", [Momentum, Adam, Lion])
def test_step_in_blocks_equals_step_at_once_bit_for_bit_with_a_grid(monkeypatch, rule, layout):
    check_blocks(monkeypatch, rule(eta=np.linspace(0.01, 0.1, 14)), layout)


def check_blocks(monkeypatch, rule, layout):
    ends, blocks = [], []
    update = type(rule).update
    monkeypatch.setattr(type(rule), "update", lambda *args, **kw: (blocks.append(args[1].size), update(*args, **kw)))
    for block in (1, 200, 1 << 30):
        monkeypatch.setattr("optim.rule.BLOCK", block)
        theta = layouts(np.random.default_rng(0))[layout]
        gradients = [layouts(np.random.default_rng(seed))[layout] for seed in (1, 2, 3)]
        state = rule.init(theta)
        blocks.clear()
        for g in gradients:
            assert rule.step(theta, g, state) is theta
        assert sum(blocks) == 3 * theta.size
        assert (len(blocks) > 3) == (block < theta.nbytes and len(theta) > 1 if theta.ndim else False)
        ends.append([theta, *(getattr(state, name) for name in rule.memory)])
    for some_blocks in ends[:2]:
        for ours, at_once in zip(some_blocks, ends[2], strict=True):
            np.testing.assert_array_equal(ours, at_once)


@dataclass(frozen=True)
class Rebinding(Rule):
    """Momentum in the words of the equation, and a second array that trades places with it."""

    eta: float
    lam: float = 0.9

    memory = ("v", "before")

    def update(self, theta, g, s, eta, lam):
        s.v, s.before = s.before, s.v
        s.v = lam * s.before - eta * g
        theta += s.v


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [3, 100_000, 300_000])  # within a block, and in several
def test_an_update_may_bind_what_it_remembers_to_new_arrays(n, dtype):
    theta, *gradients = np.random.default_rng(0).normal(size=(4, n)).astype(dtype)
    ours, rule, momentum = theta.copy(), Rebinding(0.1), Momentum(0.1)
    state, expected = rule.init(ours), momentum.init(theta)
    for g in gradients:
        before = expected.v.copy()
        rule.step(ours, g, state)
        momentum.step(theta, g, expected)
        for array, other in ((ours, theta), (state.v, expected.v), (state.before, before)):
            assert array.dtype == dtype
            np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize(("rule", "hypers"), GRIDS)
def test_float32_stays_float32(rule, hypers):
    run = minimize(ravine(20), np.array([-2.0, 0.5], np.float32), rule(**hypers), 5)
    assert run.theta.dtype == run.loss.dtype == np.float32
    theta = np.ones((2, 3, 4), np.float32)
    state = rule(**hypers).init(theta)
    stepped = rule(**hypers).step(theta, theta * 0.1, state)
    assert stepped.dtype == np.float32
    assert all(getattr(state, name).dtype == np.float32 for name in rule.memory)


@pytest.mark.parametrize(("rule", "hypers"), GRIDS)
def test_step_changes_theta_and_state_and_nothing_else(rule, hypers):
    given = {k: np.array(v) if np.ndim(v) else v for k, v in hypers.items()}
    ours = rule(**given)
    theta, g = np.random.default_rng(0).normal(size=(2, 2, 3, 4))
    before, g_before = theta.copy(), g.copy()
    state, state_of_other = ours.init(theta), ours.init(theta)
    assert all(not np.shares_memory(getattr(state, name), theta) for name in rule.memory)
    ours.step(theta, g, state)
    assert (theta != before).any() and state.t == 1
    np.testing.assert_array_equal(g, g_before)
    for name in rule.memory:
        assert getattr(state, name).any() and not getattr(state_of_other, name).any()
    for name, value in given.items():
        np.testing.assert_array_equal(value, hypers[name])


def test_hyperparameters_are_kept_as_they_were_when_the_rule_was_made():
    etas = np.array([0.1, 0.2])
    rule = SGD(etas)
    etas[:] = 99
    assert rule.eta.tolist() == [0.1, 0.2]
    with pytest.raises(ValueError, match="read-only"):
        rule.eta[0] = 99


def test_minimize_changes_neither_theta0_nor_data():
    X, y = diabetes()
    X_before, y_before, theta0 = X.copy(), y.copy(), np.zeros((10, 3))
    minimize(least_squares(X, y), theta0, Adam(np.array([0.1, 0.2, 0.3])), 5, batches=[(X, y)] * 5)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    assert not theta0.any()


def test_a_readers_rule_moves_in_an_explorable():
    def marks(eta, beta1):
        return [path(minimize(ravine(20), [-2.0, 0.5], Lion(eta, beta1), 30))]

    controls = {"eta": Slider("η", 0.01, 0.1, 0.05, 5), "beta1": Slider("β", 0, 0.9, 0.9, 4)}
    shown = explore(marks, landscape(ravine(20)), "Lion.", **controls)
    assert shown.table.settings == np.prod([len(slider.values) for slider in controls.values()])
    assert "curve from (-2, 0.5)" in repr(shown)


def test_minimize_runs_what_is_no_rule_but_has_init_and_step():
    class SignDescent:
        def init(self, theta):
            return {"steps": 0}

        def step(self, theta, grad, state):
            state["steps"] += 1
            theta -= np.sign(grad) / state["steps"]
            return theta

    run = minimize(ravine(20), np.array([[-2.0, 3.0], [0.5, 0.25]]), SignDescent(), 2)
    assert run.theta[:, 0].tolist() == [[-2.0, 3.0], [-1.0, 2.0], [-0.5, 1.5]]
