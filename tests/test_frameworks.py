"""What `translate` says against runs of PyTorch, Keras and Optax on recorded gradients, and the page against both.

The records were made by `tests/fixtures/make_framework_steps.py`, which explains their names; these tests need no
framework.
"""

import ast
import json
import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import nbformat
import numpy as np
import pytest

import optim
from optim.frameworks import FRAMEWORKS, translate

HERE = Path(__file__).parent
RECORDS = dict(np.load(HERE / "fixtures" / "framework_steps.npz"))
THETA0, GRADIENTS = RECORDS["theta0"], RECORDS["gradients"]
TRANSLATIONS, DEFAULTS = json.loads(str(RECORDS["translations"])), json.loads(str(RECORDS["defaults"]))
FELT = GRADIENTS[0] != 0  # elsewhere eps=0 makes 0 / 0 of the first step, see below
PAGE = nbformat.read(HERE.parent / "chapters" / "conventions.ipynb", as_version=4)


def rate(t):
    return 0.1 / t


def named(name):
    """Return the framework and the rule of a record such as "keras != SGD(eta=0.1)"."""
    to, _, rule = name.split(" ", 2)
    return eval(rule, vars(optim) | {"rate": rate}), to


def records(sign):
    return [name for name in RECORDS if f" {sign} " in name]


def steps(rule):
    """Return theta after each of the recorded gradients."""
    theta = THETA0.copy()
    state = rule.init(theta)
    return np.array([rule.step(theta, g, state).copy() for g in GRADIENTS])


def furthest(ours, theirs):
    """Return the largest relative difference; NaN is infinitely far, but in what the first gradient left alone."""
    compared = FELT | ~np.isnan(theirs)
    return np.nan_to_num(np.abs(ours - theirs) / np.abs(theirs), nan=np.inf)[compared].max()


# Where the translation says yes


def test_every_framework_has_a_record_of_every_rule():
    for to in FRAMEWORKS:
        rules = {type(named(name)[0]).__name__ for name in records("=") if name.startswith(to)}
        assert rules == {"SGD", "Momentum", "Adagrad", "RMSProp", "Adam"}


@pytest.mark.parametrize("name", records("="))
def test_a_rule_takes_the_steps_of_its_translation_to_rounding(name):
    """All to 1e-12, but for Keras' v += (g*g - v) * (1 - beta2), which at beta2 = 0 loses digits after a large v."""
    rule, to = named(name)
    loses = to == "keras" and getattr(rule, "beta2", 1) == 0
    assert furthest(steps(rule), RECORDS[name]) < (1e-10 if loses else 1e-12)


@pytest.mark.parametrize("name", records("="))
def test_the_translation_is_still_the_one_that_was_run(name):
    called, settings = translate(*named(name))
    written = {key: "rate" if callable(value) else value for key, value in settings.items()}
    assert json.loads(json.dumps([called, written])) == TRANSLATIONS[name]
    for value in filter(callable, settings.values()):
        assert [value(k) for k in range(5)] == [rate(k + 1) for k in range(5)]


@pytest.mark.parametrize("name", records("="))
def test_what_never_felt_a_gradient_stays_put_in_ours_and_may_be_nan_in_theirs(name):
    rule, _ = named(name)
    never_felt = np.cumsum(GRADIENTS != 0, axis=0) == 0
    assert (steps(rule) == THETA0)[never_felt].all()
    theirs = RECORDS[name][:, ~FELT]
    safe = isinstance(rule, optim.SGD | optim.Momentum) or rule.eps > 0 or name.startswith("optax = Adagrad")
    assert (np.isfinite(theirs) if safe else np.isnan(theirs)).all()


# Where it says no


@pytest.mark.parametrize("name", records("!="))
def test_where_there_is_no_translation_the_nearest_settings_take_other_steps(name):
    rule, to = named(name)
    with pytest.raises(ValueError, match=rf"^{rule.name}: {to}\.[\w.]+ \w+"):
        translate(rule, to)
    assert furthest(steps(rule), RECORDS[name]) > 1e-3


@pytest.mark.parametrize("name", records("~"))
def test_what_the_refusal_advises_takes_the_same_steps(name):
    rule, to = named(name)
    advice = {"torch": "LambdaLR", "keras": "LearningRateSchedule", "optax": r"optax\.trace\(0\.9\)"}[to]
    with pytest.raises(ValueError, match=advice):
        translate(rule, to)
    assert furthest(steps(rule), RECORDS[name]) < 1e-12


@dataclass(frozen=True)
class KerasAdam(optim.Adam):
    """Adam with the effective eps of equation (keras-eps)."""

    def update(self, theta, g, s, eta, beta1, beta2, eps):
        super().update(theta, g, s, eta, beta1, beta2, eps / np.sqrt(1 - beta2**s.t))


def test_keras_epsilon_is_an_eps_that_shrinks_from_step_to_step():
    assert furthest(steps(KerasAdam(0.1, eps=0.001)), RECORDS["keras != Adam(eta=0.1, eps=0.001)"]) < 1e-12


def test_a_schedule_undoes_adams_correction_if_eps_is_zero_and_in_keras_whatever_it_is():
    def undo(t):
        return 0.1 * (1 - 0.9**t) / np.sqrt(1 - 0.999**t)

    for eps, adam in ((0.0, optim.Adam), (0.001, KerasAdam)):
        without = optim.Adam(0.1, eps=eps, bias_correction=False)
        assert furthest(steps(adam(undo, eps=eps)), steps(without)) < 1e-12
    assert furthest(steps(optim.Adam(undo, eps=eps)), steps(without)) > 1e-3


# What it refuses


@pytest.mark.parametrize(
    ("rule", "to", "error", "message"),
    [
        (optim.SGD, "torch", TypeError, "one of SGD, Momentum, Adagrad, RMSProp, Adam, with its settings; got <class"),
        ("Adam", "torch", TypeError, "got 'Adam'"),
        (type("Mine", (optim.SGD,), {})(0.1), "torch", TypeError, "translate: rule must be one of"),
        (optim.SGD(0.1), "jax", ValueError, "to must be one of torch, keras, optax; got 'jax'"),
        (optim.SGD(0.1), None, ValueError, "got None"),
        (optim.SGD([0.1, 0.2]), "torch", ValueError, r"one setting; got a grid of shape \(2,\)"),
        (optim.Momentum(0.1, [0.0]), "torch", ValueError, "a grid"),
    ],
)
def test_what_cannot_be_translated_is_answered_in_a_sentence(rule, to, error, message):
    with pytest.raises(error, match=message):
        translate(rule, to)


# What the page says


def formula(name):
    """Return the steps of a call such as "torch.optim.Adam()", by the formulas of the page's tables."""
    home, method, given = re.fullmatch(r"([\w.]+)\.(\w+)\((.*)\)", name).groups()
    to, method = home.split(".")[0], method.lower()
    given = {k: rate if v == "rate" else ast.literal_eval(v) for k, v in re.findall(r"(\w+)=([^,]+)", given)}
    full = DEFAULTS[name.split("(")[0]] | given
    eta = full.get("lr", full.get("learning_rate"))
    eps = full.get("eps", full.get("epsilon", 0.0))
    inside = eps if (to == "keras" or full.get("eps_in_sqrt") or (to, method) == ("optax", "adagrad")) else 0.0
    outside = eps - inside
    lam = full.get("momentum") or 0.0
    theta = THETA0.copy()
    m, b, v = np.zeros(6), np.zeros(6), np.full(6, full.get("initial_accumulator_value", 0.0))
    for t, g in enumerate(GRADIENTS, start=1):
        now = eta(t) if callable(eta) else eta
        if method == "sgd":
            b = lam * b + g * (1 if t == 1 else 1 - full.get("dampening", 0))
            theta = theta - now * (g + lam * b if full["nesterov"] else b)
        elif method == "adam":
            beta1, beta2 = full.get("betas") or (full.get("beta_1", full.get("b1")), full.get("beta_2", full.get("b2")))
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
            c1, c2 = 1 - beta1**t, 1 - beta2**t
            if to == "keras":
                theta = theta - now * np.sqrt(c2) / c1 * m / (np.sqrt(v) + eps)
            else:
                theta = theta - now * (m / c1) / (np.sqrt(v / c2 + full.get("eps_root", 0.0)) + eps)
        else:
            alpha = full.get("alpha", full.get("rho", full.get("decay")))
            v = v + g**2 if method == "adagrad" else alpha * v + (1 - alpha) * g**2
            step = g / (np.sqrt(v + inside) + outside)
            if to == "torch":  # the rate outside the velocity
                b = lam * b + step
                theta = theta - now * b
            else:
                b = lam * b + now * step
                theta = theta - b
        yield theta


CALLS = [name for name in RECORDS if name.endswith(")") and not re.search(" (=|!=|~) ", name)]


@pytest.mark.parametrize("name", CALLS)
def test_the_formulas_of_the_tables_are_the_frameworks(name):
    assert furthest(np.array(list(formula(name))), RECORDS[name]) < 1e-12


def said_of(name):
    """Return what the page says after the name in its lists of default values."""
    text = "\n\n".join(cell.source for cell in PAGE.cells if cell.cell_type == "markdown")
    (item,) = re.findall(rf"^- `{name}`: (.+(?:\n  .+)*)", text, flags=re.MULTILINE)
    values = {key: ast.literal_eval(value) for key, value in re.findall(r"`(\w+)=([^`]+)`", item)}
    return values, re.findall(r"`(\w+)` required", item)


@pytest.mark.parametrize("method", DEFAULTS)
def test_the_page_names_the_defaults_that_the_framework_has(method):
    values, required = said_of(method)
    assert json.loads(json.dumps(values)) == {name: DEFAULTS[method][name] for name in values}
    assert required == [name for name, default in DEFAULTS[method].items() if default == "required"]


@pytest.mark.parametrize("rule", ["SGD", "Momentum", "Adagrad", "RMSProp", "Adam"])
def test_the_page_names_our_own_defaults(rule):
    values, required = said_of(rule)
    has = {field.name: field.default for field in fields(getattr(optim, rule))}
    assert has == values | dict.fromkeys(required, MISSING)


def test_the_page_names_the_versions_that_were_run():
    text = "\n".join(cell.source for cell in PAGE.cells)
    for name, version in re.findall(r"(torch|keras|optax) ([\d.]+)", str(RECORDS["made_by"])):
        written = {"torch": "PyTorch", "keras": "Keras", "optax": "Optax"}[name]
        assert f"{written} {version}" in text
        assert f"{written} {version}" in optim.frameworks.__doc__
