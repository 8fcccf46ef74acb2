r"""What came after Adam, as far as the book derives it: Nesterov's momentum, AMSGrad, AdamW and Lion.

They are rules like the five of `optim.rules`, and go wherever those go; `optim.frameworks` translates those five alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from optim.checks import NOT_NEGATIVE
from optim.rule import Decay, Hyperparameter, Numbers, Rate, Rule
from optim.rules import Adam, divide_or_zero, plain, power

__all__ = ["AMSGrad", "AdamW", "Lion", "Nesterov"]

WeightDecay = Annotated[Numbers, Hyperparameter(NOT_NEGATIVE, shown=False)]


@dataclass(frozen=True)
class Nesterov(Rule):
    r"""Nesterov's momentum: the gradient is that of the point to which the velocity leads.

    .. math::
        v_t &= \lambda v_{t-1} - \eta\, g_{t-1} \\
        \theta_t &= \theta_{t-1} + \lambda v_t - \eta\, g_{t-1}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`; PyTorch's `lr`.
    lam : float or array
        Inertia :math:`\lambda` in [0, 1); PyTorch's `momentum`.

    Notes
    -----
    Remembers the velocity v. What is stored as theta is the point that the method looks ahead to,
    :math:`\phi_t + \lambda v_t`, where :math:`\phi_t` is its position: so the gradient is taken where theta is.
    Equals `torch.optim.SGD(lr=eta, momentum=lam, nesterov=True)` at a constant rate. Source: Nesterov (1983), in the
    form of Sutskever et al. (2013).

    Examples
    --------
    >>> theta, rule = np.array([1.0]), Nesterov(eta=0.1, lam=0.9)
    >>> state = rule.init(theta)
    >>> for _ in range(2):
    ...     print(rule.step(theta, np.array([1.0]), state).round(3))
    [0.81]
    [0.539]
    """

    eta: Rate
    lam: Decay = 0.9

    memory = ("v",)

    def update(self, theta, g, s, eta, lam):
        s.v *= lam
        s.v -= eta * g
        theta += lam * s.v
        theta -= eta * g


@dataclass(frozen=True)
class AMSGrad(Adam):
    r"""AMSGrad: Adam that divides by the largest second moment estimate so far.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_{t-1} \\
        v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_{t-1}^2, \qquad u_t = \max(u_{t-1}, v_t) \\
        \theta_t &= \theta_{t-1} - \eta\, \frac{m_t / (1-\beta_1^t)}{\sqrt{u_t / (1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    eta, beta1, beta2, eps, bias_correction
        As of `Adam`; PyTorch's `lr`, `betas` and `eps`. Without the correction it is the algorithm of the paper.

    Notes
    -----
    Remembers m, v and the largest v, u. Equals `torch.optim.Adam(lr=eta, betas=(beta1, beta2), eps=eps, amsgrad=True)`,
    which corrects the largest uncorrected v. Source: Reddi, Kale and Kumar (2018).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0]), AMSGrad(eta=0.1)
    >>> rule.step(theta, grad=np.array([100.0, 0.01]), state=rule.init(theta)).round(6)
    array([0.9, 0.9])
    """

    memory = ("m", "v", "u")  # type: ignore[assignment]  # one more than Adam

    def update(self, theta, g, s, eta, beta1, beta2, eps):
        s.m *= beta1
        s.m += (1 - beta1) * g
        s.v *= beta2
        s.v += (1 - beta2) * g * g
        s.u = np.maximum(s.u, s.v)
        c1 = c2 = 1.0
        if self.bias_correction:
            c1, c2 = 1 - power(beta1, s.t), 1 - power(beta2, s.t)
        theta -= eta / c1 * divide_or_zero(s.m, np.sqrt(s.u) / plain(np.sqrt(c2)), eps)


@dataclass(frozen=True)
class AdamW(Adam):
    r"""AdamW: Adam beside which the weights decay, each by the same share.

    .. math::
        \theta_t = (1 - \eta w)\, \theta_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}

    Parameters
    ----------
    eta, beta1, beta2, eps, bias_correction
        As of `Adam`; PyTorch's `lr`, `betas` and `eps`.
    wd : float or array
        Weight decay :math:`w \ge 0`; PyTorch's `weight_decay`.

    Notes
    -----
    Remembers the moment estimates m and v. Equals `torch.optim.AdamW(lr=eta, betas=(beta1, beta2), eps=eps,
    weight_decay=wd)`, which multiplies the decay by the rate; the paper multiplies it by the schedule alone. Source:
    Loshchilov and Hutter (2019).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0]), AdamW(eta=0.1, wd=0.5)
    >>> rule.step(theta, grad=np.array([100.0, 0.0]), state=rule.init(theta)).round(6)
    array([0.85, 0.95])
    """

    wd: WeightDecay = 0.01

    def update(self, theta, g, s, eta, beta1, beta2, eps, wd):
        theta *= 1 - eta * wd
        super().update(theta, g, s, eta, beta1, beta2, eps)


@dataclass(frozen=True)
class Lion(Rule):
    r"""Lion: the sign of an average, in which the newest gradient counts for more than in what is remembered.

    .. math::
        \theta_t &= (1 - \eta w)\, \theta_{t-1} - \eta \operatorname{sign}(\beta_1 m_{t-1} + (1-\beta_1)\, g_{t-1}) \\
        m_t &= \beta_2 m_{t-1} + (1-\beta_2)\, g_{t-1}

    Parameters
    ----------
    eta : float, array or function of the step
        Learning rate :math:`\eta > 0`: how far each parameter moves in a step; Optax's `learning_rate`.
    beta1, beta2 : float or array
        Decay of the average for the step and of the one that is kept, in [0, 1); Optax's `b1` and `b2`.
    wd : float or array
        Weight decay :math:`w \ge 0`; Optax's `weight_decay`.

    Notes
    -----
    Remembers the average m. Equals `optax.lion(eta, beta1, beta2, weight_decay=wd)`. Source: Chen et al. (2023).

    Examples
    --------
    >>> theta, rule = np.array([1.0, 1.0]), Lion(eta=0.1)
    >>> rule.step(theta, grad=np.array([100.0, -0.01]), state=rule.init(theta))
    array([0.9, 1.1])
    """

    eta: Rate = 1e-4
    beta1: Decay = 0.9
    beta2: Decay = 0.99
    wd: WeightDecay = 0.0

    memory = ("m",)

    def update(self, theta, g, s, eta, beta1, beta2, wd):
        theta *= 1 - eta * wd
        theta -= eta * np.sign(beta1 * s.m + (1 - beta1) * g)
        s.m *= beta2
        s.m += (1 - beta2) * g


SUCCESSORS = (Nesterov, AMSGrad, AdamW, Lion)
