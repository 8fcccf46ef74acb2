"""The annotations of `optim` are true, and serve whoever calls it."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def mypy(*arguments):
    """Run mypy and return what it prints."""
    run = subprocess.run([sys.executable, "-m", "mypy", *arguments], cwd=ROOT, capture_output=True, text=True)
    return run.stdout + run.stderr


def test_mypy_finds_nothing():
    found = mypy()  # with the settings of pyproject.toml
    assert found.startswith("Success"), found


CALLS = """
import numpy as np
from optim import SGD, Adam, bowl, minimize
from optim.plots import Curve, landscape, picture

class Sign:
    def init(self, theta: np.ndarray) -> None: ...
    def step(self, theta: np.ndarray, grad: np.ndarray, state: None) -> np.ndarray:
        theta -= np.sign(grad)
        return theta

class Parabola:
    def value(self, theta: np.ndarray) -> np.ndarray: return theta[0] ** 2
    def gradient(self, theta: np.ndarray) -> np.ndarray: return 2 * theta

run = minimize(bowl(), [1.0, 2.0], Adam(eta=lambda t: 0.1 / t, beta1=np.array([0.5, 0.9])), 3)
minimize(Parabola(), np.ones(1), Sign(), 3)
picture(landscape(bowl()), [Curve(run.theta[:, 0], run.loss)], "A run.")

minimize(bowl(), [1.0], SGD, 3)  # wrong
minimize(bowl(), [1.0], 0.1, 3)  # wrong
minimize(np.sin, [1.0], SGD(0.1), 3)  # wrong
SGD(eta="fast")  # wrong
Adam(beta1=lambda t: 0.9)  # wrong
picture(landscape(bowl()), [3], "No mark.")  # wrong
run.best.no_such_attribute  # wrong
"""


def test_a_caller_is_told_of_what_is_wrong_and_of_nothing_else(tmp_path):
    calls = tmp_path / "calls.py"
    calls.write_text(CALLS, "utf-8")
    found = mypy(calls)
    told = {int(number) for number in re.findall(r"calls\.py:(\d+): error", found)}
    assert told == {number for number, line in enumerate(CALLS.splitlines(), 1) if line.endswith("# wrong")}, found
