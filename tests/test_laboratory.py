"""The laboratory computes in the browser what `minimize` computes in Python, and its reader can do what it promises."""

import json
from dataclasses import dataclass, replace

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
    himmelblau,
    minimize,
    ravine,
    rosenbrock,
    saddle,
)
from optim.explore.laboratory import SCRIPT, laboratory

STEPS, STARTS = 200, 50
LOSSES = {loss.name: loss for loss in (bowl(), ravine(20), saddle(), rosenbrock(), beale(), himmelblau())}


@dataclass(frozen=True)
class SignSGD(Rule):
    """A reader's rule: exercise 2.4."""

    eta: float

    def update(self, theta, g, s, eta):
        theta -= eta * np.sign(g)


@dataclass(frozen=True)
class Clipped(Rule):
    """A reader's rule that decides: momentum with a bounded velocity, and a rest at every tenth step."""

    eta: float
    lam: float = 0.9

    memory = ("v",)

    def update(self, theta, g, s, eta, lam):
        if s.t % 10 == 0:
            s.v *= 0.0
        s.v = np.clip(lam * s.v - eta * g, -0.5, 0.5)
        theta += s.v


# Only + - * / and square roots are in these; Adam's bias correction raises to a power.
EXACT = [SGD(0.1), Momentum(0.1), Adagrad(0.1), Adagrad(0.1, eps=1e-8), RMSProp(0.1), RMSProp(0.1, start="zero"),
         Adam(0.1, bias_correction=False), SignSGD(0.1), Clipped(0.1)]  # fmt: skip
ROUNDED = [Adam(0.1), Adam(0.1, eps=0.0), SGD(lambda t: 0.1 * np.exp(-0.01 * t))]

# JSON writes a number so that it is read back to the last bit.
RUN = """([spec, cases, steps]) => {
    const { methods, losses } = compile(spec);
    return JSON.stringify(cases.map(([hypers, start]) => {
        const r = run(losses[0], methods[0], hypers, start, steps);
        return { last: r.last, x: [...r.x.slice(0, 2 * r.last + 2)], loss: [...r.loss.slice(0, r.last + 1)] };
    }));
}"""
STEP = """([spec, cases]) => {
    const { methods: [method] } = compile(spec);
    return JSON.stringify(cases.map(({ t, hypers, g, x, s }) => {
        [x, g, s] = [x, g, s].map((numbers) => Float64Array.from(numbers));
        method.update(t, hypers, x, g, s);
        return [...x, ...s];
    }));
}"""


@pytest.fixture(scope="module")
def script(browser):
    """Return a function that calls the laboratory's script on a page with nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=SCRIPT)
    yield lambda code, *arguments: json.loads(page.evaluate(code, arguments), parse_int=float)
    page.close()


def drawn(rule, loss, seed):
    """Return the rule with settings drawn at random, from tiny to beyond every edge, and starts in the loss's frame."""
    rng, fields = np.random.default_rng(seed), {}
    for name in rule.__dataclass_fields__:
        if name == "eta" and not callable(rule.eta):
            fields[name] = 10 ** rng.uniform(-4, 0.5, STARTS)
        elif name in ("lam", "alpha", "beta1", "beta2"):
            fields[name] = 1 - 10 ** rng.uniform(-4, 0, STARTS)
    low, high = np.transpose(loss.frame)
    return replace(rule, **fields), rng.uniform(low, high, (STARTS, 2)).T


def settings(rule):
    """Return the hyperparameters of each setting, in the order in which a script finds them."""
    values = (getattr(rule, name) for name in rule.__dataclass_fields__)
    values = [np.broadcast_to(value, STARTS) for value in values if isinstance(value, float | np.ndarray)]
    return np.reshape(values, (-1, STARTS)).T.tolist()


def last_steps(run):
    """Return the last step at which each run was finite."""
    return np.isfinite(run.loss).sum(axis=0) - 1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rule", EXACT, ids=str)
def test_the_browser_and_python_agree_to_the_last_bit(script, rule, name):
    loss = LOSSES[name]
    many, starts = drawn(rule, loss, seed=0)
    run = minimize(loss, starts, many, STEPS)
    lasts = last_steps(run)
    cases = list(zip(settings(many), starts.T.tolist(), strict=True))
    seen = script(RUN, laboratory(loss, [rule], "?").spec, cases, STEPS)
    for k, (shown, last) in enumerate(zip(seen, lasts, strict=True)):
        assert shown["last"] == last  # divergence at the same step
        assert np.array_equal(np.reshape(shown["x"], (-1, 2)), run.theta[: last + 1, :, k])
        assert np.array_equal(shown["loss"], run.loss[: last + 1, k])
    assert lasts.max() == STEPS


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rule", ROUNDED, ids=str)
def test_each_step_agrees_to_1e_12_where_powers_are_rounded_otherwise(script, rule, name):
    """Two paths that differ in a last bit part where the landscape is chaos, so each step starts from Python's."""
    loss = LOSSES[name]
    many, starts = drawn(rule, loss, seed=1)
    spec, lasts = laboratory(loss, [rule], "?").spec, last_steps(minimize(loss, starts, many, STEPS))
    hypers = settings(many)
    seen = script(RUN, spec, list(zip(hypers, starts.T.tolist(), strict=True)), STEPS)
    assert [shown["last"] for shown in seen] == lasts.tolist()  # divergence at the same step

    def remembered(state):
        return np.reshape([getattr(state, array) for array in rule.memory], (-1, STARTS))

    theta, state, cases, before, after = starts.copy(), many.init(starts), [], [], []
    with np.errstate(all="ignore"):
        for t in range(1, STEPS + 1):
            g, x, s = loss.gradient(theta), theta.copy(), remembered(state).copy()
            many.step(theta, g, state)
            for k in np.flatnonzero(t <= lasts):
                numbers = {"g": g[:, k].tolist(), "x": x[:, k].tolist(), "s": s[:, k].tolist()}
                cases.append({"t": t, "hypers": hypers[k], **numbers})
                before.append([*x[:, k], *s[:, k]])
                after.append([*theta[:, k], *remembered(state)[:, k]])
    steps, before, after = np.array(script(STEP, spec, cases)), np.array(before), np.array(after)
    assert np.all(np.abs(steps - after) <= 1e-12 * (np.abs(before) + np.abs(after)))  # a sum near 0 has lost digits


def test_a_coordinate_that_never_felt_a_gradient_stays_put(script):
    for rule in (Adagrad(0.1), RMSProp(0.1), Adam(0.1, eps=0.0)):
        (shown,) = script(RUN, laboratory(ravine(20), [rule], "?").spec, [[settings(rule)[0], [-1.0, 0.0]]], 10)
        assert shown["x"][1::2] == [0.0] * 11
