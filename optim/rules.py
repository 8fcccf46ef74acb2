r"""The five update rules of the notes, each written once.

A rule is a frozen dataclass. Its fields are its hyperparameters, `memory` names the arrays it remembers,
and `update` is its equation. `Rule` does the rest, for these five and for any rule a reader adds:

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
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, make_dataclass
from typing import ClassVar

import numpy as np

from optim.checks import BELOW_ONE, FINITE, NOT_NEGATIVE, POSITIVE, float_array, real_numbers

__all__ = ["SGD", "Adagrad", "Adam", "Momentum", "RMSProp", "Rule"]

Hyper = float | np.ndarray  # one setting, or a grid of them over the batch axes of theta
Rate = Hyper | Callable[[int], Hyper]  # a learning rate may also be a schedule: a function of t = 1, 2, ...

DOMAIN = {
    "eta": POSITIVE,
    "lam": BELOW_ONE,
    "alpha": BELOW_ONE,
    "beta1": BELOW_ONE,
    "beta2": BELOW_ONE,
    "eps": NOT_NEGATIVE,
}

# Arguments that are no hyperparameters, by their annotation: what they must be, in words, and the type.
SWITCHES = {"bool": ("True or False", bool), "str": ("a string", str)}

# What PyTorch, Keras and Optax call our arguments: whoever types these names is told ours.
ELSEWHERE = {
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
    """

    memory: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        arrays = [(name, np.ndarray) for name in cls.memory]
        cls.State = make_dataclass(f"{cls.__name__}State", [("t", int), *arrays])

    def __new__(cls, *args, **kwargs):
        """Answer an argument that the rule does not have with the name it may have been meant for."""
        if not is_dataclass(cls):
            raise TypeError(f"{cls.__name__}: a rule is a dataclass; write @dataclass(frozen=True) above its class")
        names = [field.name for field in fields(cls)]
        for name in kwargs:
            if name not in names:
                meant = ELSEWHERE.get(name, "")
                known = meant.split(" and ")[0] in names
                hint = f"did you mean {meant}?" if known else f"it has {', '.join(names)}"
                raise TypeError(f"{cls.__name__} has no argument {name}: {hint}")
        return super().__new__(cls)

    def __post_init__(self):
        """Check every hyperparameter and keep it as a float, a read-only array or a function of the step."""
        shapes = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if switch := SWITCHES.get(getattr(field.type, "__name__", field.type)):
                words, kind = switch
                if not isinstance(value, kind):
                    raise TypeError(f"{self.name}: {field.name} must be {words}; got {value!r}")
                continue
            if callable(value) and field.name == "eta":
                shapes[field.name] = np.shape(self._scheduled(1))
                continue
            value = real_numbers(self.name, field.name, value, DOMAIN.get(field.name, FINITE))
            object.__setattr__(self, field.name, value)
            shapes[field.name] = np.shape(value)
        try:
            shape = np.broadcast_shapes(*shapes.values())
        except ValueError:
            listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
            raise ValueError(f"{self.name}: shapes do not broadcast: {listed}") from None
        object.__setattr__(self, "batch_shape", shape)

    @property
    def name(self):
        """What messages and pictures call the rule."""
        return type(self).__name__

    def __str__(self):
        """Show the settings in one line: Momentum(eta=0.02, lam=0.9)."""
        settings = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("eta", "lam", "alpha", "beta1", "beta2") or not _same(value, field.default):
                settings.append(f"{field.name}={_short(value)}")
        return f"{self.name}({', '.join(settings)})"

    def init(self, theta):
        """Return the state before the first step: t = 0, and every remembered array zero and shaped like theta."""
        theta = float_array(self.name, "theta", theta)
        return self.State(0, *(np.zeros_like(theta) for _ in self.memory))

    def step(self, theta, grad, state):
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
        for part in self._blocks(theta, grad, state):
            self.update(*part, **hypers)
        return theta

    def update(self, theta, g, s, **hypers):
        """Change theta and the state s in place: the equation of the rule.

        Everything arrives as numbers and arrays that broadcast against `theta`; `s.t` is the number of this step,
        1 at the first. Large arrays arrive in blocks, so an update must be elementwise.
        """
        raise NotImplementedError(f"{self.name} needs a method update(self, theta, g, s, ...)")

    def _checked(self, theta, grad, state):
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

    def _scheduled(self, t):
        eta = self.eta(t)
        if isinstance(eta, float) and 0 <= eta < np.inf:  # nearly always so, at every step of a run
            return float(eta)
        return real_numbers(self.name, f"eta({t})", eta, NOT_NEGATIVE)

    def _hypers(self, t, dtype):
        """Return the hyperparameters of step t, by name."""
        hypers = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if callable(value):
                value = self._scheduled(t)
                if not _fits(np.shape(value), self.batch_shape):
                    raise ValueError(
                        f"{self.name}: a schedule keeps its shape, so eta({t}) must fit {self.batch_shape}; "
                        f"got {np.shape(value)}"
                    )
            if isinstance(value, np.ndarray) and dtype != np.float64:
                value = value.view(Weak)
            if not isinstance(value, bool | str):
                hypers[field.name] = value
        return hypers

    def _blocks(self, theta, grad, state):
        """Cut theta, grad and state along the first axis into views of about BLOCK bytes."""
        if theta.ndim and theta.nbytes <= BLOCK:
            yield theta, grad, state
            return
        arrays = [theta, grad, *(getattr(state, name) for name in self.memory)]
        if not self.batch_shape and all(a.flags.c_contiguous for a in arrays):
            arrays = [a.reshape(-1) for a in arrays]
        rows = max(1, BLOCK * len(arrays[0]) // theta.nbytes)
        for start in range(0, len(arrays[0]), rows):
            theta_part, grad_part, *remembered = (a[start : start + rows] for a in arrays)
            yield theta_part, grad_part, self.State(state.t, *remembered)


@dataclass(frozen=True)
class SGD(Rule):
    r"""Stochastic gradient descent: step against the gradient.

    .. math:: \theta_t = \theta_{t-1} - \eta\, g_{t-1}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.

    Notes
    -----
    Remembers nothing. Equals `torch.optim.SGD(lr=eta)`. Source: Robbins and Monro (1951), and for the full gradient
    Cauchy (1847).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 2.0]), SGD(eta=0.5)
    >>> rule.step(theta, grad=np.array([1.0, -1.0]), state=rule.init(theta))
    array([0.5, 2.5])
    """

    eta: Rate

    def update(self, theta, g, s, eta):
        theta -= eta * g


@dataclass(frozen=True)
class Momentum(Rule):
    r"""SGD with momentum: the step is a velocity that remembers the earlier gradients.

    .. math::
        v_t &= \lambda v_{t-1} - \eta\, g_{t-1}, \qquad v_0 = 0 \\
        \theta_t &= \theta_{t-1} + v_t

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.
    lam : float or array
        Inertia :math:`\lambda` in [0, 1); PyTorch's `momentum`.

    Notes
    -----
    Remembers the velocity v. Equals `torch.optim.SGD(lr=eta, momentum=lam)` at a constant rate. It differs under a
    schedule: here, as in the notes and in Keras, the rate stands inside the velocity, in PyTorch outside. Source:
    Polyak (1964).

    Examples
    --------
    >>> theta, rule = np.array([1.0]), Momentum(eta=0.1, lam=0.9)
    >>> state = rule.init(theta)
    >>> rule.step(theta, np.array([1.0]), state), rule.step(theta, np.array([1.0]), state)
    (array([0.71]), array([0.71]))
    """

    eta: Rate
    lam: Hyper = 0.9

    memory = ("v",)

    def update(self, theta, g, s, eta, lam):
        s.v *= lam
        s.v -= eta * g
        theta += s.v


@dataclass(frozen=True)
class Adagrad(Rule):
    r"""Adagrad: each coordinate's rate shrinks with the squares of all its gradients.

    .. math::
        v_t &= v_{t-1} + g_{t-1}^2, \qquad v_0 = 0 \\
        \theta_t &= \theta_{t-1} - \frac{\eta}{\sqrt{v_t} + \epsilon}\, g_{t-1}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.
    eps : float or array
        :math:`\epsilon \ge 0`, outside the root; PyTorch's `eps`, there 1e-10. With 0, the formula of the notes: where
        the root is 0, the step is 0.

    Notes
    -----
    Remembers the sum v of squared gradients. Equals `torch.optim.Adagrad(lr=eta, eps=eps)`, except
    at 0/0, where PyTorch gives NaN. Source: Duchi, Hazan and
    Singer (2011).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0, 1.0]), Adagrad(eta=0.1)
    >>> rule.step(theta, grad=np.array([100.0, 0.01, 0.0]), state=rule.init(theta))
    array([0.9, 0.9, 1. ])
    """

    eta: Rate
    eps: Hyper = 0.0

    memory = ("v",)

    def update(self, theta, g, s, eta, eps):
        s.v += g * g
        theta -= eta * over(g, np.sqrt(s.v), eps)


@dataclass(frozen=True)
class RMSProp(Rule):
    r"""RMSProp: Adagrad with a memory that fades.

    .. math::
        v_t &= \alpha v_{t-1} + (1-\alpha)\, g_{t-1}^2 \\
        \theta_t &= \theta_{t-1} - \frac{\eta}{\sqrt{v_t} + \epsilon}\, g_{t-1}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.
    alpha : float or array
        How much of v is kept at a step, in [0, 1); PyTorch's `alpha`.
    eps : float or array
        :math:`\epsilon \ge 0`, outside the root; PyTorch's `eps`, there 1e-8. With 0, the formula of the notes: where
        the root is 0, the step is 0.
    start : {"gradient", "zero"}
        The notes begin with :math:`v_1 = g_0^2`, PyTorch with :math:`v_0 = 0`.

    Notes
    -----
    Remembers the second moment estimate v. Equals `torch.optim.RMSprop(lr=eta, alpha=alpha, eps=eps)` with
    ``start="zero"``, except at 0/0, where PyTorch gives NaN. Source: Tieleman and Hinton (2012).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0]), RMSProp(eta=0.1, alpha=0.99)
    >>> rule.step(theta, grad=np.array([100.0, 0.01]), state=rule.init(theta))
    array([0.9, 0.9])
    """

    eta: Rate
    alpha: Hyper = 0.99
    eps: Hyper = 0.0
    start: str = "gradient"

    memory = ("v",)

    def __post_init__(self):
        """Check `start` beside the hyperparameters."""
        if self.start not in ("gradient", "zero"):
            raise ValueError(f'RMSProp: start must be "gradient" or "zero"; got {self.start!r}')
        super().__post_init__()

    def update(self, theta, g, s, eta, alpha, eps):
        if s.t == 1 and self.start == "gradient":
            s.v += g * g
        else:
            s.v *= alpha
            s.v += (1 - alpha) * g * g
        theta -= eta * over(g, np.sqrt(s.v), eps)


@dataclass(frozen=True)
class Adam(Rule):
    r"""Adam: momentum's average direction over RMSProp's average size, both corrected for their start at zero.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_{t-1}, \qquad m_0 = 0 \\
        v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_{t-1}^2, \qquad v_0 = 0 \\
        \theta_t &= \theta_{t-1} - \eta\, \frac{m_t / (1-\beta_1^t)}{\sqrt{v_t / (1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.
    beta1, beta2 : float or array
        Decay of the first and of the second moment estimate, in [0, 1); PyTorch's `betas`.
    eps : float or array
        :math:`\epsilon \ge 0`, outside the root; PyTorch's `eps`. Where root and eps are both 0, the step is 0.
    bias_correction : bool
        Whether to divide by :math:`1-\beta^t`; without it one sees what it is for.

    Notes
    -----
    Remembers the moment estimates m and v. Equals `torch.optim.Adam(lr=eta, betas=(beta1, beta2), eps=eps)`, except
    at 0/0, where PyTorch gives NaN. Source: Kingma and Ba (2015), Algorithm 1.

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0]), Adam(eta=0.1)
    >>> rule.step(theta, grad=np.array([100.0, 0.01]), state=rule.init(theta)).round(6)
    array([0.9, 0.9])
    """

    eta: Rate = 1e-3
    beta1: Hyper = 0.9
    beta2: Hyper = 0.999
    eps: Hyper = 1e-8
    bias_correction: bool = True

    memory = ("m", "v")

    def update(self, theta, g, s, eta, beta1, beta2, eps):
        s.m *= beta1
        s.m += (1 - beta1) * g
        s.v *= beta2
        s.v += (1 - beta2) * g * g
        c1 = c2 = 1.0
        if self.bias_correction:
            c1, c2 = 1 - power(beta1, s.t), 1 - power(beta2, s.t)
        theta -= eta / c1 * over(s.m, np.sqrt(s.v) / plain(np.sqrt(c2)), eps)


def over(step, root, eps):
    """Turn `root` into step / (root + eps), or 0 where that is step / 0: what never felt a gradient stays put."""
    root += eps
    if np.ndim(eps) or eps == 0:
        root[root == 0] = np.inf
    return np.divide(step, root, out=root)


def power(beta, t):
    """Return beta**t, the same to the last bit for a number and for an array that holds it (Python's ** is not)."""
    return plain(np.power(beta, t))


def plain(x):
    """Return a NumPy number as a Python float, which never upcasts float32 (NEP 50), and anything else as it is."""
    return float(x) if isinstance(x, np.generic) else x


class Weak(np.ndarray):
    """A float64 array that takes the precision of the array it meets, as a Python float does (NEP 50).

    So 1 - beta2 is worked out in double precision, and its product with a float32 gradient is still float32.
    """

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        """Meet other arrays in their precision, and stay weak among numbers and other weak arrays."""
        met = [x.dtype for x in inputs if isinstance(x, np.ndarray) and not isinstance(x, Weak)]
        precision = np.result_type(0.0, *met)  # of a Python float that meets them
        inputs = [np.asarray(x, precision) if isinstance(x, Weak) else x for x in inputs]
        if out:
            kwargs["out"] = tuple(x.view(np.ndarray) if isinstance(x, Weak) else x for x in out)
        result = getattr(ufunc, method)(*inputs, **kwargs)
        return result if met else _weak(result)


def _weak(result):
    if isinstance(result, tuple):
        return tuple(map(_weak, result))
    if isinstance(result, np.floating):
        return float(result)
    return result.view(Weak) if isinstance(result, np.ndarray) and result.dtype.kind == "f" else result


def _fits(shape, batch):
    """Whether `shape` broadcasts to exactly `batch`."""
    pairs = zip(reversed(shape), reversed(batch), strict=False)
    return len(shape) <= len(batch) and all(n in (1, b) for n, b in pairs)


def _same(value, default):
    return np.shape(value) == () and not callable(value) and value == default


def _short(value):
    if callable(value):
        return getattr(value, "__name__", "schedule").replace("<lambda>", "schedule")
    if np.ndim(value):
        return f"{np.size(value)} values"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
