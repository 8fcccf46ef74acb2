"""Real data, and the streams of mini-batches that a run learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from optim.checks import examples, whole_number

__all__ = ["Stream", "diabetes", "full_batch", "mini_batches", "online"]


@dataclass(frozen=True, eq=False, repr=False)
class Stream:
    """Mini-batches (X, y) without end, the same ones each time it is iterated over.

    Attributes
    ----------
    X : ndarray, shape (N, d)
    y : ndarray, shape (N,)
    size : int
        Examples in a mini-batch, B.
    seed : int or None
        Of the shuffling; None keeps the order of the data.
    replace : bool
        Whether each example is drawn anew from all N. Otherwise each pass over the data is a fresh shuffle, and its
        last mini-batch is smaller where B does not divide N.
    """

    X: np.ndarray
    y: np.ndarray
    size: int
    seed: int | None
    replace: bool = False

    @property
    def steps_per_pass(self) -> int:
        """How many mini-batches make one pass over the data (an epoch)."""
        return -(-len(self.X) // self.size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield mini-batches for ever."""
        rng = np.random.default_rng(self.seed)
        total = len(self.X)
        while True:
            if self.seed is None:
                order = np.arange(total)
            elif self.replace:
                order = rng.integers(total, size=self.steps_per_pass * self.size)
            else:
                order = rng.permutation(total)
            for start in range(0, len(order), self.size):
                chosen = order[start : start + self.size]
                yield self.X[chosen], self.y[chosen]

    def __repr__(self) -> str:
        """Show the sizes, not the data."""
        return f"{self.size} of {len(self.X)} examples a step, {self.steps_per_pass} steps a pass"


def full_batch(X: ArrayLike, y: ArrayLike) -> Stream:
    """Return the off-line stream: all the examples at every step.

    Examples
    --------
    >>> full_batch([[1.0], [2.0]], [1.0, 2.0])
    2 of 2 examples a step, 1 steps a pass
    """
    X, y = examples("full_batch", X, y)
    return Stream(X, y, len(X), seed=None)


def mini_batches(X: ArrayLike, y: ArrayLike, size: int, *, seed: int, replace: bool = False) -> Stream:
    """Return a stream of `size` examples a step.

    Parameters
    ----------
    X : array_like of floats, shape (N, d)
    y : array_like of floats, shape (N,)
    size : int
        Examples in a mini-batch, B, from 1 to N.
    seed : int
        The same seed gives the same stream.
    replace : bool
        Draw every example from all N, instead of shuffling them anew for each pass.

    Raises
    ------
    TypeError, ValueError
        If X and y do not match, or the mini-batch is larger than the data.
    """
    X, y = examples("mini_batches", X, y)
    size = whole_number("mini_batches", "size", size, least=1)
    if size > len(X):
        raise ValueError(f"mini_batches: size must be at most the number of examples, {len(X)}; got {size}")
    return Stream(X, y, size, whole_number("mini_batches", "seed", seed), replace)


def online(X: ArrayLike, y: ArrayLike, *, seed: int) -> Stream:
    """Return the on-line stream: one example a step, each pass in a fresh order.

    Examples
    --------
    >>> online([[1.0], [2.0]], [1.0, 2.0], seed=0)
    1 of 2 examples a step, 2 steps a pass
    """
    return Stream(*examples("online", X, y), 1, whole_number("online", "seed", seed))


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Return the diabetes data of Efron et al. (2004), standardized: 442 patients, 10 measurements each.

    Returns
    -------
    X : ndarray, shape (442, 10)
        Age, sex, body mass index, blood pressure and six blood serum values; each column of mean 0 and variance 1.
    y : ndarray, shape (442,)
        How far the disease had gone a year later; mean 0 and variance 1.

    Notes
    -----
    The data lie inside scikit-learn's wheel: nothing is downloaded.
    """
    from sklearn.datasets import load_diabetes  # here, because importing it takes a second

    X, y = load_diabetes(return_X_y=True, scaled=False)
    return _standardized(X), _standardized(y)


def _standardized(a: np.ndarray) -> np.ndarray:
    return (a - a.mean(axis=0)) / a.std(axis=0)
