"""What runs on symbols becomes the script that says the same, and what has no counterpart is refused by name."""

from dataclasses import dataclass

import numpy as np
import pytest

from optim import SGD, Adam, Loss, Momentum, RMSProp, Rule, least_squares, ravine
from optim.trace import Untraceable, loss_scripts, memory_before, rule_script, setting

pytestmark = pytest.mark.filterwarnings("error")


def rule_of(update, memory=(), **fields):
    """Return a rule with this update and these hyperparameters."""
    body = {"update": update, "memory": memory, "__annotations__": dict.fromkeys(fields, float), **fields}
    return dataclass(frozen=True)(type("Mine", (Rule,), body))()


def loss_of(value, gradient=lambda theta: theta):
    """Return a loss of two parameters."""
    return Loss("mine", value, gradient, 2)


def test_operations_keep_their_order_and_are_done_once():
    def value(theta):
        x, y = theta
        return 2 * (x * y) + (x * y) * 2

    script = loss_scripts(loss_of(value))[0].splitlines()
    assert script == [
        "const r0 = x[0] * x[1];",
        "const r1 = 2 * r0;",
        "const r2 = r0 * 2;",
        "const r3 = r1 + r2;",
        "return r3;",
    ]


def test_a_number_is_written_to_its_last_bit():
    script = loss_scripts(loss_of(lambda theta: theta[0] * 0.1 + (1 / 3) * theta[1] - -1e-300))[0]
    assert "x[0] * 0.1" in script and repr(1 / 3) in script and "- (-1e-300)" in script


def test_both_answers_of_a_decision_are_followed():
    script = rule_script(RMSProp(0.1))
    assert script.count("if (") == 3  # t == 1, and in both branches eps == 0
    assert "h[1]" not in script.partition("} else {")[0]  # the first step knows no alpha


def test_a_mask_changes_what_it_covers_and_nothing_else():
    def update(self, theta, g, s):
        theta[np.abs(g) > 1] = 0.0

    script = rule_script(rule_of(update)).splitlines()
    assert script[2:4] == ["const r2 = r0 > 1;", "const r3 = r1 > 1;"]
    assert script[4:] == [
        "const r4 = r2 ? 0 : x[0];",
        "const r5 = r3 ? 0 : x[1];",
        "x[0] = r4;",
        "x[1] = r5;",
    ]


def test_an_array_is_changed_in_place_and_a_number_is_not():
    def update(self, theta, g, s, eta):
        same, rate = theta, eta
        same -= g
        rate *= 2
        theta -= eta * g

    assert "h[0] * 2" in (script := rule_script(rule_of(update, eta=0.1)))
    assert "= h[0] * g[0]" in script and "x[0] - g[0]" in script


def test_a_schedule_becomes_part_of_the_script():
    script = rule_script(SGD(lambda t: 0.02 if t <= 50 else 0.02 / np.sqrt(t)))
    assert "t <= 50" in script and "Math.sqrt(t)" in script
    assert list(setting(Momentum(lambda t: 0.1 / t))) == ["lam"]


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("out", lambda self, theta, g, s: np.divide(g, theta, out=theta, where=theta != 0)),
        ("norm", lambda self, theta, g, s: theta.__isub__(g / np.linalg.norm(g))),
        ("clip", lambda self, theta, g, s: theta.__isub__(np.clip(g, -1, 1))),
        ("where", lambda self, theta, g, s: theta.__isub__(np.where(g > 0, 1.0, -1.0))),
        ("mean", lambda self, theta, g, s: theta.__isub__(np.mean(g))),
        ("matmul", lambda self, theta, g, s: theta.__isub__(np.array([[1.0, 2.0], [3.0, 4.0]]) @ g)),
        ("maximum", lambda self, theta, g, s: np.maximum(theta, g, out=theta)),
        ("zeros_like", lambda self, theta, g, s: theta.__isub__(np.zeros_like(g) + g)),
        ("self", lambda self, theta, g, s: theta.__isub__(s.t % 3 * g**2)),
    ],
)
def test_usual_numpy_is_understood(name, update):
    assert rule_script(rule_of(update)).count("x[") >= 2


def noisy(self, theta, g, s):
    theta -= np.random.default_rng().normal() * g


def interpolated(self, theta, g, s):
    theta -= np.interp(g, [0.0, 1.0], [0.0, 2.0])


def by_math(self, theta, g, s):
    theta -= g * float(g[0])


def part(self, theta, g, s):
    theta[g > 0] -= g[g > 0]


def bits(self, theta, g, s):
    theta -= np.nextafter(g, 1.0)


def ambiguous(self, theta, g, s):
    if g > 0:
        theta -= g


def wrong_shape(self, theta, g, s):
    theta -= g[:, None] * np.ones(3)


earlier = []


def keeps(self, theta, g, s):
    earlier.append(g.copy())
    theta -= g + earlier[0]


def search(self, theta, g, s):
    while theta[0] > g[0]:
        theta *= 0.5


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (noisy, "something else at each call"),
        (interpolated, "np.interp"),
        (by_math, r"float.* in the line `theta -= g \* float\(g\[0\]\)`"),
        (part, "np.where"),
        (bits, "np.nextafter"),
        (ambiguous, "ambiguous"),
        (wrong_shape, "in the line `theta -= g"),
        (keeps, "keeps a number from an earlier call"),
        (search, "more than 8 decisions"),
    ],
    ids=lambda update: getattr(update, "__name__", ""),
)
def test_what_cannot_run_in_a_browser_is_refused_by_name(update, said):
    with pytest.raises(Untraceable, match=f"Mine.update cannot run in the laboratory: .*{said}"):
        rule_script(rule_of(update))


def test_a_grid_a_step_of_its_own_and_a_start_that_depends_are_refused():
    with pytest.raises(Untraceable, match="SGD: a laboratory shows one setting; eta holds 2"):
        rule_script(SGD(np.array([0.1, 0.2])))
    stepping = type("Stepping", (SGD,), {"step": lambda self, theta, grad, state: theta})
    with pytest.raises(Untraceable, match="step of its own"):
        rule_script(stepping(0.1))
    lookahead = type("Lookahead", (Momentum,), {"init": lambda self, theta: self.State(0, theta.copy())})
    with pytest.raises(Untraceable, match="depends on the starting point"):
        memory_before(lookahead(0.1))
    assert memory_before(Adam()) == [0.0] * 4


def test_a_loss_of_other_dimension_or_shape_or_weight_is_refused():
    data = np.random.default_rng(0)
    with pytest.raises(Untraceable, match="3 parameters, not two"):
        loss_scripts(least_squares(data.normal(size=(5, 3)), np.zeros(5)))
    with pytest.raises(Untraceable, match="more than 2000 operations"):
        loss_scripts(least_squares(data.normal(size=(900, 2)), np.zeros(900)))
    with pytest.raises(Untraceable, match=r"must give one number; got the shape \(2,\)"):
        loss_scripts(loss_of(lambda theta: theta * 2))
    with pytest.raises(Untraceable, match="two numbers"):
        loss_scripts(loss_of(ravine(2).value, lambda theta: theta[0]))
