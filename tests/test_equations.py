"""The five rules against their equations, transcribed in plain Python for one coordinate: a wrong shape would show."""

from math import sqrt

import numpy as np
import pytest

from optim import SGD, Adagrad, Adam, Momentum, RMSProp

STEPS = 12


def sgd(theta, gradients, eta):
    for g in gradients:
        theta = theta - eta * g
    return theta


def momentum(theta, gradients, eta, lam):
    v = 0.0
    for g in gradients:
        v = lam * v - eta * g
        theta = theta + v
    return theta


def adagrad(theta, gradients, eta, eps=0.0):
    for t, g in enumerate(gradients, start=1):
        root = sqrt(sum(earlier**2 for earlier in gradients[:t]))
        theta = theta - (eta / (root + eps) * g if root + eps else 0)
    return theta


def rmsprop(theta, gradients, eta, alpha, eps=0.0, start="gradient"):
    v = gradients[0] ** 2 if start == "gradient" else 0.0
    for g in gradients:
        v = alpha * v + (1 - alpha) * g**2  # leaves v_1 = g_0^2 as it is
        theta = theta - (eta / (sqrt(v) + eps) * g if sqrt(v) + eps else 0)
    return theta


def adam(theta, gradients, eta, beta1=0.9, beta2=0.999, eps=1e-8, bias_correction=True):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = (m / (1 - beta1**t), v / (1 - beta2**t)) if bias_correction else (m, v)
        theta = theta - (eta * m_hat / (sqrt(v_hat) + eps) if sqrt(v_hat) + eps else 0)
    return theta


ETA, OTHER = np.array([[0.01], [0.1], [0.5]]), np.array([0.0, 0.5, 0.9, 0.99])  # a grid of shape (3, 4)
CASES = [
    (SGD, sgd, {"eta": 0.1}),
    (SGD, sgd, {"eta": ETA}),
    (Momentum, momentum, {"eta": 0.1, "lam": 0.9}),
    (Momentum, momentum, {"eta": ETA, "lam": OTHER}),
    (Adagrad, adagrad, {"eta": 0.1}),
    (Adagrad, adagrad, {"eta": ETA, "eps": OTHER}),
    (RMSProp, rmsprop, {"eta": 0.1, "alpha": 0.9}),
    (RMSProp, rmsprop, {"eta": ETA, "alpha": OTHER, "eps": 0.01}),
    (RMSProp, rmsprop, {"eta": 0.1, "alpha": OTHER, "start": "zero"}),
    (Adam, adam, {"eta": 0.1}),
    (Adam, adam, {"eta": ETA, "beta1": OTHER}),
    (Adam, adam, {"eta": 0.1, "beta1": 0.5, "beta2": OTHER, "eps": ETA}),
    (Adam, adam, {"eta": ETA, "beta2": OTHER, "eps": 0.0, "bias_correction": False}),
]

SHAPES = [(), (5,), (2, 3, 4), (3, 2, 3, 4)]


def has_room(hypers, shape):
    """Whether there are batch axes for the grid, if the hyperparameters are one."""
    return len(shape) > 2 or not any(map(np.ndim, hypers.values()))


@pytest.mark.parametrize(
    ("rule", "equation", "hypers", "shape"),
    [(*case, shape) for case in CASES for shape in SHAPES if has_room(case[2], shape)],
)
def test_rule_follows_its_equation_in_every_coordinate(rule, equation, hypers, shape):
    rng = np.random.default_rng(1)
    theta0, gradients = rng.normal(size=shape), rng.normal(size=(STEPS, *shape))
    gradients[rng.random(gradients.shape) < 0.2] = 0
    theta = theta0.copy()
    state = rule(**hypers).init(theta)
    for g in gradients:
        rule(**hypers).step(theta, g, state)

    expected = np.empty(shape)
    for at in np.ndindex(shape):
        one = {k: np.broadcast_to(v, shape)[at].item() if np.ndim(v) else v for k, v in hypers.items()}
        expected[at] = equation(theta0[at].item(), gradients[(slice(None), *at)].tolist(), **one)
    np.testing.assert_allclose(theta, expected, rtol=1e-12, atol=1e-15)
