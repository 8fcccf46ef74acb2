"""The module behind the book *From SGD to Adam*.

Each room imports only from rooms above it:

    checks, weak, looks          arguments checked; arrays that never upcast float32; how methods look
    rule, losses, data           what a rule is; what is minimized; the mini-batches it is learned from
    rules, run                   the five update rules; a rule that runs on a loss
    frameworks, trace            a rule in another framework's words; rules and losses as scripts for the browser
    marks                        what a picture shows: curves, points, bars, texts
    plots                        pictures: panels, and marks on them
    explore                      pictures with sliders and the laboratory, alive in a kernel and on the static page
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
from optim.run import Objective, Stepper, Trajectory, minimize

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "Decay",
    "Epsilon",
    "Loss",
    "Momentum",
    "Objective",
    "RMSProp",
    "Rate",
    "Rule",
    "Stepper",
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
