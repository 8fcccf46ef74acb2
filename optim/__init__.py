"""The module behind the book *From SGD to Adam*.

Each room imports only from rooms above it:

    checks, weak, looks          arguments checked; arrays that never upcast float32; how methods look
    rule, losses, data           what a rule is; what is minimized; the mini-batches it is learned from
    rules, run, models           the five update rules; a rule that runs on a loss; what is learned from examples
    successors, sweeps           what came after Adam; all settings of a rule on a model, fairly
    frameworks, trace            a rule in another framework's words; rules and losses as scripts for the browser
    marks                        what a picture shows: curves, points, bars, texts
    plots                        pictures: panels, and marks on them
    explore                      pictures with sliders and the laboratory, alive in a kernel and on the static page
"""

from optim.data import Split, breast_cancer, diabetes, digits, full_batch, mini_batches, online, split
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
from optim.models import Model, linear, network, softmax
from optim.rule import Decay, Epsilon, Rate, Rule
from optim.rules import SGD, Adagrad, Adam, Momentum, RMSProp
from optim.run import Objective, Stepper, Trajectory, minimize
from optim.successors import AdamW, AMSGrad, Lion, Nesterov
from optim.sweeps import Sweep, sweep

__all__ = [
    "SGD",
    "AMSGrad",
    "Adagrad",
    "Adam",
    "AdamW",
    "Decay",
    "Epsilon",
    "Lion",
    "Loss",
    "Model",
    "Momentum",
    "Nesterov",
    "Objective",
    "RMSProp",
    "Rate",
    "Rule",
    "Split",
    "Stepper",
    "Sweep",
    "Trajectory",
    "beale",
    "bowl",
    "breast_cancer",
    "diabetes",
    "digits",
    "full_batch",
    "himmelblau",
    "least_squares",
    "linear",
    "logistic",
    "mini_batches",
    "minimize",
    "network",
    "online",
    "ravine",
    "rosenbrock",
    "saddle",
    "softmax",
    "split",
    "sweep",
]
