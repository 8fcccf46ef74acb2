"""Run an update rule on a loss and keep the whole path."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from optim.checks import float_array, whole_number

__all__ = ["Objective", "Stepper", "Trajectory", "minimize"]


class Objective(Protocol):
    """What `minimize` needs of a loss: any object with these two methods will do."""

    @property
    def value(self) -> Callable[..., Any]:
        """A function of theta, shape (d, *batch), or of theta and a mini-batch, that returns the shape (*batch)."""

    @property
    def gradient(self) -> Callable[..., Any]:
        """A function of the same arguments that returns the shape of theta."""


class Stepper(Protocol):
    """What `minimize` needs of a rule: any object with these two methods will do."""

    def init(self, theta: np.ndarray, /) -> Any:
        """Return the state before the first step."""

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any, /) -> np.ndarray:
        """Change theta and the state in place, and return theta itself."""


@dataclass(frozen=True, repr=False)
class Trajectory:
    """The path that a rule took through the parameters, and the loss along it.

    Attributes
    ----------
    theta : ndarray, shape (steps + 1, d, *batch)
        The parameters before the first step and after each.
    loss : ndarray, shape (steps + 1, *batch)
        The loss there; for a loss made from data, of all the data.
    diverged : ndarray of bool, shape (*batch)
        Whether parameters, loss or gradient stopped being finite. From that step on theta and loss are NaN.
    rule, on : str
        The names of the rule and of the loss.
    """

    theta: np.ndarray
    loss: np.ndarray
    diverged: np.ndarray
    rule: str
    on: str

    @property
    def final(self) -> np.ndarray:
        """The parameters after the last step, shape (d, *batch); NaN where the run diverged."""
        return self.theta[-1]

    @property
    def best(self) -> np.ndarray:
        """The parameters of the smallest loss on the path, shape (d, *batch)."""
        step = np.nanargmin(self.loss, axis=0)  # the loss at theta_0 is always finite
        return np.take_along_axis(self.theta, np.expand_dims(step, (0, 1)), axis=0)[0]

    def __repr__(self) -> str:
        """Say what was run and what came of it, in one line."""
        head = f"Path of {self.rule} on {self.on}: {len(self.loss) - 1} steps"
        if self.diverged.ndim:
            return f"{head}, {self.diverged.size} settings, {np.count_nonzero(self.diverged)} diverged"
        end = "diverged" if self.diverged else f"{self.loss[-1]:.4g}"
        return f"{head}, loss {self.loss[0]:.4g} -> {end}"


def minimize(
    loss: Objective,
    theta0: ArrayLike,
    rule: Stepper,
    steps: int,
    *,
    batches: Iterable[Any] | None = None,
    project: Callable[[np.ndarray], ArrayLike] | None = None,
) -> Trajectory:
    """Follow `rule` down `loss` for `steps` steps from `theta0`.

    Hyperparameters that are arrays, and a `theta0` with axes behind the first, are run all at once: they broadcast
    to the batch axes of the result.

    Parameters
    ----------
    loss : Loss, or any other Objective
        Called as ``gradient(theta)``, or ``gradient(theta, batch)`` where `batches` are given.
    theta0 : array_like of floats, shape (d, *starts)
        Where to begin; it is copied, never changed. float32 stays float32.
    rule : Rule, or any other Stepper
    steps : int
        How many steps to take.
    batches : iterable, optional
        What the gradient of each step is computed from: a stream of `optim.data`, say.
    project : callable, optional
        Maps theta back into the feasible set after each step.

    Returns
    -------
    Trajectory
        A run that diverges is no error: it is marked, and the other settings go on.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape, or `batches` ends before the last step.

    Examples
    --------
    >>> from optim import SGD, minimize, ravine
    >>> minimize(ravine(20), [-2.0, 0.5], SGD(eta=0.09), steps=100)
    Path of SGD(eta=0.09) on ravine(20): 100 steps, loss 4.5 -> 1.286e-08
    >>> etas = np.array([0.01, 0.05, 0.11])
    >>> minimize(ravine(20), [-2.0, 0.5], SGD(etas), steps=10_000).diverged
    array([False, False,  True])
    """
    steps = whole_number("minimize", "steps", steps)
    theta = _start(loss, theta0, rule)
    gradient = _gradients(loss, batches)
    state = rule.init(theta)

    path = np.full((steps + 1, *theta.shape), np.nan, theta.dtype)
    losses = np.full((steps + 1, *theta.shape[1:]), np.nan, theta.dtype)
    path[0], losses[0] = theta, _first_value(loss, theta)

    gone = np.zeros(theta.shape[1:], bool)
    with np.errstate(all="ignore"):  # what overflows here is marked below, not warned about
        for t in range(1, steps + 1):
            g = gradient(theta, t)
            if rule.step(theta, g, state) is not theta:
                raise TypeError(f"minimize: the step of {rule} must change theta in place and return it")
            if project is not None:
                theta[...] = _projected(project, theta)
            value = np.asarray(loss.value(theta), theta.dtype)
            gone |= ~(np.isfinite(value) & np.isfinite(g).all(axis=0) & np.isfinite(theta).all(axis=0))
            if gone.any():
                np.copyto(theta, np.nan, where=gone)
                if gone.all():
                    break
            path[t], losses[t] = theta, np.where(gone, np.nan, value)
    return Trajectory(path, losses, gone, str(rule), _name(loss))


def _start(loss: Objective, theta0: ArrayLike, rule: Stepper) -> np.ndarray:
    """Return a copy of theta0 with one batch axis for each axis of the rule's grid."""
    theta0 = float_array("minimize", "theta0", theta0)
    if theta0.ndim == 0:
        raise ValueError(f"minimize: theta0 must have a first axis of components; got {theta0}, write [{theta0}]")
    if not np.all(np.isfinite(theta0)):
        raise ValueError(f"minimize: theta0 must be finite; got {theta0}")
    for what, thing, methods in (("loss", loss, ("value", "gradient")), ("rule", rule, ("init", "step"))):
        for method in methods:
            if isinstance(thing, type) or not hasattr(thing, method):
                like = {"loss": "bowl()", "rule": "SGD(eta=0.1)"}[what]
                raise TypeError(f"minimize: {what} must have a method {method}, as {like} has; got {thing!r}")
    dimension = getattr(loss, "dimension", None)
    if dimension is not None and len(theta0) != dimension:
        raise ValueError(f"minimize: {_name(loss)} has {dimension} parameters; theta0 has {len(theta0)}")
    grid = getattr(rule, "batch_shape", ())
    try:
        batch = np.broadcast_shapes(theta0.shape[1:], grid)
    except ValueError:
        raise ValueError(
            f"minimize: starting points of shape {theta0.shape[1:]} and settings of shape {grid} do not broadcast"
        ) from None
    missing = (1,) * (len(batch) - theta0.ndim + 1)
    theta0 = theta0.reshape(theta0.shape[:1] + missing + theta0.shape[1:])
    return np.broadcast_to(theta0, (len(theta0), *batch)).copy()


def _name(loss: Any) -> str:
    return getattr(loss, "name", type(loss).__name__)


def _first_value(loss: Objective, theta: np.ndarray) -> np.ndarray:
    """Return the loss at theta0, if it is one finite number for each run."""
    value = np.asarray(loss.value(theta))
    if value.shape != theta.shape[1:]:
        raise ValueError(
            f"minimize: the value of {_name(loss)} must have the batch shape of theta, {theta.shape[1:]}; "
            f"got {value.shape}"
        )
    if not np.all(np.isfinite(value)):
        raise ValueError(f"minimize: the loss at theta0 must be finite; got {value}")
    return value


def _projected(project: Callable[[np.ndarray], ArrayLike], theta: np.ndarray) -> ArrayLike:
    """Return theta mapped back into the feasible set."""
    inside = project(theta)
    if np.shape(inside) != theta.shape:
        raise ValueError(f"minimize: project must return the parameters, shape {theta.shape}; got {inside!r:.60}")
    return inside


def _gradients(loss: Objective, batches: Iterable[Any] | None) -> Callable[[np.ndarray, int], np.ndarray]:
    """Return gradient(theta, t), which takes the next batch where there are batches, and checks what comes back."""
    name = _name(loss)
    if batches is not None:
        try:
            inspect.signature(loss.gradient).bind(None, None)
        except TypeError:
            raise TypeError(f"minimize: batches were given, but {name} is not made from data") from None
    stream = None if batches is None else iter(batches)

    def gradient(theta: np.ndarray, t: int) -> np.ndarray:
        if stream is None:
            g = loss.gradient(theta)
        else:
            try:
                batch = next(stream)
            except StopIteration:
                raise ValueError(f"minimize: batches ended after {t - 1} of the steps asked for") from None
            g = loss.gradient(theta, batch)
        g = np.asarray(g)
        if g.shape != theta.shape:
            raise ValueError(
                f"minimize: the gradient of {name} must have the shape of theta, {theta.shape}; got {g.shape}"
            )
        return g

    return gradient
