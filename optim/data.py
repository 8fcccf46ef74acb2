"""Real data, their parts, and the streams of mini-batches that a run learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from optim.checks import examples, whole_number

__all__ = ["Split", "Stream", "breast_cancer", "diabetes", "digits", "full_batch", "mini_batches", "online", "split"]

Examples = tuple[np.ndarray, np.ndarray]  # X, shape (N, d), and y, shape (N,)


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


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts of the data: to learn from, to choose settings by, and to report what was chosen.

    Attributes
    ----------
    train, validation, test : tuple of ndarray
        X, shape (N, d), and y, shape (N,), of each part.

    Raises
    ------
    ValueError
        If X and y of a part do not match, or an example of one part is in another, too: what was seen in training or
        tuning measures nothing.
    """

    train: Examples
    validation: Examples
    test: Examples

    def __post_init__(self) -> None:
        rows: dict[bytes, str] = {}
        for name in ("train", "validation", "test"):
            X, y = examples(name, *getattr(self, name))
            object.__setattr__(self, name, (X, y))
            for number, row in enumerate(np.column_stack([X, y])):
                other = rows.setdefault(row.tobytes(), name)
                if other != name:
                    raise ValueError(
                        f"Split: example {number} of {name} is in {other}, too; the parts must not overlap"
                    )

    def __repr__(self) -> str:
        """Show the sizes, not the data."""
        sizes = (f"{name} {len(getattr(self, name)[1])}" for name in ("train", "validation", "test"))
        return f"Split({', '.join(sizes)})"


def split(X: ArrayLike, y: ArrayLike, *, seed: int, validation: float = 0.2, test: float = 0.2) -> Split:
    """Cut data into three parts, after shuffling them.

    Parameters
    ----------
    X : array_like of floats, shape (N, d)
    y : array_like of floats, shape (N,)
    seed : int
        Of the shuffling.
    validation, test : float
        Their shares of the examples; the rest is for training.

    Examples
    --------
    >>> split(*digits(), seed=0)
    Split(train 1079, validation 359, test 359)
    """
    X, y = examples("split", X, y)
    sizes = {name: int(share * len(X)) for name, share in (("validation", validation), ("test", test))}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"split: the {name} part would be empty; its share of {len(X)} examples must be larger")
    if sum(sizes.values()) >= len(X):
        raise ValueError("split: nothing is left for training; validation and test must be less than 1 together")
    order = np.random.default_rng(seed).permutation(len(X))
    cuts = np.cumsum(list(sizes.values()))
    chosen, reported, learned = np.split(order, cuts)
    return Split((X[learned], y[learned]), (X[chosen], y[chosen]), (X[reported], y[reported]))


def digits() -> Examples:
    """Return 1,797 handwritten digits (Alpaydin and Kaynak 1998), 8 x 8 pixels each.

    Returns
    -------
    X : ndarray, shape (1797, 65)
        How dark each pixel is, from 0 to 1, and a column of ones.
    y : ndarray, shape (1797,)
        Which digit it is.

    Notes
    -----
    The data lie inside scikit-learn's wheel: nothing is downloaded.
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return _with_ones(X / 16), y.astype(float)


def breast_cancer() -> Examples:
    """Return 569 tumours (Street, Wolberg and Mangasarian 1993), 30 measurements of cell nuclei each.

    Returns
    -------
    X : ndarray, shape (569, 31)
        The measurements, each column of mean 0 and variance 1, and a column of ones.
    y : ndarray, shape (569,)
        0 for malignant, 1 for benign.

    Notes
    -----
    The data lie inside scikit-learn's wheel: nothing is downloaded.
    """
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    return _with_ones(_standardized(X)), y.astype(float)


def diabetes() -> Examples:
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


def _with_ones(X: np.ndarray) -> np.ndarray:
    return np.column_stack([X, np.ones(len(X))])
