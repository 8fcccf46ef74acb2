r"""The five update rules of the notes, each written once; `optim.rule` tells how a rule is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optim.rule import Decay, Epsilon, Rate, Rule

__all__ = ["SGD", "Adagrad", "Adam", "Momentum", "RMSProp"]


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
    lam: Decay = 0.9

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
    eps: Epsilon = 0.0

    memory = ("v",)

    def update(self, theta, g, s, eta, eps):
        s.v += g * g
        theta -= eta * divide_or_zero(g, np.sqrt(s.v), eps)


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
    alpha: Decay = 0.99
    eps: Epsilon = 0.0
    start: Literal["gradient", "zero"] = "gradient"

    memory = ("v",)

    def update(self, theta, g, s, eta, alpha, eps):
        if s.t == 1 and self.start == "gradient":
            s.v += g * g
        else:
            s.v *= alpha
            s.v += (1 - alpha) * g * g
        theta -= eta * divide_or_zero(g, np.sqrt(s.v), eps)


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
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    eps: Epsilon = 1e-8
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
        theta -= eta / c1 * divide_or_zero(s.m, np.sqrt(s.v) / plain(np.sqrt(c2)), eps)


RULES = (SGD, Momentum, Adagrad, RMSProp, Adam)


def divide_or_zero(step, root, eps):
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
