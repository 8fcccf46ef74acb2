"""A sweep is its runs, fed the same; what fails counts, what is kept is not run again, the test part is not seen."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from optim import SGD, Adam, Momentum, Split, digits, linear, mini_batches, network, softmax, split, sweep

DATA = split(*digits(), seed=0)
MODEL = softmax(65, 10)
RATES = {"eta": [0.01, 0.1, 1.0]}
swept = partial(sweep, SGD, RATES, MODEL, DATA, size=32, steps=20, seeds=range(3), looks=4)


def same(one, other):
    """Assert that two sweeps hold the same numbers, to the last bit."""
    for name in ("steps", "train", "validation", "error", "theta"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("size", [1, 32, len(DATA.train[1])], ids=["on-line", "mini-batches", "off-line"])
def test_a_sweep_is_its_single_runs(size):
    model, grid = network(65, 4, 10), {"eta": [0.01, 0.1], "lam": [0.0, 0.5, 0.9]}
    result = sweep(Momentum, grid, model, DATA, size=size, steps=7, seeds=[3, 5], looks=2)
    assert result.steps.tolist() == [0, 4, 7]
    for a, eta in enumerate(grid["eta"]):
        for b, lam in enumerate(grid["lam"]):
            for c, seed in enumerate([3, 5]):
                loss, theta = model.loss(*DATA.train), model.start(seed)
                rule = Momentum(eta, lam)
                state = rule.init(theta)
                for _, batch in zip(range(7), mini_batches(*DATA.train, size, seed=seed), strict=False):
                    rule.step(theta, loss.gradient(theta, batch), state)
                np.testing.assert_allclose(result.theta[:, a, b, c], theta, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(result.train[-1, a, b, c], loss(theta), rtol=1e-10)
                np.testing.assert_allclose(
                    result.validation[-1, a, b, c], model.loss(*DATA.validation)(theta), rtol=1e-10
                )
                np.testing.assert_allclose(result.report(DATA, eta=eta, lam=lam)[c], model.error(theta, *DATA.test))


def test_two_rules_see_the_same_examples_in_the_same_order():
    seen = []

    def watched(X, y):
        loss = MODEL.loss(X, y)

        def gradient(theta, batch):
            seen.append(batch[0].tobytes())
            return loss.gradient(theta, batch)

        return replace(loss, gradient=gradient)

    for rule in (SGD, Adam):
        sweep(rule, RATES, replace(MODEL, loss=watched), DATA, size=32, steps=20, seeds=[1, 2])
    assert seen[:40] == seen[40:]
    assert len(set(seen)) == 40


def test_the_numbers_are_the_same_with_one_process_and_with_two():
    same(swept(), swept(jobs=2))


def test_the_test_part_is_not_looked_at_by_the_sweep():
    X, y = DATA.test
    same(
        swept(),
        sweep(
            SGD,
            RATES,
            MODEL,
            Split(DATA.train, DATA.validation, (X + 5, y)),
            size=32,
            steps=20,
            seeds=range(3),
            looks=4,
        ),
    )


def test_a_setting_is_chosen_by_the_median_on_the_validation_part():
    result = swept()
    validation = np.ones_like(result.validation)
    validation[-1] = [[0.2, 0.2, 9.0], [0.1, 0.3, 0.3], [0.5, 0.5, 0.5]]
    assert replace(result, validation=validation).best() == {"eta": 0.01}


def test_what_overflows_counts_as_failed_and_stays_in_every_statistic():
    X, y = DATA.train
    flat = Split((X, y), *((part[0], part[1]) for part in (DATA.validation, DATA.test)))
    result = sweep(SGD, {"eta": [0.01, 1e4]}, linear(65), flat, size=32, steps=200, seeds=range(4))
    assert result.failed.tolist() == [0, 1]
    assert np.isinf(result.median()).tolist() == [False, True]
    assert np.isinf(result.quantile(0.9)[-1]).tolist() == [False, True]
    assert result.best() == {"eta": 0.01}
    assert np.isinf(result.report(flat, eta=1e4)).all()


def test_a_run_that_fails_with_some_seeds_is_worse_than_any_other_in_the_quantiles():
    result = swept()
    train = result.train.copy()
    train[-1, 0] = [0.1, np.inf, np.inf]
    some = replace(result, train=train)
    assert some.quantile([0.3, 0.5], "train")[:, -1, 0].tolist() == [0.1, np.inf]
    np.testing.assert_allclose(some.failed, [2 / 3, 0, 0])


def test_a_sweep_that_was_stopped_goes_on_where_it_was(tmp_path):
    started = []

    def progress(seeds, total):
        for seed in seeds:
            if len(started) == 2:
                raise KeyboardInterrupt
            started.append(seed)
            yield seed

    with pytest.raises(KeyboardInterrupt):
        swept(keep=tmp_path, progress=progress)
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["seed0.npz", "seed1.npz"]
    left = []
    same(swept(keep=tmp_path, progress=lambda seeds, total: left.extend(seeds) or seeds), swept())
    assert left == [2]


def test_more_seeds_go_into_the_same_folder(tmp_path):
    swept(keep=tmp_path)
    more = sweep(SGD, RATES, MODEL, DATA, size=32, steps=20, seeds=range(5), looks=4, keep=tmp_path)
    assert more.seeds == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"grid": {"eta": [0.01, 0.1, 2.0]}}, "eta"),
        ({"rule": partial(Momentum, lam=0.9)}, "rule, lam"),
        ({"size": 16}, "mini-batch size"),
        ({"steps": 21}, "steps"),
        ({"model": network(65, 3, 10)}, "model"),
        ({"data": split(*digits(), seed=1)}, "data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_resumed_sweep_whose_settings_changed_is_refused(tmp_path, changed, named):
    swept(keep=tmp_path)
    before = {"rule": SGD, "grid": RATES, "model": MODEL, "data": DATA, "size": 32, "steps": 20} | changed
    first = [before.pop(name) for name in ("rule", "grid", "model", "data")]
    with pytest.raises(ValueError, match=f"was run with another {named}; keep this sweep in another folder"):
        sweep(*first, **before, seeds=range(3), looks=4, keep=tmp_path)
    assert json.loads((tmp_path / "settings.json").read_text())["rule"] == "SGD"


def test_a_schedule_is_told_by_its_values(tmp_path):
    def falling(power):
        return lambda eta: SGD(lambda t: eta * t**-power)

    arguments = (RATES, MODEL, DATA)
    sweep(falling(0.5), *arguments, size=32, steps=20, seeds=[0], keep=tmp_path)
    sweep(falling(0.5), *arguments, size=32, steps=20, seeds=[0], keep=tmp_path)
    with pytest.raises(ValueError, match="another eta"):
        sweep(falling(0.6), *arguments, size=32, steps=20, seeds=[0], keep=tmp_path)


def test_the_width_is_the_range_of_rates_around_the_best_that_are_nearly_as_good():
    result = swept()
    train = np.ones_like(result.train)
    train[-1] = np.array([[1.05], [1.0], [1.3]])
    some = replace(result, train=train)
    assert some.width(1.1) == pytest.approx(10)
    assert some.width(1.01) == 1
    assert some.width(2) == pytest.approx(100)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"grid": {"eta": [0.0, 0.1]}}, r"eta must be positive and finite; got 0.0 at index \(0,\)"),
        ({"grid": {"eta": [0.1, 0.1]}}, "the values of eta must grow"),
        ({"grid": {"lam": [0.1]}}, "the grid needs the learning rate, eta"),
        ({"size": 0}, "size must be 1 or more"),
        ({"size": 5000}, "size must be at most the number of examples"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"seeds": []}, "seeds must be one or more different whole numbers"),
        ({"seeds": [1, 1]}, "seeds must be one or more different whole numbers"),
    ],
)
def test_a_sweep_says_what_is_wrong_with_it(changed, message):
    given = {"grid": RATES, "size": 32, "steps": 5, "seeds": [0]} | changed
    with pytest.raises(ValueError, match=message):
        sweep(SGD, given.pop("grid"), MODEL, DATA, **given)


def test_parts_must_not_overlap():
    X, y = digits()
    with pytest.raises(ValueError, match=r"example 0 of test is in validation, too; the parts must not overlap"):
        Split((X[:100], y[:100]), (X[100:200], y[100:200]), (X[199:300], y[199:300]))
    with pytest.raises(ValueError, match="y must have one answer an example"):
        Split((X[:100], y[:99]), (X[100:200], y[100:200]), (X[200:300], y[200:300]))
    with pytest.raises(ValueError, match="nothing is left for training"):
        split(X, y, seed=0, validation=0.6, test=0.5)
    with pytest.raises(ValueError, match="the test part would be empty"):
        split(X, y, seed=0, test=0.0)
