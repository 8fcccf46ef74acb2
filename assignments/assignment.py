"""An assignment as the grader knows it: questions with their solutions, tests and usual wrong answers.

It is plain data, so that it travels as JSON to wherever submissions are graded. `assignments.master` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from assignments.submission import Submission


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
class Test:
    """A test: a function that asserts something about a student's functions.

    Attributes
    ----------
    source : str
        The function, as code. Its arguments name what it asks for: functions of the student, `reference`, `rng`.
    points : float
        What it gives.
    hidden : bool
        Whether students do not see it.
    """

    source: str
    points: float
    hidden: bool

    @cached_property
    def function(self) -> Callable[..., None]:
        """The function itself."""
        names: dict[str, Any] = {}
        exec(compile(self.source, "a test", "exec", dont_inherit=True), names)
        (function,) = (value for value in names.values() if isinstance(value, FunctionType))
        return function

    @property
    def title(self) -> str:
        """What it looks at, as its docstring says."""
        return " ".join((self.function.__doc__ or self.function.__name__).split())


@dataclass(frozen=True)
class Question:
    """A question: marked by tests, or by a person where there is a rubric.

    Attributes
    ----------
    name, title : str
    points : float
    solution : str
        The reference, as code.
    tests : tuple of Test
        Public and hidden ones.
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
    tests: tuple[Test, ...] = field(default=(), repr=False)
    misconceptions: tuple[Misconception, ...] = field(default=(), repr=False)
    rubric: tuple[str, ...] = field(default=(), repr=False)
    seed: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Assignment:
    """An assignment as one course has it.

    Attributes
    ----------
    name, title : str
    variant : dict
        What was drawn for the course.
    questions : tuple of Question
    version : str
        Of the problem set, whatever the course.
    course : str
        Which secret drew the conventions and the hidden data, without giving it away.
    """

    name: str
    title: str
    variant: dict[str, Any]
    questions: tuple[Question, ...]
    version: str = ""
    course: str = ""

    @property
    def points(self) -> float:
        """How many points there are."""
        return sum(question.points for question in self.questions)

    @property
    def tested(self) -> list[Question]:
        """The questions that tests mark."""
        return [question for question in self.questions if not question.rubric]

    @property
    def written(self) -> list[Question]:
        """The questions that a person marks."""
        return [question for question in self.questions if question.rubric]

    def written_answers(self, submission: Submission) -> dict[str, str | None]:
        """Return what a submission answers to the written questions, by their names."""
        titles = [question.title for question in self.questions]
        return {
            question.name: submission.written_answer(question.title, [t for t in titles if t != question.title])
            for question in self.written
        }

    @cached_property
    def reference(self) -> SimpleNamespace:
        """The reference's functions."""
        return self._functions({})

    @cached_property
    def mistaken(self) -> dict[str, list[tuple[Misconception, SimpleNamespace]]]:
        """For each question the misconceptions, each with the functions of somebody who has it."""
        return {
            question.name: [(one, self._functions({question.name: one.code})) for one in question.misconceptions]
            for question in self.tested
        }

    def _functions(self, instead: Mapping[str, str]) -> SimpleNamespace:
        names: dict[str, Any] = {"np": np}
        for question in self.tested:
            code = instead.get(question.name, question.solution)
            exec(compile(code, question.name, "exec", dont_inherit=True), names)
        return SimpleNamespace(**names)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as what JSON knows."""
        return asdict(self)

    @classmethod
    def from_dict(cls, parts: dict[str, Any]) -> Assignment:
        """Read what `to_dict` wrote."""
        questions = []
        for question in parts["questions"]:
            read = {
                "tests": tuple(Test(**one) for one in question["tests"]),
                "misconceptions": tuple(Misconception(**one) for one in question["misconceptions"]),
                "rubric": tuple(question["rubric"]),
            }
            questions.append(Question(**{**question, **read}))
        return cls(**{**parts, "questions": tuple(questions)})
