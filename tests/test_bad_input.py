"""Bad input: one clear line that names the thing, the value and what would be right, before any work is done."""

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
from optim.plots import Curve, Panel, Readout, landscape, picture

NAN, INF = np.nan, np.inf
X, Y = np.ones((4, 2)), np.ones(4)
A_SLIDER = Slider("η", 0.1, 1, 0.5)


def refused(call, kind, told):
    """Assert that a call is refused in one line that begins with the first of these parts and has the others in order.

    The parts, divided by `|`, are who refuses, which argument, what is right, and what came instead.
    """
    with pytest.raises(kind) as caught:
        call()
    parts = [rf"(?<![\w.-]){re.escape(part.strip())}(?!\w|\.\d)" for part in told.split("|")]
    assert re.fullmatch(".*?".join(parts).removeprefix(r"(?<![\w.-])") + ".*", str(caught.value)), caught.value


def cases(function):
    """Let a test run each of a list of cases (call, kind of error, what the message tells)."""
    return pytest.mark.parametrize(("call", "kind", "told"), function, ids=[told for _, _, told in function])


@cases(
    [
        (lambda: SGD(-0.1), ValueError, "SGD: | eta | positive and finite | -0.1"),
        (lambda: SGD(0), ValueError, "SGD: | eta | positive and finite | 0"),
        (lambda: SGD(NAN), ValueError, "SGD: | eta | positive and finite | nan"),
        (lambda: Adam(INF), ValueError, "Adam: | eta | positive and finite | inf"),
        (lambda: Momentum([0.1, -INF]), ValueError, "Momentum: | eta | positive and finite | -inf | index (1,)"),
        (lambda: SGD([[0.1, 0.2], [0.0, 0.1]]), ValueError, "SGD: | eta | positive and finite | 0.0 | index (1, 0)"),
        (lambda: SGD("0.1"), TypeError, "SGD: | eta | number | '0.1'"),
        (lambda: SGD(True), TypeError, "SGD: | eta | number | True"),
        (lambda: SGD(None), TypeError, "SGD: | eta | number | None"),
        (lambda: SGD(1j), TypeError, "SGD: | eta | number | 1j"),
        (lambda: Momentum(0.1, 1), ValueError, "Momentum: | lam | [0, 1) | 1"),
        (lambda: Momentum(0.1, NAN), ValueError, "Momentum: | lam | [0, 1) | nan"),
        (lambda: Momentum(0.1, lambda t: 0.9), TypeError, "Momentum: | lam | number | <function"),
        (lambda: RMSProp(0.1, -0.1), ValueError, "RMSProp: | alpha | [0, 1) | -0.1"),
        (lambda: Adam(beta1=[0, 0.5, 0.9, 1.0]), ValueError, "Adam: | beta1 | [0, 1) | 1.0 | index (3,)"),
        (lambda: Adam(beta2=-1e-9), ValueError, "Adam: | beta2 | [0, 1) | -1e-09"),
        (lambda: Adagrad(0.1, eps=-1e-8), ValueError, "Adagrad: | eps | zero or positive, and finite | -1e-08"),
        (lambda: RMSProp(0.1, start="g"), ValueError, 'RMSProp: | start | "gradient" or "zero" | \'g\''),
        (lambda: Adam(bias_correction="no"), TypeError, "Adam: | bias_correction | True or False | 'no'"),
        (lambda: Adam(0.1, [0.5] * 3, [0.5] * 4), ValueError, "Adam: | shapes | beta1 (3,) | beta2 (4,)"),
        (lambda: SGD(lambda t: -1.0), ValueError, "SGD: | eta(1) | zero or positive, and finite | -1.0"),
        (lambda: SGD(lambda t: "a"), TypeError, "SGD: | eta(1) | number | 'a'"),
        (lambda: Momentum(lambda t: Y, [0.5] * 2), ValueError, "Momentum: | shapes | eta (4,) | lam (2,)"),
    ]
)
def test_hyperparameter_outside_its_domain(call, kind, told):
    refused(call, kind, told)


@cases(
    [
        (lambda: SGD(lr=0.1), TypeError, "SGD | lr: | did you mean eta?"),
        (lambda: Adam(learning_rate=0.1), TypeError, "Adam | learning_rate: | did you mean eta?"),
        (lambda: Momentum(0.1, momentum=0.9), TypeError, "Momentum | momentum: | did you mean lam?"),
        (lambda: Adam(betas=(0.9, 0.99)), TypeError, "Adam | betas: | did you mean beta1 and beta2?"),
        (lambda: RMSProp(0.1, rho=0.9), TypeError, "RMSProp | rho: | did you mean alpha?"),
        (lambda: Adagrad(0.1, epsilon=0.0), TypeError, "Adagrad | epsilon: | did you mean eps?"),
        (lambda: SGD(0.1, momentum=0.9), TypeError, "SGD | momentum: | it has eta"),
        (lambda: Adam(decay=0.1), TypeError, "Adam | decay: | it has eta, beta1, beta2, eps, bias_correction"),
    ]
)
def test_unknown_argument_is_answered_with_the_name_it_may_be_meant_for(call, kind, told):
    refused(call, kind, told)


MOMENTUM, GRID = Momentum(0.1), SGD([0.1, 0.2, 0.3])
ONES = np.ones(3)
WHOLE = np.array([1, 2, 3])
SHAPED = np.ones((2, 4))


@pytest.mark.parametrize(
    ("rule", "theta", "grad", "state", "kind", "told"),
    [
        (
            MOMENTUM,
            ONES,
            ONES[:1],
            MOMENTUM.init(ONES),
            ValueError,
            "Momentum: | gradient | shape of theta, (3,) | (1,)",
        ),
        (MOMENTUM, ONES, 1.0, MOMENTUM.init(ONES), ValueError, "Momentum: | gradient | shape of theta, (3,) | ()"),
        (MOMENTUM, ONES, ONES * 1j, MOMENTUM.init(ONES), TypeError, "Momentum: | grad | array of floats | 0.+1.j"),
        (
            MOMENTUM,
            ONES,
            WHOLE,
            MOMENTUM.init(ONES),
            TypeError,
            "Momentum: | grad | whole numbers (int64) | grad.astype",
        ),
        (
            MOMENTUM,
            WHOLE,
            ONES,
            MOMENTUM.init(ONES),
            TypeError,
            "Momentum: | theta | whole numbers | theta.astype(float)",
        ),
        (
            MOMENTUM,
            [1.0, 2.0],
            ONES,
            MOMENTUM.init(ONES),
            TypeError,
            "Momentum: | theta | in place | array | [1.0, 2.0]",
        ),
        (
            MOMENTUM,
            np.broadcast_to(1.0, 3),
            ONES,
            MOMENTUM.init(ONES),
            ValueError,
            "Momentum: | theta | read-only | theta.copy()",
        ),
        (MOMENTUM, ONES, ONES, Adam().init(ONES), TypeError, "Momentum: | state | this rule's init | AdamState"),
        (MOMENTUM, ONES, ONES, None, TypeError, "Momentum: | state | this rule's init | NoneType"),
        (MOMENTUM, ONES, ONES, MOMENTUM.init(Y), ValueError, "Momentum: | state | shape (4,) | (3,)"),
        (GRID, ONES, ONES, GRID.init(ONES), ValueError, "SGD: | shape (3,) | (d, *batch) | (3,)"),
        (GRID, SHAPED, SHAPED, GRID.init(SHAPED), ValueError, "SGD: | shape (3,) | (d, *batch) | (2, 4)"),
    ],
)
def test_step_refuses_before_it_changes_anything(rule, theta, grad, state, kind, told):
    before = repr((theta, grad, state))
    refused(lambda: rule.step(theta, grad, state), kind, told)
    assert repr((theta, grad, state)) == before


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (-1.0, "Momentum: | eta(2) | zero or positive, and finite | -1.0"),
        (NAN, "Momentum: | eta(2) | zero or positive, and finite | nan"),
        (ONES, "Momentum: | schedule | eta(2) | must fit () | (3,)"),
    ],
)
def test_a_schedule_that_goes_wrong_later_changes_nothing(late, told):
    rule = Momentum(lambda t: 0.1 if t == 1 else late)
    theta = np.ones(3)
    state = rule.init(theta)
    rule.step(theta, ONES, state)
    before = repr((theta, state))
    refused(lambda: rule.step(theta, ONES, state), ValueError, told)
    assert repr((theta, state)) == before


# Rules of the reader


@dataclass(frozen=True)
class Variant(Rule):
    """A rule with a rate and switches."""

    eta: Rate
    form: Literal["slow", "fast"] = "slow"
    order: Literal[1, 2] = 1
    corrected: bool = False

    def update(self, theta, g, s, eta):
        theta -= eta * g


@dataclass(frozen=True)
class NoUpdate(Rule):
    """A rule without an equation."""

    eta: float


@dataclass(frozen=True)
class NewTheta(Rule):
    """A rule whose equation changes nothing."""

    eta: float

    def update(self, theta, g, s, eta):
        theta = theta - eta * g


@dataclass(frozen=True)
class Shrinking(Rule):
    """A rule that forgets a part of what it remembers."""

    eta: float
    memory = ("v",)

    def update(self, theta, g, s, eta):
        s.v = s.v[:2]


@dataclass(frozen=True)
class Unannounced(Rule):
    """A rule that does not say what it remembers."""

    eta: float

    def update(self, theta, g, s, eta):
        s.v = g


class NoDataclass(Rule):
    """A rule that lacks its decorator."""

    eta: float


def first_step(rule, n=2):
    """Take a step of n parameters."""
    theta = np.ones(n)
    return rule.step(theta, theta.copy(), rule.init(theta))


@cases(
    [
        (lambda: Variant(-0.1), ValueError, "Variant: | eta | positive and finite | -0.1"),
        (lambda: Variant(0.1, "fst"), ValueError, 'Variant: | form | "slow" or "fast" | \'fst\''),
        (lambda: Variant(0.1, order=3), ValueError, "Variant: | order | 1 or 2 | 3"),
        (lambda: Variant(0.1, corrected=1), TypeError, "Variant: | corrected | True or False | 1"),
        (lambda: NoUpdate(NAN), ValueError, "NoUpdate: | eta | finite | nan"),
        (lambda: NoDataclass(0.1), TypeError, "NoDataclass: | dataclass | @dataclass(frozen=True)"),
        (lambda: first_step(NoUpdate(0.1)), NotImplementedError, "NoUpdate | update(self, theta, g, s, ...)"),
        (lambda: NewTheta(0.1), TypeError, "NewTheta: | theta = | theta -="),
        (lambda: first_step(Shrinking(0.1), 3), ValueError, "Shrinking: | s.v | (3,) | (2,)"),
        (lambda: first_step(Shrinking(0.1), 100_000), ValueError, "Shrinking: | s.v | (65536,) | (2,)"),
        (lambda: first_step(Unannounced(0.1)), AttributeError, "'UnannouncedState' | 'v'"),
        (lambda: first_step(Unannounced(0.1), 100_000), AttributeError, "'UnannouncedState' | 'v'"),
    ]
)
def test_a_rule_of_the_reader_that_is_wrong(call, kind, told):
    refused(call, kind, told)


def test_switches_reach_no_update_and_stand_in_the_name_where_they_are_not_the_default():
    rule = Variant(0.1, "fast", 2)
    assert str(rule) == "Variant(eta=0.1, form='fast', order=2)"
    assert first_step(rule).tolist() == [0.9, 0.9]


# Runs


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


@cases(
    [
        (descend(steps=-1), ValueError, "minimize: | steps | 0 or more | -1"),
        (descend(steps=2.5), TypeError, "minimize: | steps | whole number, 0 or more | 2.5"),
        (descend(steps=True), TypeError, "minimize: | steps | whole number, 0 or more | True"),
        (descend(theta0=[1, 2]), TypeError, "minimize: | theta0 | whole numbers (int64) | theta0.astype(float)"),
        (descend(theta0="ab"), TypeError, "minimize: | theta0 | array of floats | str 'ab'"),
        (descend(theta0=0.5), ValueError, "minimize: | theta0 | axis of components | 0.5 | [0.5]"),
        (descend(theta0=[1.0, NAN]), ValueError, "minimize: | theta0 | finite | [ 1. nan]"),
        (descend(theta0=[1.0] * 3), ValueError, "minimize: | bowl() has 2 parameters | theta0 has 3"),
        (
            descend(theta0=np.ones((2, 3)), rule=SGD(Y)),
            ValueError,
            "minimize: | starting points | (3,) | settings | (4,)",
        ),
        (descend(rule=SGD), TypeError, "minimize: | rule | method init | SGD(eta=0.1) | <class 'optim.rules.SGD'>"),
        (descend(rule=0.1), TypeError, "minimize: | rule | method init | SGD(eta=0.1) | 0.1"),
        (descend(loss=3), TypeError, "minimize: | loss | method value | bowl() | 3"),
        (descend(loss_with(lambda theta: INF), [1.0]), ValueError, "minimize: | loss at theta0 | finite | inf"),
        (descend(loss_with(lambda theta: theta), [1.0]), ValueError, "minimize: | value of odd | shape | () | (1,)"),
        (
            descend(loss_with(np.sum), [1.0], SGD([0.1, 0.2])),
            ValueError,
            "minimize: | value of odd | shape | (2,) | ()",
        ),
        (
            descend(loss_with(gradient=lambda theta: 1.0), [1.0]),
            ValueError,
            "minimize: | gradient of odd | shape | (1,) | ()",
        ),
        (descend(batches=[(X, Y)] * 3), TypeError, "minimize: | batches | bowl() is not made from data"),
        (descend(project=lambda theta: None), ValueError, "minimize: | project | parameters, shape (2,) | None"),
        (descend(rule=Elsewhere()), TypeError, "minimize: | step of Elsewhere | in place and return"),
        (lambda: ravine(0), ValueError, "ravine: | kappa | positive and finite | 0"),
    ]
)
def test_run_that_cannot_begin(call, kind, told):
    refused(call, kind, told)


@cases(
    [
        (lambda: full_batch(X[0], Y), ValueError, "full_batch: | X | one example a row, shape (N, d) | (2,)"),
        (lambda: online(X, Y[:3], seed=0), ValueError, "online: | y | one answer an example, shape (4,) | (3,)"),
        (lambda: least_squares(X[:0], Y[:0]), ValueError, "least_squares: | X | shape (N, d) | (0, 2)"),
        (lambda: least_squares(X, Y[:, None]), ValueError, "least_squares: | y | shape (4,) | (4, 1)"),
        (lambda: least_squares(X, Y * NAN), ValueError, "least_squares: | y | finite | nan | index (0,)"),
        (lambda: logistic(X, Y * 2), ValueError, "logistic: | y | classes 0 and 1 | 2.0"),
        (lambda: mini_batches(X, Y, 5, seed=0), ValueError, "mini_batches: | size | number of examples, 4 | 5"),
        (lambda: mini_batches(X, Y, 0, seed=0), ValueError, "mini_batches: | size | 1 or more | 0"),
        (lambda: mini_batches(X, Y, 2.0, seed=0), TypeError, "mini_batches: | size | whole number, 1 or more | 2.0"),
        (lambda: online(X, Y, seed=-1), ValueError, "online: | seed | 0 or more | -1"),
        (lambda: mini_batches(X, Y, 2, seed=None), TypeError, "mini_batches: | seed | whole number, 0 or more | None"),
    ]
)
def test_data_that_do_not_match(call, kind, told):
    refused(call, kind, told)


# Pictures and explorables


def still(**controls):
    """Explore a function that draws nothing."""
    return explore(lambda **values: [], landscape(bowl()), "Nothing.", **controls)


def explored(*marks):
    """Explore marks that do not move."""
    return explore(lambda eta: marks, landscape(bowl()), "A curve.", eta=A_SLIDER)


def drawn(*marks):
    """Draw marks on one panel."""
    return picture(landscape(bowl()), marks, "A curve.")


def one_or_two(marks=lambda which: [], panels=landscape(bowl())):  # noqa: B008
    """Explore what a choice changes."""
    return explore(marks, panels, "One or two.", which=Choice("which", {"one": 1, "two": 2}))


LINE = np.zeros(2)
SAME = "explore: | panels | same sizes for every choice"


@cases(
    [
        (lambda: still(), ValueError, "explore: | a Slider or a Choice | none"),
        (lambda: still(eta=0.1), TypeError, "explore: | eta | a Slider or a Choice | 0.1"),
        (lambda: Slider("η", 0, 1, 2), ValueError, "Slider 'η': | default | between 0 and 1 | 2"),
        (lambda: Slider("η", 0, 1, NAN), ValueError, "Slider 'η': | default | finite | nan"),
        (lambda: Slider("η", 1, 0, 0.5), ValueError, "Slider 'η': | low | less than high | 1 and 0"),
        (lambda: Slider("η", 0, 1, 1, log=True), ValueError, "Slider 'η': | low | positive and finite | 0"),
        (lambda: Slider("η", 0, 1, 1, 1), ValueError, "Slider 'η': | positions | 2 or more | 1"),
        (lambda: Slider("η", 0, 1, 1, 2.5), TypeError, "Slider 'η': | positions | whole number, 2 or more | 2.5"),
        (lambda: Choice("loss", {"one": 1}), ValueError, "Choice 'loss': | two options or more | ['one']"),
        (lambda: explored(Curve(LINE, LINE, panel=1)), ValueError, "explore: | Curve | panel 1 | there are 1"),
        (lambda: explored(0.5), TypeError, "explore: | marks | 0.5"),
        (lambda: explored(Curve(LINE, np.zeros((2, 7)))).table, ValueError, "explore: | Curve | (2, 7) | (points, 39)"),
        (lambda: drawn(Curve(LINE, LINE, panel=1)), ValueError, "picture: | Curve | panel 1 | there are 1"),
        (lambda: drawn(Curve(LINE, LINE, panel=-1)), ValueError, "picture: | Curve | panel -1 | there are 1"),
        (lambda: drawn(0.5), TypeError, "picture: | marks | 0.5"),
        (lambda: one_or_two(panels=lambda which: [landscape(bowl())] * which).table, ValueError, SAME),
        (lambda: one_or_two(panels=lambda which: landscape(bowl(), width=300 * which)).table, ValueError, SAME),
        (
            lambda: one_or_two(marks=lambda which: [Readout("one")] * which).table,
            ValueError,
            "explore: | same kinds of marks for every choice",
        ),
        (lambda: Panel((1, 0), (0, 1)), ValueError, "Panel: | x | low < high | (1, 0)"),
        (lambda: Panel((0, 1), (0, 1), ylog=True), ValueError, "Panel: | y | logarithmic | positive | (0, 1)"),
        (lambda: landscape(least_squares(X, Y)), ValueError, "landscape: | least_squares(4 examples) | frame | two"),
    ]
)
def test_picture_that_cannot_be_shown(call, kind, told):
    refused(call, kind, told)
