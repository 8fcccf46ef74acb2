"""The module behind the book *From SGD to Adam*.

    chapters -> optim.explore -> optim.plots -> optim.run -> optim.rules, optim.losses, optim.data

`optim.rules` holds the five update rules, `optim.run` runs them, `optim.losses` and `optim.data` are what they run
on, `optim.plots` draws, and `optim.explore` lets a reader move a slider. `optim.frameworks` says a rule in another
framework's words, and `optim.checks` has the sentences for what was wrong.
"""

from optim.data import diabetes, full_batch, mini_batches, online
from optim.losses import (
    Loss,
    beale,
    bowl,
    himmelblau,
    least_squares,
    logistic,
    ravine,
    rosenbrock,
    saddle,
)
from optim.rule import Decay, Epsilon, Rate, Rule
from optim.rules import SGD, Adagrad, Adam, Momentum, RMSProp
from optim.run import Trajectory, minimize

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "Decay",
    "Epsilon",
    "Loss",
    "Momentum",
    "RMSProp",
    "Rate",
    "Rule",
    "Trajectory",
    "beale",
    "bowl",
    "diabetes",
    "full_batch",
    "himmelblau",
    "least_squares",
    "logistic",
    "mini_batches",
    "minimize",
    "online",
    "ravine",
    "rosenbrock",
    "saddle",
]
