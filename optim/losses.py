r"""Losses with their gradients: landscapes of two parameters, and two made from data.

Parameters come first: ``x, y = theta`` works whatever batch axes stand behind. Symbols: mu and lambda_max are the
smallest and largest curvature, kappa is their ratio. Powers are written as products, which are the same to the last bit
for one run and for a grid of them (Python's ** is not).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optim.checks import POSITIVE, examples, real_numbers

__all__ = [
    "Loss",
    "beale",
    "bowl",
    "himmelblau",
    "least_squares",
    "logistic",
    "ravine",
    "rosenbrock",
    "saddle",
]

Batch = tuple[np.ndarray, np.ndarray]  # X, shape (B, d), and y, shape (B,)


@dataclass(frozen=True)
class Loss:
    """A loss: its value, its gradient, and where to look at it.

    Attributes
    ----------
    name : str
    value, gradient : callable
        Functions of theta, shape (d, *batch), that return the shapes (*batch) and (d, *batch). A loss made from data
        takes a mini-batch as second argument, all the data without one.
    dimension : int
        How many parameters it has, d.
    minima : tuple of tuples
        The minima that are known.
    start : tuple
        Where the book's paths begin.
    frame : ((left, right), (bottom, top)) or None
        The window in which the book draws it.

    Examples
    --------
    >>> loss = ravine(20)
    >>> loss([-2.0, 0.5]), loss.gradient([-2.0, 0.5])
    (4.5, array([-2., 10.]))
    """

    name: str
    value: Callable[..., Any]
    gradient: Callable[..., np.ndarray]
    dimension: int
    minima: tuple[tuple[float, ...], ...] = ()
    start: tuple[float, ...] = ()
    frame: tuple[tuple[float, float], tuple[float, float]] | None = None

    def __call__(self, theta: ArrayLike, *batch: Any) -> Any:
        """Return the value."""
        return self.value(theta, *batch)

    def __repr__(self) -> str:
        """Show the name alone."""
        return self.name


def bowl() -> Loss:
    r"""Return the round bowl, :math:`L = \tfrac12 (x^2 + y^2)`: every curvature is 1."""
    return _quadratic("bowl()", 1.0)


def ravine(kappa: float = 20.0) -> Loss:
    r"""Return the ravine, :math:`L = \tfrac12 (x^2 + \kappa y^2)`: flat along x (mu = 1), steep along y (kappa).

    Parameters
    ----------
    kappa : float
        The condition number lambda_max / mu, positive.
    """
    kappa = float(real_numbers("ravine", "kappa", kappa, POSITIVE))
    return _quadratic(f"ravine({kappa:g})", kappa)


def _quadratic(name: str, kappa: float) -> Loss:
    def value(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        return 0.5 * (x * x + kappa * y * y)

    def gradient(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        return np.stack([x, kappa * y])

    frame = ((-2.2, 1.2), (-1.0, 1.0))
    return Loss(name, value, gradient, 2, minima=((0.0, 0.0),), start=(-2.0, 0.5), frame=frame)


def saddle() -> Loss:
    r"""Return a saddle between two minima, :math:`L = \tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4`.

    At the origin the gradient is zero though the loss is no minimum; the minima are at :math:`(0, \pm 1)`.
    """

    def value(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        return 0.5 * (x * x - y * y) + 0.25 * y * y * y * y

    def gradient(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        return np.stack([x, y * y * y - y])

    frame = ((-2.2, 1.2), (-1.6, 1.6))
    return Loss("saddle()", value, gradient, 2, ((0.0, 1.0), (0.0, -1.0)), start=(-2.0, 0.01), frame=frame)


def rosenbrock() -> Loss:
    r"""Return Rosenbrock's curved valley (1960), :math:`L = (1-x)^2 + 100\,(y-x^2)^2`, lowest at (1, 1)."""

    def value(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        miss, across = 1 - x, y - x * x
        return miss * miss + 100 * across * across

    def gradient(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        across = y - x * x
        return np.stack([-2 * (1 - x) - 400 * x * across, 200 * across])

    frame = ((-2.0, 2.0), (-1.0, 3.0))
    return Loss("rosenbrock()", value, gradient, 2, ((1.0, 1.0),), start=(-1.2, 1.0), frame=frame)


def beale() -> Loss:
    r"""Return Beale's function (1958), flat far out and steep at its corners, lowest at (3, 1/2).

    .. math:: L = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2
    """

    def misses(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y

    def value(theta: np.ndarray) -> np.ndarray:
        a, b, c = misses(*theta)
        return a * a + b * b + c * c

    def gradient(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        a, b, c = misses(x, y)
        along_x = 2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1))
        along_y = 2 * x * (a + 2 * b * y + 3 * c * y * y)
        return np.stack([along_x, along_y])

    frame = ((-1.0, 4.5), (-1.5, 1.8))
    return Loss("beale()", value, gradient, 2, ((3.0, 0.5),), start=(1.0, 1.5), frame=frame)


def himmelblau() -> Loss:
    r"""Return Himmelblau's function (1972), :math:`L = (x^2+y-11)^2 + (x+y^2-7)^2`: four minima, all of value 0."""

    def value(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        first, second = x * x + y - 11, x + y * y - 7
        return first * first + second * second

    def gradient(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        first, second = x * x + y - 11, x + y * y - 7
        return np.stack([4 * x * first + 2 * second, 2 * first + 4 * y * second])

    minima = (
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    )
    frame = ((-5.0, 5.0), (-5.0, 5.0))
    return Loss("himmelblau()", value, gradient, 2, minima, start=(-0.5, -1.0), frame=frame)


def least_squares(X: ArrayLike, y: ArrayLike) -> Loss:
    r"""Return the mean squared error of a linear model, :math:`L = \frac{1}{2N} \sum_n (x_n^\top\theta - y_n)^2`.

    Parameters
    ----------
    X : array_like of floats, shape (N, d)
        One example a row.
    y : array_like of floats, shape (N,)
        The truth.

    Raises
    ------
    ValueError
        If the shapes do not match or a number is not finite.
    """
    X, y = examples("least_squares", X, y)

    def value(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        miss = times(X_batch, theta) - _beside(y_batch, theta)
        return 0.5 * np.mean(miss * miss, axis=0)

    def gradient(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        miss = times(X_batch, theta) - _beside(y_batch, theta)
        return times(X_batch.T, miss) / len(X_batch)

    solution = np.linalg.lstsq(X, y, rcond=None)[0]
    d = X.shape[1]
    return Loss(f"least_squares({len(X)} examples)", value, gradient, d, (tuple(solution.tolist()),), (0.0,) * d)


def logistic(X: ArrayLike, y: ArrayLike) -> Loss:
    r"""Return the mean log loss of logistic regression, :math:`L = \frac1N\sum_n [\log(1+e^{z_n}) - y_n z_n]`.

    Here :math:`z_n = x_n^\top\theta`. No minimum is listed: there is no formula for it, and no minimum at all for data
    that a hyperplane separates.

    Parameters
    ----------
    X : array_like of floats, shape (N, d)
        One example a row.
    y : array_like of floats, shape (N,)
        The class, 0 or 1.

    Raises
    ------
    ValueError
        If the shapes do not match, a number is not finite, or a class is neither 0 nor 1.
    """
    X, y = examples("logistic", X, y)
    if wrong := set(np.unique(y).tolist()) - {0.0, 1.0}:
        raise ValueError(f"logistic: y must hold the classes 0 and 1; got {min(wrong)}")

    def value(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        z = times(X_batch, theta)
        return np.mean(np.logaddexp(0, z) - _beside(y_batch, theta) * z, axis=0)

    def gradient(theta: np.ndarray, batch: Batch | None = None) -> np.ndarray:
        X_batch, y_batch = (X, y) if batch is None else batch
        z = times(X_batch, theta)
        probability = 0.5 * (1 + np.tanh(0.5 * z))  # 1 / (1 + exp(-z)) without overflow
        return times(X_batch.T, probability - _beside(y_batch, theta)) / len(X_batch)

    d = X.shape[1]
    return Loss(f"logistic({len(X)} examples)", value, gradient, d, start=(0.0,) * d)


def times(X: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the matrix product of X with theta, whatever axes theta has behind the first."""
    theta = np.asanyarray(theta)  # symbols stay symbols, see optim.trace
    return (X @ theta.reshape(len(theta), -1)).reshape(len(X), *theta.shape[1:])


def _beside(y: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return y with an axis for each batch axis of theta."""
    return y.reshape(y.shape + (1,) * (np.ndim(theta) - 1))
