r"""The same rule in another framework's words, and where the framework has no words for it.

Checked against PyTorch 2.13.0, Keras 3.15.1 and Optax 0.2.8. Beside their names for things the frameworks differ from
the notes, and from one another, in these places:

- A changing rate stands inside the velocity here and in Keras, :math:`v \leftarrow \lambda v - \eta_t g`, and outside
  in PyTorch and Optax, :math:`b \leftarrow \lambda b + g,\ \theta \leftarrow \theta - \eta_t b`.
- Eps stands outside the root here and in PyTorch, :math:`\sqrt v + \epsilon`, and inside in Keras and in Optax's
  Adagrad, :math:`\sqrt{v + \epsilon}`. In Keras' Adam it stands beside the root before that is corrected:
  :math:`\epsilon / \sqrt{1-\beta_2^t}` beside :math:`\sqrt{v_t / (1-\beta_2^t)}`.
- RMSProp's v starts with :math:`v_1 = g_0^2` in the notes, and with :math:`(1-\alpha)\, g_0^2` in all three.
- Adam's bias correction can be left out here alone.
"""

from __future__ import annotations

from typing import Any

from optim.rule import Rule
from optim.rules import RULES, SGD, Adagrad, Adam, Momentum, RMSProp

__all__ = ["translate"]

FRAMEWORKS = ("torch", "keras", "optax")


def translate(rule: Rule, to: str) -> tuple[str, dict[str, Any]]:
    """Say a rule of `optim` in the words of PyTorch, Keras or Optax.

    Parameters
    ----------
    rule : SGD, Momentum, Adagrad, RMSProp or Adam
        One setting, not a grid of them.
    to : {"torch", "keras", "optax"}

    Returns
    -------
    name : str
        What the framework calls the method.
    settings : dict
        Its keyword arguments; what is not among them stays as the framework has it.

    Raises
    ------
    ValueError
        If the framework has no such setting. The message says where its formula differs, and what to do about it.
    TypeError
        If `rule` is none of the five.

    Notes
    -----
    On the same gradients the translated method takes the same steps, in float64 to rounding. One exception: with eps=0
    a coordinate that has never felt a gradient stays put here and in Optax's Adagrad; elsewhere 0/0 makes it NaN.

    A rule that is another one in disguise is called by its simpler name: ``Momentum(eta, lam=0)`` is SGD, and
    ``Adam(eta, 0, beta2, bias_correction=False)`` is RMSProp started at zero.

    Examples
    --------
    >>> translate(Adam(eta=0.01), to="torch")
    ('torch.optim.Adam', {'lr': 0.01, 'betas': (0.9, 0.999), 'eps': 1e-08})
    >>> translate(Momentum(eta=0.1), to="keras")
    ('keras.optimizers.SGD', {'learning_rate': 0.1, 'momentum': 0.9})
    >>> translate(RMSProp(eta=0.01, start="zero"), to="optax")
    ('optax.rmsprop', {'learning_rate': 0.01, 'decay': 0.99, 'eps': 0.0, 'eps_in_sqrt': False})
    >>> translate(RMSProp(eta=0.01), to="torch")
    Traceback (most recent call last):
    ValueError: RMSProp: torch.optim.RMSprop starts v at 0: only start="zero" is the same
    """
    if type(rule) not in RULES:
        known = ", ".join(kind.__name__ for kind in RULES)
        raise TypeError(f"translate: rule must be one of {known}, with its settings; got {rule!r:.60}")
    if to not in FRAMEWORKS:
        raise ValueError(f"translate: to must be one of {', '.join(FRAMEWORKS)}; got {to!r}")
    if rule.batch_shape:
        raise ValueError(f"translate: rule must be one setting; got a grid of shape {rule.batch_shape}")
    rule = _simplest(rule)
    name, settings = _words(rule, to)
    if why_not := _difference(rule, to):
        raise ValueError(f"{rule.name}: {name} {why_not}")
    return name, settings


def _simplest(rule: Rule) -> Rule:
    """Return the rule, or the simpler one that it is in disguise."""
    match rule:
        case Momentum(eta, 0.0):
            return SGD(eta)
        case RMSProp(eta, 0.0, eps):  # v is the last square, wherever it started
            return RMSProp(eta, 0.0, eps, start="zero")
        case Adam(eta, 0.0, beta2, eps, bias_correction=False):
            return RMSProp(eta, beta2, eps, start="zero")
    return rule


def _words(rule: Any, to: str) -> tuple[str, dict[str, Any]]:
    """Return the framework's name and keyword arguments, as if it had the same formula."""
    rate = _from_zero(rule.eta) if to == "optax" else rule.eta
    match to, rule:
        case "torch", SGD():
            return "torch.optim.SGD", {"lr": rate}
        case "torch", Momentum(_, lam):
            return "torch.optim.SGD", {"lr": rate, "momentum": lam}
        case "torch", Adagrad(_, eps):
            return "torch.optim.Adagrad", {"lr": rate, "eps": eps}
        case "torch", RMSProp(_, alpha, eps):
            return "torch.optim.RMSprop", {"lr": rate, "alpha": alpha, "eps": eps}
        case "torch", Adam(_, beta1, beta2, eps):
            return "torch.optim.Adam", {"lr": rate, "betas": (beta1, beta2), "eps": eps}

        case "keras", SGD():
            return "keras.optimizers.SGD", {"learning_rate": rate}
        case "keras", Momentum(_, lam):
            return "keras.optimizers.SGD", {"learning_rate": rate, "momentum": lam}
        case "keras", Adagrad(_, eps):
            start = {"initial_accumulator_value": 0.0}
            return "keras.optimizers.Adagrad", {"learning_rate": rate, **start, "epsilon": eps}
        case "keras", RMSProp(_, alpha, eps):
            return "keras.optimizers.RMSprop", {"learning_rate": rate, "rho": alpha, "epsilon": eps}
        case "keras", Adam(_, beta1, beta2, eps):
            betas = {"beta_1": beta1, "beta_2": beta2}
            return "keras.optimizers.Adam", {"learning_rate": rate, **betas, "epsilon": eps}

        case "optax", SGD():
            return "optax.sgd", {"learning_rate": rate}
        case "optax", Momentum(_, lam):
            return "optax.sgd", {"learning_rate": rate, "momentum": lam}
        case "optax", Adagrad(_, eps):
            return "optax.adagrad", {"learning_rate": rate, "initial_accumulator_value": 0.0, "eps": eps}
        case "optax", RMSProp(_, alpha, eps):
            return "optax.rmsprop", {"learning_rate": rate, "decay": alpha, "eps": eps, "eps_in_sqrt": False}
        case "optax", Adam(_, beta1, beta2, eps):
            return "optax.adam", {"learning_rate": rate, "b1": beta1, "b2": beta2, "eps": eps}
    raise AssertionError(to, rule)  # translate has checked both


def _from_zero(eta: Any) -> Any:
    """Return a schedule of t = 1, 2, ... as Optax calls it, with 0, 1, ...; a constant rate as it is."""
    return (lambda count: eta(count + 1)) if callable(eta) else eta


def _difference(rule: Any, to: str) -> str:
    """Return where the framework's formula differs from the rule's, as the rest of a sentence; nothing if nowhere."""
    match to, rule:
        case _, RMSProp(start="gradient"):
            return 'starts v at 0: only start="zero" is the same'
        case _, Adam(bias_correction=False):
            return "always corrects the bias"
        case "keras", Adam(beta2=beta2, eps=eps) if eps and beta2:
            return (
                "adds epsilon to the uncorrected root, which makes its eps epsilon / sqrt(1 - beta2**t): only eps=0 is "
                f"the same at every step, and epsilon={eps:g} in the limit"
            )
        case ("keras", Adagrad(eps=eps) | RMSProp(eps=eps)) | ("optax", Adagrad(eps=eps)) if eps:
            return "adds eps inside the root, sqrt(v + eps) for sqrt(v) + eps: only eps=0 is the same"
        case "torch" | "optax", Momentum(eta, lam) if callable(eta):
            instead = {
                "torch": "only a constant eta is the same",
                "optax": f"optax.chain(optax.scale_by_learning_rate(lambda k: eta(k + 1)), optax.trace({lam:g})) is "
                "the same",
            }
            return f"has the rate outside the velocity, where a schedule also rescales the past: {instead[to]}"
        case "torch", _ if callable(rule.eta):
            return "takes a number: give it lr=1.0, and LambdaLR(optimizer, lambda k: eta(k + 1)) the schedule"
        case "keras", _ if callable(rule.eta):
            return "takes a number, or a LearningRateSchedule: let its __call__(self, k) return eta(k + 1)"
    return ""
