"""Every model's gradient against differences, its batch axes against single runs, and what it says of its examples."""

import numpy as np
import pytest

from optim import breast_cancer, diabetes, digits, linear, network, softmax

DIGITS, TUMOURS, PATIENTS = digits(), breast_cancer(), diabetes()
MODELS = {
    "linear": (linear(10), PATIENTS),
    "softmax": (softmax(31, 2), TUMOURS),
    "network": (network(65, 5, 10), DIGITS),
}
cases = pytest.mark.parametrize(("model", "data"), MODELS.values(), ids=MODELS)


def some(model, shape=(), seed=0):
    """Return random parameters of a model."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(len(model.start(0)), *shape)) / 3


@cases
@pytest.mark.parametrize("part", [slice(None), slice(30, 37)], ids=["all", "mini-batch"])
def test_the_gradient_equals_central_differences_in_every_coordinate(model, data, part):
    X, y = data
    loss, theta, h = model.loss(X, y), some(model), 1e-5
    batch = (X[part], y[part])
    differences = [
        (loss.value(theta + there, batch) - loss.value(theta - there, batch)) / (2 * h)
        for there in h * np.eye(len(theta))
    ]
    np.testing.assert_allclose(loss.gradient(theta, batch), differences, rtol=1e-6, atol=1e-9)


@cases
@pytest.mark.parametrize("shape", [(3,), (2, 3)], ids=str)
def test_settings_stand_behind_the_parameters(model, data, shape):
    loss, theta = model.loss(*data), some(model, shape)
    value, gradient, error = loss.value(theta), loss.gradient(theta), model.error(theta, *data)
    assert value.shape == error.shape == shape
    for place in np.ndindex(shape):
        one = theta[(..., *place)]
        np.testing.assert_allclose(value[place], loss.value(one), rtol=1e-12)
        np.testing.assert_allclose(gradient[(..., *place)], loss.gradient(one), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(error[place], model.error(one, *data), rtol=1e-12)


@cases
def test_descent_lowers_the_loss_and_the_error(model, data):
    loss, theta = model.loss(*data), model.start(0)
    before, wrong = loss(theta), model.error(theta, *data)
    for _ in range(100):
        theta -= 0.1 * loss.gradient(theta)
    assert loss(theta) < 0.7 * before
    assert model.error(theta, *data) < wrong


def test_the_softmax_does_not_overflow():
    model = softmax(2, 2)
    loss = model.loss([[1e3, 0.0]], [1])
    theta = np.array([1.0, 0.0, 0.0, 0.0])
    assert loss(theta) == 1000
    np.testing.assert_allclose(loss.gradient(theta), [1000, -1000, 0, 0])


def test_two_classes_by_softmax_are_logistic_regression():
    from optim import logistic

    X, y = TUMOURS
    w = some(linear(31))
    theta = np.column_stack([np.zeros_like(w), w]).ravel()
    np.testing.assert_allclose(softmax(31, 2).loss(X, y)(theta), logistic(X, y)(w), rtol=1e-12)


def test_the_start_of_a_network_follows_its_seed_and_spreads_as_it_says():
    model = network(400, 300, 10)
    first, again, other = model.start(1), model.start(1), model.start(2)
    assert (first == again).all() and (first[:-10] != other[:-10]).all()
    np.testing.assert_allclose(np.var(first[: 400 * 300]), 1 / 400, rtol=0.02)
    np.testing.assert_allclose(np.var(first[400 * 300 : -10]), 1 / 300, rtol=0.1)
    assert (first[-10:] == 0).all()


@pytest.mark.parametrize("model", [softmax(65, 10), network(65, 5, 10)], ids=str)
def test_labels_that_do_not_match_are_refused(model):
    X, y = DIGITS
    with pytest.raises(ValueError, match=r"y must hold the classes 0 to 9; got 10"):
        model.loss(X, y + 1)
    with pytest.raises(ValueError, match=r"y must hold the classes 0 to 9; got 0.5"):
        model.loss(X, y / 2)
    with pytest.raises(ValueError, match=r"y must have one answer an example, shape \(1797,\); got shape \(1796,\)"):
        model.loss(X, y[1:])
    with pytest.raises(ValueError, match="X must have one example a row"):
        model.loss(X[:0], y[:0])
