"""What every room of `optim` asks of its arguments, and the sentences that say what was wrong."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Domain(NamedTuple):
    """What a number must do, in words, and the test for it."""

    words: str
    holds: Callable[[Any], Any]


POSITIVE = Domain("be positive and finite", lambda x: (x > 0) & (x < np.inf))
NOT_NEGATIVE = Domain("be zero or positive, and finite", lambda x: (x >= 0) & (x < np.inf))
BELOW_ONE = Domain("lie in [0, 1)", lambda x: (x >= 0) & (x < 1))
FINITE = Domain("be finite", np.isfinite)


def real_numbers(who: str, name: str, value: ArrayLike, domain: Domain = FINITE) -> float | np.ndarray:
    """Return `value` as a float or a read-only float64 array, each element inside `domain`.

    Parameters
    ----------
    who, name : str
        What the error message calls the owner and the argument.
    value : float or array_like
    domain : Domain
        What each number must do.

    Raises
    ------
    TypeError
        If `value` is not made of real numbers.
    ValueError
        If an element lies outside `domain`; the message names the first one and its index.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{who}: {name} must be a number or an array of numbers; got {value!r}")
    good = domain.holds(array)
    if not np.all(good):
        index = tuple(int(i) for i in np.argwhere(~good)[0])
        where = f" at index {index}" if index else ""
        raise ValueError(f"{who}: {name} must {domain.words}; got {array[index].item()}{where}")
    if array.ndim == 0:
        return float(array)  # a Python float never upcasts float32 (NEP 50)
    array = array.astype(np.float64)
    array.flags.writeable = False
    return array


def whole_number(who: str, name: str, value: Any, least: int = 0) -> int:
    """Return `value` as an int that is at least `least`, or say why it is none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{who}: {name} must be a whole number, {least} or more; got {value!r}")
    if value < least:
        raise ValueError(f"{who}: {name} must be {least} or more; got {value}")
    return int(value)


def float_array(who: str, name: str, value: ArrayLike) -> np.ndarray:
    """Return `value` as an array of floats; whole numbers are refused, since a step would be cut to one."""
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        raise TypeError(
            f"{who}: {name} holds whole numbers ({array.dtype}), which cannot take a small step; "
            f"write [1.0, 2.0] for [1, 2], or use {name}.astype(float)"
        )
    if array.dtype.kind != "f":
        raise TypeError(f"{who}: {name} must be an array of floats; got {type(value).__name__} {value!r:.60}")
    return array


def examples(who: str, X: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y as arrays of floats, or say why they are no N examples with N answers."""
    X, y = np.asarray(X), np.asarray(y)
    X, y = (a.astype(np.float64) if a.dtype.kind in "iub" else a for a in (X, y))
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"{who}: X must have one example a row, shape (N, d); got shape {X.shape}")
    if y.shape != X.shape[:1]:
        raise ValueError(f"{who}: y must have one answer an example, shape ({len(X)},); got shape {y.shape}")
    real_numbers(who, "X", X)
    real_numbers(who, "y", y)
    return X, y
