r"""Models that learn from examples: a straight line, classes by softmax, and a network with one hidden layer.

A model says what the loss of given examples is, where training starts, and how often it is wrong. Its parameters are
one vector theta, so every rule fits; behind it stand the axes of a grid of settings, as everywhere in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from optim.checks import examples, whole_number
from optim.losses import Batch, Loss, least_squares, times

__all__ = ["Model", "linear", "network", "softmax"]


@dataclass(frozen=True)
class Model:
    """A family of functions with parameters theta that are learned from examples.

    Attributes
    ----------
    name : str
    loss : callable
        Takes X, shape (N, d), and y, shape (N,), and returns their `Loss`.
    start : callable
        Takes a seed and returns the parameters before the first step.
    error : callable
        Takes theta, shape (dimension, *batch), X and y, and returns how wrong the model is there, shape (*batch): the
        share of examples put into a wrong class, or the share of the variance that is not explained.
    """

    name: str
    loss: Callable[[ArrayLike, ArrayLike], Loss]
    start: Callable[[int], np.ndarray]
    error: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

    def __repr__(self) -> str:
        """Show the name alone."""
        return self.name


def linear(features: int) -> Model:
    r"""Return linear regression, :math:`\hat y = x^\top\theta`, with the loss of `optim.least_squares`.

    It starts from zero, whatever the seed, and its error is the mean squared error over the variance of y.

    Examples
    --------
    >>> model = linear(2)
    >>> loss = model.loss([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    >>> print(loss(model.start(0)))
    0.5
    """
    features = whole_number("linear", "features", features, least=1)

    def error(theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 2 * least_squares(X, y).value(theta) / np.var(y)

    return Model(f"linear({features})", least_squares, lambda seed: np.zeros(features), error)


def softmax(features: int, classes: int) -> Model:
    r"""Return softmax regression: class c of x has probability :math:`p_c \propto e^{z_c}` with :math:`z = W^\top x`.

    The loss is the mean log loss :math:`-\frac1N\sum_n \log p_{y_n}`, its gradient :math:`\frac1N X^\top (P - Y)`,
    where the rows of Y hold a 1 at the true class. It starts from zero, whatever the seed.

    Parameters
    ----------
    features, classes : int
        W has the shape (features, classes); theta is W, row by row. For an intercept, X has a column of ones.

    Examples
    --------
    >>> model = softmax(features=1, classes=2)
    >>> loss = model.loss([[1.0], [-1.0]], [0, 1])
    >>> print(loss(model.start(0)).round(6), np.log(2).round(6))
    0.693147 0.693147
    >>> loss.gradient(model.start(0))
    array([-0.5,  0.5])
    """
    features = whole_number("softmax", "features", features, least=1)
    classes = whole_number("softmax", "classes", classes, least=2)

    def forward(theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, Backward]:
        scores = times(X, theta.reshape(features, classes, *theta.shape[1:]))
        return scores, lambda miss: times(X.T, miss).reshape(theta.shape)

    loss = partial(_log_loss, f"softmax({features}, {classes})", features * classes, classes, forward)
    error = partial(_share_wrong, forward)
    return Model(f"softmax({features}, {classes})", loss, lambda seed: np.zeros(features * classes), error)


def network(features: int, hidden: int, classes: int) -> Model:
    r"""Return a network with one hidden layer, :math:`z = W_2^\top [\tanh(W_1^\top x), 1]`, and softmax above it.

    With :math:`a = \tanh(W_1^\top x)` and the miss :math:`\delta = p - y` of the scores, the gradients of one example
    are :math:`[a, 1]\,\delta^\top` for W_2 and :math:`x\,((W_2\,\delta) \odot (1 - a^2))^\top` for W_1, where the row
    of W_2 that belongs to the 1 is left out.

    Parameters
    ----------
    features, hidden, classes : int
        W_1 has the shape (features, hidden), W_2 the shape (hidden + 1, classes); theta is W_1, then W_2, row by row.

    Notes
    -----
    It starts from normal numbers of variance 1/features and 1/hidden, drawn by the seed, so that the scores are neither
    all alike nor large (Glorot and Bengio 2010); the intercepts of W_2 start at zero.

    Examples
    --------
    >>> model = network(features=64, hidden=16, classes=10)
    >>> model.start(0).shape
    (1194,)
    """
    features = whole_number("network", "features", features, least=1)
    hidden = whole_number("network", "hidden", hidden, least=1)
    classes = whole_number("network", "classes", classes, least=2)
    first = features * hidden
    dimension = first + (hidden + 1) * classes

    def start(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        W_1 = rng.normal(0, features**-0.5, features * hidden)
        W_2 = rng.normal(0, hidden**-0.5, hidden * classes)
        return np.concatenate([W_1, W_2, np.zeros(classes)])

    def forward(theta: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, Backward]:
        grid = theta.shape[1:]
        W_1, W_2 = theta[:first].reshape(features, hidden, *grid), theta[first:-classes].reshape(hidden, classes, *grid)
        activations = np.tanh(times(X, W_1))

        def backward(miss: np.ndarray) -> np.ndarray:
            reached = _products(miss, W_2.swapaxes(0, 1)) * (1 - activations * activations)
            parts = times(X.T, reached), _products(activations.swapaxes(0, 1), miss), miss.sum(axis=0)
            return np.concatenate([part.reshape(-1, *grid) for part in parts])

        return _products(activations, W_2) + theta[-classes:], backward

    name = f"network({features}, {hidden}, {classes})"
    loss = partial(_log_loss, name, dimension, classes, forward)
    return Model(name, loss, start, partial(_share_wrong, forward))


# From the miss p - y of each score, shape (N, classes, *batch), to the gradient of the parameters.
Backward = Callable[[np.ndarray], np.ndarray]
# Takes theta and X, and returns the scores, shape (N, classes, *batch), and the way back.
Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Backward]]


def _log_loss(
    name: str,
    dimension: int,
    classes: int,
    forward: Forward,
    X: ArrayLike,
    y: ArrayLike,
) -> Loss:
    """Return the mean log loss of some examples."""
    X, y = examples(name, X, y)
    if wrong := sorted(set(np.unique(y).tolist()) - set(range(classes))):
        raise ValueError(f"{name}: y must hold the classes 0 to {classes - 1}; got {wrong[0]:g}")

    def value(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        z, _ = forward(np.asarray(theta), X_batch)
        z -= z.max(axis=1, keepdims=True)  # the same probabilities, without overflow
        log_sum = np.log(np.exp(z).sum(axis=1))
        return np.mean(log_sum - _of_truth(z, y_batch), axis=0)

    def gradient(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        z, backward = forward(np.asarray(theta), X_batch)
        z -= z.max(axis=1, keepdims=True)
        miss = np.exp(z, out=z)
        miss /= miss.sum(axis=1, keepdims=True)
        miss[np.arange(len(miss)), y_batch.astype(int)] -= 1
        miss /= len(X_batch)
        return backward(miss)

    return Loss(f"{name} on {len(X)} examples", value, gradient, dimension)


def _of_truth(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the score of each example's true class."""
    return z[np.arange(len(z)), y.astype(int)]


def _share_wrong(forward: Forward, theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the share of examples whose highest score is not that of their class."""
    z, _ = forward(theta, X)
    return np.mean(z.argmax(axis=1) != y.reshape(-1, *(1,) * (z.ndim - 2)), axis=0)


def _products(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return the matrix products of A, shape (n, k, *batch), and B, shape (k, m, *batch), one for each setting."""
    return np.matmul(A, B, axes=[(0, 1)] * 3)
