r"""What every update rule is: checked hyperparameters, a state, and a step that applies the rule's equation.

A rule is a frozen dataclass. Its fields are its hyperparameters, `memory` names the arrays that it remembers, and
`update` is its equation. `Rule` does the rest, for the five rules of `optim.rules` and for any that a reader adds:

>>> @dataclass(frozen=True)
... class SignSGD(Rule):
...     eta: Rate
...
...     def update(self, theta, g, s, eta):
...         theta -= eta * np.sign(g)
>>> theta = np.array([1.0, -2.0])
>>> rule = SignSGD(eta=0.1)
>>> rule.step(theta, grad=np.array([3.0, -0.5]), state=rule.init(theta))
array([ 0.9, -1.9])

What a hyperparameter may be stands in its annotation: `Rate` is positive or a schedule, `Decay` lies in [0, 1),
`Epsilon` is not negative. ``Literal["gradient", "zero"]`` is one of these texts, `bool` a switch, and anything else,
such as `float`, any finite number, array of them or schedule.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass, make_dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import numpy as np

from optim.checks import BELOW_ONE, FINITE, NOT_NEGATIVE, POSITIVE, Domain, float_array, real_numbers
from optim.weak import Weak

__all__ = ["Decay", "Epsilon", "Hyperparameter", "Rate", "Rule"]


@dataclass(frozen=True)
class Hyperparameter:
    """What an annotation says of a hyperparameter.

    Attributes
    ----------
    domain : Domain
        What each of its numbers must do.
    schedule : Domain, optional
        What the values must do if it is a function of the step; without this it must not be one.
    shown : bool
        Whether the name of a setting gives it even where it is the default.
    """

    domain: Domain = FINITE
    schedule: Domain | None = None
    shown: bool = True


Numbers = float | np.ndarray  # one setting, or a grid of them over the batch axes of theta
Schedule = Callable[[int], Numbers]  # a function of the step, t = 1, 2, ...

Rate = Annotated[Numbers | Schedule, Hyperparameter(POSITIVE, schedule=NOT_NEGATIVE)]
Decay = Annotated[Numbers, Hyperparameter(BELOW_ONE)]
Epsilon = Annotated[Numbers, Hyperparameter(NOT_NEGATIVE, shown=False)]

# What PyTorch, Keras and Optax call our arguments: whoever types these names is told ours.
ALIASES = {
    "lr": "eta",
    "learning_rate": "eta",
    "momentum": "lam",
    "mu": "lam",
    "lambda_": "lam",
    "rho": "alpha",
    "decay": "alpha",
    "betas": "beta1 and beta2",
    "beta_1": "beta1",
    "b1": "beta1",
    "beta_2": "beta2",
    "b2": "beta2",
    "epsilon": "eps",
    "initial_accumulator_value": "start",
    "weight_decay": "wd",
}

# Bytes of theta that are updated together. A few such blocks stay in the processor's cache, and from half this size on
# NumPy computes a * b - c in place instead of in two arrays, so that a step needs one block of scratch.
BLOCK = 512 * 1024


class Rule:
    """An update rule: how theta and what is remembered change when a gradient arrives.

    A subclass is a frozen dataclass whose fields are hyperparameters. It lists in `memory` the arrays that it
    remembers, all zero before the first step, and writes its equation in `update`.

    Hyperparameters may be arrays: they broadcast over the batch axes of theta, the axes behind the first, and so
    run a whole grid of settings at once. The learning rate may be a function of the step, t = 1, 2, ...

    Attributes
    ----------
    memory : tuple of str
        The names of the remembered arrays.
    State : type
        A small dataclass of the step's number `t` and the remembered arrays; `init` makes one.
    hyperparameters : dict
        By name, what the annotation of each says; switches are none.
    batch_shape : tuple of int
        To which the hyperparameters broadcast: () for one setting.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    State: ClassVar[type]
    hyperparameters: dict[str, Hyperparameter]
    batch_shape: tuple[int, ...]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        arrays = [(name, np.ndarray) for name in cls.memory]
        cls.State = make_dataclass(f"{cls.__name__}State", [("t", int), *arrays], slots=True)

    def __new__(cls, *args: Any, **kwargs: Any) -> Rule:
        """Answer an argument that the rule does not have with the name it may have been meant for."""
        if not is_dataclass(cls):
            raise TypeError(f"{cls.__name__}: a rule is a dataclass; write @dataclass(frozen=True) above its class")
        names = [field.name for field in fields(cls)]
        for name in kwargs:
            if name not in names:
                meant = ALIASES.get(name, "")
                known = meant.split(" and ")[0] in names
                hint = f"did you mean {meant}?" if known else f"it has {', '.join(names)}"
                raise TypeError(f"{cls.__name__} has no argument {name}: {hint}")
        if _rebinds_theta(cls.update):
            raise TypeError(
                f"{cls.__name__}: `theta = ...` in update leaves the parameters as they are; write theta -= ... or "
                "theta[...] = ..."
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check every field, and keep hyperparameters as floats, read-only arrays or functions of the step."""
        annotations = _annotations(type(self))
        switches = {
            name: kind for name, kind in annotations.items() if get_origin(kind) is Literal or kind in (bool, str)
        }
        for name, annotation in switches.items():
            _check_switch(self.name, name, getattr(self, name), annotation)
        described = {name: _described(kind) for name, kind in annotations.items() if name not in switches}
        object.__setattr__(self, "hyperparameters", described)
        shapes = {}
        for name, hyperparameter in described.items():
            value = getattr(self, name)
            if callable(value) and hyperparameter.schedule:
                shapes[name] = np.shape(self._scheduled(name, 1))
            else:
                value = real_numbers(self.name, name, value, hyperparameter.domain)
                object.__setattr__(self, name, value)
                shapes[name] = np.shape(value)
        try:
            shape = np.broadcast_shapes(*shapes.values())
        except ValueError:
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
            raise ValueError(f"{self.name}: shapes do not broadcast: {listed}") from None
        object.__setattr__(self, "batch_shape", shape)

    @property
    def name(self) -> str:
        """What messages and pictures call the rule."""
        return type(self).__name__

    def __str__(self) -> str:
        """Show the settings in one line: Momentum(eta=0.02, lam=0.9)."""
        settings = []
        for field in fields(self):  # type: ignore[arg-type]  # a subclass is a dataclass
            value = getattr(self, field.name)
            shown = field.name in self.hyperparameters and self.hyperparameters[field.name].shown
            if shown or not _same(value, field.default):
                settings.append(f"{field.name}={_short(value)}")
        return f"{self.name}({', '.join(settings)})"

    def init(self, theta: np.ndarray) -> Any:
        """Return the state before the first step: t = 0, and every remembered array zero and shaped like theta."""
        theta = float_array(self.name, "theta", theta)
        return self.State(0, *(np.zeros_like(theta) for _ in self.memory))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any) -> np.ndarray:
        """Take one step: change `theta` and `state` in place, and return `theta`.

        Parameters
        ----------
        theta : ndarray of floats, shape (d, *batch)
            The parameters; any shape where no hyperparameter is an array.
        grad : ndarray, the shape of theta
            The gradient of the loss at `theta`.
        state : State
            What `init` returned, as the steps so far have left it.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or shape, before anything is changed.
        """
        grad = self._checked(theta, grad, state)
        hypers = self._hypers(state.t + 1, theta.dtype)
        state.t += 1
        for theta_part, grad_part, remembered in self._blocks(theta, grad, state):
            s = self.State(state.t, *remembered)
            self.update(theta_part, grad_part, s, **hypers)
            self._write_back(remembered, s)
        return theta

    def update(self, theta: Any, g: Any, s: Any, *args: Any, **hypers: Any) -> None:
        """Change theta and the state s in place: the equation of the rule.

        Everything arrives as numbers and arrays that broadcast against `theta`; `s.t` is the number of this step,
        1 at the first. Large arrays arrive in blocks, so an update must be elementwise.
        """
        raise NotImplementedError(f"{self.name} needs a method update(self, theta, g, s, ...)")

    def _checked(self, theta: np.ndarray, grad: np.ndarray, state: Any) -> np.ndarray:
        if not isinstance(state, self.State):
            raise TypeError(f"{self.name}: the state must come from this rule's init; got {type(state).__name__}")
        if not isinstance(theta, np.ndarray):
            raise TypeError(f"{self.name}: theta is changed in place, so it must be an array; got {theta!r:.60}")
        if not theta.flags.writeable:
            raise ValueError(f"{self.name}: theta is changed in place, but it is read-only; use theta.copy()")
        grad = np.asarray(grad)
        for name, array in (("theta", theta), ("grad", grad)):
            if array.dtype.kind != "f":
                float_array(self.name, name, array)
        if grad.shape != theta.shape:
            raise ValueError(f"{self.name}: the gradient must have the shape of theta, {theta.shape}; got {grad.shape}")
        if self.memory and (remembered := getattr(state, self.memory[0]).shape) != theta.shape:
            raise ValueError(f"{self.name}: the state was made for theta of shape {remembered}; got {theta.shape}")
        if self.batch_shape and not _fits(self.batch_shape, theta.shape[1:]):
            raise ValueError(
                f"{self.name}: hyperparameters of shape {self.batch_shape} need theta of shape (d, *batch) with batch "
                f"axes to match; got {theta.shape}"
            )
        return grad

    def _scheduled(self, name: str, t: int) -> Numbers:
        """Return the value of a schedule at step t."""
        value, domain = getattr(self, name)(t), self.hyperparameters[name].schedule or FINITE
        if isinstance(value, float) and domain.holds(value):  # nearly always so, at every step of a run
            return float(value)
        return real_numbers(self.name, f"{name}({t})", value, domain)

    def _hypers(self, t: int, dtype: np.dtype) -> dict[str, Numbers]:
        """Return the hyperparameters of step t, by name."""
        hypers = {}
        for name in self.hyperparameters:
            value = getattr(self, name)
            if callable(value):
                value = self._scheduled(name, t)
                if not _fits(np.shape(value), self.batch_shape):
                    raise ValueError(
                        f"{self.name}: a schedule keeps its shape, so {name}({t}) must fit {self.batch_shape}; "
                        f"got {np.shape(value)}"
                    )
            if isinstance(value, np.ndarray) and dtype != np.float64:
                value = value.view(Weak)
            hypers[name] = value
        return hypers

    def _blocks(
        self, theta: np.ndarray, grad: np.ndarray, state: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray, list[np.ndarray]]]:
        """Cut theta, grad and what is remembered along the first axis into views of about BLOCK bytes."""
        remembered = [getattr(state, name) for name in self.memory]
        if theta.ndim and theta.nbytes <= BLOCK:
            yield theta, grad, remembered
            return
        arrays = [theta, grad, *remembered]
        if not self.batch_shape and all(a.flags.c_contiguous for a in arrays):
            arrays = [a.reshape(-1) for a in arrays]
        rows = max(1, BLOCK * len(arrays[0]) // theta.nbytes)
        for start in range(0, len(arrays[0]), rows):
            theta_part, grad_part, *parts = (a[start : start + rows] for a in arrays)
            yield theta_part, grad_part, parts

    def _write_back(self, remembered: list[np.ndarray], s: Any) -> None:
        """Copy into the remembered arrays what an update bound anew (`s.v = ...`) instead of changing it in place."""
        anew = [(name, old) for name, old in zip(self.memory, remembered, strict=True) if getattr(s, name) is not old]
        if not anew:  # nearly always
            return
        values = [np.array(getattr(s, name)) for name, _ in anew]  # copies: s.m, s.v = s.v, s.m exchanges the two
        for (name, old), value in zip(anew, values, strict=True):
            if value.shape not in ((), old.shape):
                raise ValueError(f"{self.name}: s.{name} must keep its shape, {old.shape}; got {value.shape}")
            old[...] = value


def _annotations(rule: type[Any]) -> dict[str, Any]:
    """Return the annotations of a rule's fields."""
    try:
        hints = get_type_hints(rule, include_extras=True)
    except NameError as error:
        raise TypeError(f"{rule.__name__}: its module does not know {error.name}, which annotates a field") from None
    return {field.name: hints[field.name] for field in fields(rule)}


def _described(annotation: Any) -> Hyperparameter:
    """Return what an annotation says of a hyperparameter; of one that says nothing, that it is finite."""
    said = [extra for extra in get_args(annotation) if isinstance(extra, Hyperparameter)]
    return said[0] if said else Hyperparameter(FINITE, schedule=FINITE)


def _check_switch(rule: str, name: str, value: Any, annotation: Any) -> None:
    """Raise unless a value is what `bool`, `str` or `Literal[...]` asks for."""
    if get_origin(annotation) is Literal:
        options = get_args(annotation)
        if value not in options:
            listed = " or ".join(f'"{option}"' if isinstance(option, str) else repr(option) for option in options)
            raise ValueError(f"{rule}: {name} must be {listed}; got {value!r}")
    elif not isinstance(value, annotation):
        words = {bool: "True or False", str: "a string"}[annotation]
        raise TypeError(f"{rule}: {name} must be {words}; got {value!r}")


@cache
def _rebinds_theta(update: Callable[..., None]) -> bool:
    """Whether an update says `theta = ...`, which gives a new array the name and changes no parameter."""
    try:
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(update))).body
    except (OSError, SyntaxError, TypeError):  # there is no source to look at
        return False
    if not isinstance(function, ast.FunctionDef) or len(function.args.args) < 2:
        return False
    theta = function.args.args[1].arg
    in_place = {id(node.target) for node in ast.walk(function) if isinstance(node, ast.AugAssign)}
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == theta]
    return any(isinstance(node.ctx, ast.Store) and id(node) not in in_place for node in names)


def _fits(shape: tuple[int, ...], batch: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to exactly `batch`."""
    pairs = zip(reversed(shape), reversed(batch), strict=False)
    return len(shape) <= len(batch) and all(n in (1, b) for n, b in pairs)


def _same(value: Any, default: Any) -> bool:
    return default is not MISSING and np.shape(value) == () and not callable(value) and value == default


def _short(value: Any) -> str:
    if callable(value):
        return getattr(value, "__name__", "schedule").replace("<lambda>", "schedule")
    if np.ndim(value):
        return f"{np.size(value)} values"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
