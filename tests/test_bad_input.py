"""Bad input: one clear sentence that names the thing, the value and what would be right, before any work is done."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from optim import (
    SGD,
    Adagrad,
    Adam,
    Loss,
    Momentum,
    Rate,
    RMSProp,
    Rule,
    bowl,
    full_batch,
    least_squares,
    logistic,
    mini_batches,
    minimize,
    online,
    ravine,
)
from optim.explore import Choice, Slider, explore
from optim.plots import Curve, Panel, Readout, landscape

NAN, INF = np.nan, np.inf
X, Y = np.ones((4, 2)), np.ones(4)
A_SLIDER = Slider("η", 0.1, 1, 0.5)


def refused(case):
    """Assert that a case (call, kind of error, message) is refused with exactly this message."""
    call, kind, message = case
    with pytest.raises(kind, match="^" + re.escape(message) + "$"):
        call()


HYPERPARAMETERS = [
    (lambda: SGD(-0.1), ValueError, "SGD: eta must be positive and finite; got -0.1"),
    (lambda: SGD(0), ValueError, "SGD: eta must be positive and finite; got 0"),
    (lambda: SGD(NAN), ValueError, "SGD: eta must be positive and finite; got nan"),
    (lambda: Adam(INF), ValueError, "Adam: eta must be positive and finite; got inf"),
    (lambda: Momentum([0.1, -INF]), ValueError, "Momentum: eta must be positive and finite; got -inf at index (1,)"),
    (
        lambda: SGD([[0.1, 0.2], [0.0, 0.1]]),
        ValueError,
        "SGD: eta must be positive and finite; got 0.0 at index (1, 0)",
    ),
    (lambda: SGD("0.1"), TypeError, "SGD: eta must be a number or an array of numbers; got '0.1'"),
    (lambda: SGD(True), TypeError, "SGD: eta must be a number or an array of numbers; got True"),
    (lambda: SGD(None), TypeError, "SGD: eta must be a number or an array of numbers; got None"),
    (lambda: SGD(1j), TypeError, "SGD: eta must be a number or an array of numbers; got 1j"),
    (lambda: Momentum(0.1, 1), ValueError, "Momentum: lam must lie in [0, 1); got 1"),
    (lambda: Momentum(0.1, NAN), ValueError, "Momentum: lam must lie in [0, 1); got nan"),
    (lambda: RMSProp(0.1, -0.1), ValueError, "RMSProp: alpha must lie in [0, 1); got -0.1"),
    (lambda: Adam(beta1=[0, 0.5, 0.9, 1.0]), ValueError, "Adam: beta1 must lie in [0, 1); got 1.0 at index (3,)"),
    (lambda: Adam(beta2=-1e-9), ValueError, "Adam: beta2 must lie in [0, 1); got -1e-09"),
    (lambda: Adagrad(0.1, eps=-1e-8), ValueError, "Adagrad: eps must be zero or positive, and finite; got -1e-08"),
    (lambda: RMSProp(0.1, start="g"), ValueError, 'RMSProp: start must be "gradient" or "zero"; got \'g\''),
    (lambda: Adam(bias_correction="no"), TypeError, "Adam: bias_correction must be True or False; got 'no'"),
    (
        lambda: Adam(0.1, np.ones(3) / 2, np.ones(4) / 2),
        ValueError,
        "Adam: shapes do not broadcast: beta1 (3,), beta2 (4,)",
    ),
    (lambda: SGD(lambda t: -1.0), ValueError, "SGD: eta(1) must be zero or positive, and finite; got -1.0"),
    (lambda: SGD(lambda t: "a"), TypeError, "SGD: eta(1) must be a number or an array of numbers; got 'a'"),
    (
        lambda: Momentum(lambda t: np.ones(3), np.ones(2) / 2),
        ValueError,
        "Momentum: shapes do not broadcast: eta (3,), lam (2,)",
    ),
]


@pytest.mark.parametrize("case", HYPERPARAMETERS)
def test_hyperparameter_outside_its_domain(case):
    refused(case)


def test_only_the_rate_may_be_a_schedule():
    with pytest.raises(TypeError, match=r"^Momentum: lam must be a number or an array of numbers; got <function"):
        Momentum(0.1, lambda t: 0.9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SGD(lr=0.1), "SGD has no argument lr: did you mean eta?"),
        (lambda: Adam(learning_rate=0.1), "Adam has no argument learning_rate: did you mean eta?"),
        (lambda: Momentum(0.1, momentum=0.9), "Momentum has no argument momentum: did you mean lam?"),
        (lambda: Adam(betas=(0.9, 0.99)), "Adam has no argument betas: did you mean beta1 and beta2?"),
        (lambda: RMSProp(0.1, rho=0.9), "RMSProp has no argument rho: did you mean alpha?"),
        (lambda: Adagrad(0.1, epsilon=0.0), "Adagrad has no argument epsilon: did you mean eps?"),
        (lambda: SGD(0.1, momentum=0.9), "SGD has no argument momentum: it has eta"),
        (
            lambda: Adam(weight_decay=0.1),
            "Adam has no argument weight_decay: it has eta, beta1, beta2, eps, bias_correction",
        ),
    ],
)
def test_unknown_argument_is_answered_with_the_name_it_may_be_meant_for(call, message):
    refused((call, TypeError, message))


MOMENTUM, GRID = Momentum(0.1), SGD([0.1, 0.2, 0.3])
ONES = np.ones(3)
STEPS = {  # rule, theta, gradient, state; kind of error, message
    "gradient of another shape": (
        (MOMENTUM, ONES, ONES[:1], MOMENTUM.init(ONES)),
        (ValueError, "Momentum: the gradient must have the shape of theta, (3,); got (1,)"),
    ),
    "gradient that is a number": (
        (MOMENTUM, ONES, 1.0, MOMENTUM.init(ONES)),
        (ValueError, "Momentum: the gradient must have the shape of theta, (3,); got ()"),
    ),
    "complex gradient": (
        (MOMENTUM, ONES, ONES * 1j, MOMENTUM.init(ONES)),
        (TypeError, "Momentum: grad must be an array of floats; got ndarray array([0.+1.j, 0.+1.j, 0.+1.j])"),
    ),
    "whole-number gradient": (
        (MOMENTUM, ONES, np.array([1, 2, 3]), MOMENTUM.init(ONES)),
        (
            TypeError,
            "Momentum: grad holds whole numbers (int64), which cannot take a small step; write [1.0, 2.0] for [1, 2], "
            "or use grad.astype(float)",
        ),
    ),
    "whole-number theta": (
        (MOMENTUM, np.array([1, 2, 3]), ONES, MOMENTUM.init(ONES)),
        (
            TypeError,
            "Momentum: theta holds whole numbers (int64), which cannot take a small step; write [1.0, 2.0] for [1, 2], "
            "or use theta.astype(float)",
        ),
    ),
    "theta that is a list": (
        (MOMENTUM, [1.0, 2.0, 3.0], ONES, MOMENTUM.init(ONES)),
        (TypeError, "Momentum: theta is changed in place, so it must be an array; got [1.0, 2.0, 3.0]"),
    ),
    "read-only theta": (
        (MOMENTUM, np.broadcast_to(1.0, 3), ONES, MOMENTUM.init(ONES)),
        (ValueError, "Momentum: theta is changed in place, but it is read-only; use theta.copy()"),
    ),
    "state of another rule": (
        (MOMENTUM, ONES, ONES, Adam().init(ONES)),
        (TypeError, "Momentum: the state must come from this rule's init; got AdamState"),
    ),
    "no state": (
        (MOMENTUM, ONES, ONES, None),
        (TypeError, "Momentum: the state must come from this rule's init; got NoneType"),
    ),
    "state of another theta": (
        (MOMENTUM, ONES, ONES, MOMENTUM.init(np.ones(4))),
        (ValueError, "Momentum: the state was made for theta of shape (4,); got (3,)"),
    ),
    "grid over the components": (
        (GRID, ONES, ONES, GRID.init(ONES)),
        (
            ValueError,
            "SGD: hyperparameters of shape (3,) need theta of shape (d, *batch) with batch axes to match; got (3,)",
        ),
    ),
    "grid of another size": (
        (GRID, np.ones((2, 4)), np.ones((2, 4)), GRID.init(np.ones((2, 4)))),
        (
            ValueError,
            "SGD: hyperparameters of shape (3,) need theta of shape (d, *batch) with batch axes to match; got (2, 4)",
        ),
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_step_refuses_before_it_changes_anything(case):
    (rule, theta, grad, state), (kind, message) = STEPS[case]
    before = repr((theta, grad, state))
    refused((lambda: rule.step(theta, grad, state), kind, message))
    assert repr((theta, grad, state)) == before


@pytest.mark.parametrize(
    ("late", "message"),
    [
        (-1.0, "Momentum: eta(2) must be zero or positive, and finite; got -1.0"),
        (NAN, "Momentum: eta(2) must be zero or positive, and finite; got nan"),
        (ONES, "Momentum: a schedule keeps its shape, so eta(2) must fit (); got (3,)"),
    ],
)
def test_a_schedule_that_goes_wrong_later_changes_nothing(late, message):
    rule = Momentum(lambda t: 0.1 if t == 1 else late)
    theta = np.ones(3)
    state = rule.init(theta)
    rule.step(theta, ONES, state)
    before = repr((theta, state))
    refused((lambda: rule.step(theta, ONES, state), ValueError, message))
    assert repr((theta, state)) == before


def test_a_rule_of_the_reader_says_what_it_lacks():
    class Bare(Rule):
        eta: float

    @dataclass(frozen=True)
    class Still(Rule):
        eta: float

    refused(
        (lambda: Bare(0.1), TypeError, "Bare: a rule is a dataclass; write @dataclass(frozen=True) above its class")
    )
    with pytest.raises(NotImplementedError, match=r"^Still needs a method update\(self, theta, g, s, \.\.\.\)$"):
        Still(0.1).step(np.ones(2), np.ones(2), Still(0.1).init(np.ones(2)))


@dataclass(frozen=True)
class Variant(Rule):
    """A reader's rule with a rate and switches."""

    eta: Rate
    form: Literal["slow", "fast"] = "slow"
    order: Literal[1, 2] = 1
    corrected: bool = False

    def update(self, theta, g, s, eta):
        theta -= eta * g


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Variant(-0.1), ValueError, "Variant: eta must be positive and finite; got -0.1"),
        (lambda: Variant(0.1, "fst"), ValueError, 'Variant: form must be "slow" or "fast"; got \'fst\''),
        (lambda: Variant(0.1, order=3), ValueError, "Variant: order must be 1 or 2; got 3"),
        (lambda: Variant(0.1, corrected=1), TypeError, "Variant: corrected must be True or False; got 1"),
    ],
)
def test_a_rule_of_the_reader_is_checked_by_its_annotations(call, kind, message):
    refused((call, kind, message))


def test_switches_reach_no_update_and_stand_in_the_name_where_they_are_not_the_default():
    rule, theta = Variant(0.1, "fast", 2), np.ones(2)
    assert str(rule) == "Variant(eta=0.1, form='fast', order=2)"
    assert rule.step(theta, np.ones(2), rule.init(theta)).tolist() == [0.9, 0.9]


def test_an_update_that_would_change_nothing_is_refused():
    @dataclass(frozen=True)
    class Lost(Rule):
        eta: float

        def update(self, theta, g, s, eta):
            theta = theta - eta * g

    with pytest.raises(TypeError, match=r"^Lost: `theta = \.\.\.` .* theta -= \.\.\."):
        Lost(0.1)


@pytest.mark.parametrize("n", [3, 100_000])
def test_an_update_that_forgets_its_shapes_or_remembers_what_it_did_not_announce_is_refused(n):
    @dataclass(frozen=True)
    class Short(Rule):
        eta: float
        memory = ("v",)

        def update(self, theta, g, s, eta):
            s.v = s.v[:2]

    @dataclass(frozen=True)
    class Secret(Rule):
        eta: float

        def update(self, theta, g, s, eta):
            s.v = g

    theta = np.ones(n)
    with pytest.raises(ValueError, match=r"^Short: s\.v must keep its shape, \(\d+,\); got \(2,\)$"):
        Short(0.1).step(theta, theta.copy(), Short(0.1).init(theta))
    with pytest.raises(AttributeError, match="v"):
        Secret(0.1).step(theta, theta.copy(), Secret(0.1).init(theta))


def loss_with(value=lambda theta: theta[0], gradient=np.ones_like):
    """Return a loss of one parameter."""
    return Loss("odd", value, gradient, 1)


def descend(loss=bowl(), theta0=(1.0, 1.0), rule=SGD(0.1), steps=3, **more):  # noqa: B008
    return lambda: minimize(loss, theta0, rule, steps, **more)


class Elsewhere:
    """A rule that returns new parameters instead of changing the old ones."""

    def __str__(self):
        return "Elsewhere"

    def init(self, theta):
        return None

    def step(self, theta, grad, state):
        return theta - grad


WHOLE = "holds whole numbers (int64), which cannot take a small step; write [1.0, 2.0] for [1, 2], or use "
RUNS = [
    (descend(steps=-1), ValueError, "minimize: steps must be 0 or more; got -1"),
    (descend(steps=2.5), TypeError, "minimize: steps must be a whole number, 0 or more; got 2.5"),
    (descend(steps=True), TypeError, "minimize: steps must be a whole number, 0 or more; got True"),
    (descend(theta0=[1, 2]), TypeError, f"minimize: theta0 {WHOLE}theta0.astype(float)"),
    (descend(theta0="ab"), TypeError, "minimize: theta0 must be an array of floats; got str 'ab'"),
    (descend(theta0=0.5), ValueError, "minimize: theta0 must have a first axis of components; got 0.5, write [0.5]"),
    (descend(theta0=[1.0, NAN]), ValueError, "minimize: theta0 must be finite; got [ 1. nan]"),
    (descend(theta0=[1.0] * 3), ValueError, "minimize: bowl() has 2 parameters; theta0 has 3"),
    (
        descend(theta0=np.ones((2, 3)), rule=SGD(np.ones(4))),
        ValueError,
        "minimize: starting points of shape (3,) and settings of shape (4,) do not broadcast",
    ),
    (
        descend(rule=SGD),
        TypeError,
        "minimize: rule must have a method init, as SGD(eta=0.1) has; got <class 'optim.rules.SGD'>",
    ),
    (descend(rule=0.1), TypeError, "minimize: rule must have a method init, as SGD(eta=0.1) has; got 0.1"),
    (descend(loss=3), TypeError, "minimize: loss must have a method value, as bowl() has; got 3"),
    (
        descend(loss=loss_with(value=lambda theta: INF), theta0=[1.0]),
        ValueError,
        "minimize: the loss at theta0 must be finite; got inf",
    ),
    (
        descend(loss=loss_with(value=lambda theta: theta), theta0=[1.0]),
        ValueError,
        "minimize: the value of odd must have the batch shape of theta, (); got (1,)",
    ),
    (
        descend(loss=loss_with(value=np.sum), theta0=[1.0], rule=SGD([0.1, 0.2])),
        ValueError,
        "minimize: the value of odd must have the batch shape of theta, (2,); got ()",
    ),
    (
        descend(loss=loss_with(gradient=lambda theta: 1.0), theta0=[1.0]),
        ValueError,
        "minimize: the gradient of odd must have the shape of theta, (1,); got ()",
    ),
    (
        descend(batches=[(X, Y)] * 3),
        TypeError,
        "minimize: batches were given, but bowl() is not made from data",
    ),
    (
        descend(project=lambda theta: None),
        ValueError,
        "minimize: project must return the parameters, shape (2,); got None",
    ),
    (
        descend(rule=Elsewhere()),
        TypeError,
        "minimize: the step of Elsewhere must change theta in place and return it",
    ),
    (lambda: ravine(0), ValueError, "ravine: kappa must be positive and finite; got 0"),
]


@pytest.mark.parametrize("case", RUNS)
def test_run_that_cannot_begin(case):
    refused(case)


DATA = [
    (
        lambda: full_batch(X[0], Y),
        ValueError,
        "full_batch: X must have one example a row, shape (N, d); got shape (2,)",
    ),
    (
        lambda: online(X, Y[:3], seed=0),
        ValueError,
        "online: y must have one answer an example, shape (4,); got shape (3,)",
    ),
    (
        lambda: least_squares(X[:0], Y[:0]),
        ValueError,
        "least_squares: X must have one example a row, shape (N, d); got shape (0, 2)",
    ),
    (
        lambda: least_squares(X, Y[:, None]),
        ValueError,
        "least_squares: y must have one answer an example, shape (4,); got shape (4, 1)",
    ),
    (lambda: least_squares(X, Y * NAN), ValueError, "least_squares: y must be finite; got nan at index (0,)"),
    (lambda: logistic(X, Y * 2), ValueError, "logistic: y must hold the classes 0 and 1; got 2.0"),
    (
        lambda: mini_batches(X, Y, 5, seed=0),
        ValueError,
        "mini_batches: size must be at most the number of examples, 4; got 5",
    ),
    (lambda: mini_batches(X, Y, 0, seed=0), ValueError, "mini_batches: size must be 1 or more; got 0"),
    (
        lambda: mini_batches(X, Y, 2.0, seed=0),
        TypeError,
        "mini_batches: size must be a whole number, 1 or more; got 2.0",
    ),
    (lambda: online(X, Y, seed=-1), ValueError, "online: seed must be 0 or more; got -1"),
    (
        lambda: mini_batches(X, Y, 2, seed=None),
        TypeError,
        "mini_batches: seed must be a whole number, 0 or more; got None",
    ),
]


@pytest.mark.parametrize("case", DATA)
def test_data_that_do_not_match(case):
    refused(case)


def still(**controls):
    """Explore a function that draws nothing."""
    return explore(lambda **values: [], landscape(bowl()), "Nothing.", **controls)


def curve_of(**changes):
    """Explore a curve of two points."""
    curve = Curve(**{"x": np.zeros(2), "y": np.zeros(2), **changes})
    return explore(lambda eta: [curve], landscape(bowl()), "A curve.", eta=A_SLIDER)


def one_or_two(marks=lambda which: [], panels=landscape(bowl())):  # noqa: B008
    """Explore what a choice changes."""
    return explore(marks, panels, "One or two.", which=Choice("which", {"one": 1, "two": 2}))


EXPLORABLES = [
    (lambda: still(), ValueError, "explore: there must be a Slider or a Choice; got none"),
    (lambda: still(eta=0.1), TypeError, "explore: eta must be a Slider or a Choice; got 0.1"),
    (lambda: Slider("η", 0, 1, 2), ValueError, "Slider 'η': default must lie between 0 and 1; got 2"),
    (lambda: Slider("η", 0, 1, NAN), ValueError, "Slider 'η': default must be finite; got nan"),
    (lambda: Slider("η", 1, 0, 0.5), ValueError, "Slider 'η': low must be less than high; got 1 and 0"),
    (lambda: Slider("η", 0, 1, 1, log=True), ValueError, "Slider 'η': low must be positive and finite; got 0"),
    (lambda: Slider("η", 0, 1, 1, 1), ValueError, "Slider 'η': positions must be 2 or more; got 1"),
    (lambda: Slider("η", 0, 1, 1, 2.5), TypeError, "Slider 'η': positions must be a whole number, 2 or more; got 2.5"),
    (lambda: Choice("loss", {"one": 1}), ValueError, "Choice 'loss': there must be two options or more; got ['one']"),
    (lambda: curve_of(panel=1), ValueError, "explore: a mark stands on panel 1, but there are 1 (0 is the first)"),
    (
        lambda: curve_of(y=np.zeros((2, 7))).table,
        ValueError,
        "explore: a Curve of shape (2, 7) does not broadcast to (points, 40), one axis for each slider",
    ),
    (
        lambda: one_or_two(panels=lambda which: [landscape(bowl())] * which).table,
        ValueError,
        "explore: the panels must be as many and of the same sizes for every choice",
    ),
    (
        lambda: one_or_two(panels=lambda which: landscape(bowl(), width=300 * which)).table,
        ValueError,
        "explore: the panels must be as many and of the same sizes for every choice",
    ),
    (
        lambda: one_or_two(marks=lambda which: [Readout("one")] * which).table,
        ValueError,
        "explore: the function must return the same kinds of marks for every choice",
    ),
    (
        lambda: explore(lambda eta: [eta], landscape(bowl()), "A number.", eta=A_SLIDER),
        TypeError,
        "explore: the function must return marks; got 0.5",
    ),
    (lambda: Panel((1, 0), (0, 1)), ValueError, "Panel: x must be (low, high) with low < high; got (1, 0)"),
    (
        lambda: Panel((0, 1), (0, 1), ylog=True),
        ValueError,
        "Panel: y is logarithmic, so its limits must be positive; got (0, 1)",
    ),
    (
        lambda: landscape(least_squares(X, Y)),
        ValueError,
        "landscape: least_squares(4 examples) has no frame to be drawn in; only losses of two parameters have one",
    ),
]


@pytest.mark.parametrize("case", EXPLORABLES)
def test_explorable_that_cannot_be_shown(case):
    refused(case)
