"""Chapter 8: what its boxes say there is to see, and each of its errors as a mutant that a comparison catches."""

import ast
from dataclasses import fields

import numpy as np
import pytest
from test_torch import furthest

from optim import SGD, Adam, AdamW, Momentum, RMSProp
from tools.notebooks import CHAPTER_FILES, Moved, code_cells, defined, explorable

QUIZ = explorable("mistakes", "A quiz")
BENCH = explorable("mistakes", "beside the right one")
ANSWERS = {
    "A": "no hat on m",
    "B": "root forgotten",
    "C": "never cleared",
    "D": "nothing wrong",
    "E": "no hat on v",
    "F": "t never grows",
}


def verdict(run, guess):
    """Return what the quiz says to a guess."""
    return Moved(QUIZ, case=run, guess=guess).marks[-1].describe()


@pytest.mark.parametrize("run", ANSWERS)
def test_the_quiz_knows_the_right_answer_and_no_other(run):
    said = {guess: verdict(run, guess) for guess in QUIZ.controls["guess"].words()}
    assert said.pop("(none yet)") == "What is your guess?"
    assert [guess for guess, says in said.items() if says.startswith("Right")] == [ANSWERS[run]]
    assert all(says.startswith("No") for guess, says in said.items() if guess != ANSWERS[run])


def test_the_first_steps_of_the_quiz_are_as_told():
    right = np.diff(Moved(QUIZ, case="A").curve("right")[0])[0]
    steps = {run: np.diff(Moved(QUIZ, case=run).curve("theirs")[0])[0] / right for run in "AEDF"}
    np.testing.assert_allclose([steps[run] for run in "AEDF"], [0.1, 1 / np.sqrt(0.001), 1, 1], rtol=1e-6)


def test_where_t_never_grows_the_path_is_ahead_at_first():
    for beta2 in BENCH.controls["beta2"].words():
        for eta in BENCH.controls["eta"].words():
            seen = Moved(BENCH, error="t never grows", beta2=beta2, eta=float(eta))
            right, wrong = (np.abs(np.diff(seen.curve(label)[0])) for label in ("right", "wrong"))
            assert wrong[0] == pytest.approx(right[0], rel=1e-6)
            assert wrong[1] > 1.2 * right[1]


def test_no_hat_on_v_leaps():
    assert Moved(BENCH, error="no hat on v").curve("wrong")[0][1] == pytest.approx(1.16, abs=0.003)


# The errors of the chapter are mutants


def classes(path):
    """Return the names of the classes that a notebook defines."""
    return [node.name for cell in code_cells(path) for node in ast.parse(cell).body if isinstance(node, ast.ClassDef)]


def falling(t):
    """Return a learning rate for each step, as no constant tells on which side of a sum it stands."""
    return 0.1 / np.sqrt(t)


MUTANTS = classes(CHAPTER_FILES["mistakes"])
MEANT = {  # what each tries to be, where it is not Adam
    "AdamL2": AdamW(falling, wd=0.1),
    "RateOutside": Momentum(falling, 0.9),
    "Uncleared": SGD(falling),
    "YesterdaysSquares": RMSProp(falling),
}


def steps(rule):
    """Return theta after each of thirty gradients of several sizes, one of them zero at first."""
    gradients = np.random.default_rng(0).normal(size=(30, 4)) * [1, 100, 0.01, 1]
    gradients[0, 3] = 0
    theta = np.array([1.0, -2.0, 3.0, 4.0])
    state = rule.init(theta)
    with np.errstate(all="ignore"):
        return np.array([rule.step(theta, g, state).copy() for g in gradients])


@pytest.mark.parametrize("name", MUTANTS)
def test_recorded_steps_tell_the_error_from_what_was_meant(name):
    mutant, meant = defined(CHAPTER_FILES["mistakes"], name), MEANT.get(name, Adam(falling))
    shared = {field.name: getattr(meant, field.name) for field in fields(mutant) if hasattr(meant, field.name)}
    assert furthest(steps(mutant(**shared)), steps(meant)) > 1e-6


def test_each_error_is_compared_with_something():
    assert set(MEANT) < set(MUTANTS)
    assert len(MUTANTS) >= 14
