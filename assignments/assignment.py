"""An assignment as the grader knows it: questions with their solutions, tests and usual wrong answers.

It is plain data, so that it travels as JSON to wherever submissions are graded. `assignments.master` makes it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import SimpleNamespace

import numpy as np
from otter.test_files.exception_test import ExceptionTestFile


@dataclass(frozen=True)
class Misconception:
    """A usual wrong answer.

    Attributes
    ----------
    name : str
        What the summary calls it.
    feedback : str
        What the student is told.
    code : str
        The solution with this mistake in it.
    """

    name: str
    feedback: str
    code: str


@dataclass(frozen=True)
class Question:
    """A question: marked by tests, or by a person where there is a rubric.

    Attributes
    ----------
    name, title : str
    points : float
    solution : str
        The reference, as code.
    tests : str
        The tests, public and hidden, as a test file of otter-grader's.
    misconceptions : tuple of Misconception
    rubric : tuple of str
        How a written answer is marked.
    seed : int
        What the random numbers of the hidden tests start from.
    """

    name: str
    title: str
    points: float
    solution: str = field(default="", repr=False)
    tests: str = field(default="", repr=False)
    misconceptions: tuple[Misconception, ...] = field(default=(), repr=False)
    rubric: tuple[str, ...] = field(default=(), repr=False)
    seed: int = field(default=0, repr=False)

    @cached_property
    def test_cases(self):
        """The tests, as otter-grader reads them: each has `body`, `points` and `hidden`."""
        return ExceptionTestFile.from_string(self.tests).test_cases if self.tests else []


@dataclass(frozen=True)
class Assignment:
    """An assignment as one course has it.

    Attributes
    ----------
    name, title : str
    variant : dict
        What was drawn for the course.
    questions : tuple of Question
    """

    name: str
    title: str
    variant: dict
    questions: tuple[Question, ...]

    @property
    def points(self):
        """How many points there are."""
        return sum(question.points for question in self.questions)

    @property
    def tested(self):
        """The questions that tests mark."""
        return [question for question in self.questions if not question.rubric]

    @property
    def written(self):
        """The questions that a person marks."""
        return [question for question in self.questions if question.rubric]

    def written_answers(self, submission):
        """Return what a submission answers to the written questions, by their names."""
        titles = [question.title for question in self.questions]
        return {
            question.name: submission.written_answer(question.title, [t for t in titles if t != question.title])
            for question in self.written
        }

    @cached_property
    def reference(self):
        """The reference's functions."""
        return self._functions({})

    @cached_property
    def mistaken(self):
        """For each question the misconceptions, each with the functions of somebody who has it."""
        return {
            question.name: [(one, self._functions({question.name: one.code})) for one in question.misconceptions]
            for question in self.tested
        }

    def _functions(self, instead):
        names = {"np": np}
        for question in self.tested:
            exec(instead.get(question.name, question.solution), names)
        return SimpleNamespace(**names)

    def to_dict(self):
        """Return everything as what JSON knows."""
        return asdict(self)

    @classmethod
    def from_dict(cls, parts):
        """Read what `to_dict` wrote."""
        questions = []
        for question in parts["questions"]:
            mistakes = tuple(Misconception(**one) for one in question["misconceptions"])
            questions.append(Question(**{**question, "misconceptions": mistakes, "rubric": tuple(question["rubric"])}))
        return cls(**{**parts, "questions": tuple(questions)})
