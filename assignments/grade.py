"""Grade one submission: the tests run here, the student's code elsewhere, and mistakes get their names."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from assignments.assignment import Assignment, Misconception, Question, Test
from assignments.compare import allclose_nested, copied, describe
from assignments.inside.notebook import NOTES, PLANS, Outline, Steps
from assignments.recording import Call, Changed, Recorder, Reference
from assignments.sandbox import InProcess, MachineFailure, Sandbox, Stopped, StudentError
from assignments.submission import Submission

LONGEST_MESSAGE = 1000
GIVEN = {"reference", "rng", "allclose_nested"}  # what a test gets beside the student's functions
NOT_WRITTEN = "It is not written yet: it raises NotImplementedError."
PAUSES = (1, 5)  # seconds before a question is tried again that the machine could not run

OpenSandbox = Callable[[], Sandbox | InProcess]


@dataclass(frozen=True)
class Outcome:
    """What became of one test.

    Attributes
    ----------
    title : str
        What the test looks at.
    points, max_points : float
        Of how many.
    hidden : bool
    message : str
        Why it failed, for the student; empty where it passed. Of a hidden test it tells nothing about the data.
    """

    title: str
    points: float
    max_points: float
    hidden: bool
    message: str

    @property
    def passed(self) -> bool:
        """Whether the student's code passed it."""
        return not self.message


@dataclass(frozen=True)
class QuestionResult:
    """What one question is worth.

    Attributes
    ----------
    question, title : str
    points, max_points : float
    outcomes : tuple of Outcome
    misconception : str
        The name of the mistake, where it is a usual one.
    feedback : str
        What the student is told about it.
    public : bool
        Whether the mistake shows in the public tests, so that naming it gives nothing away.
    note : str
        Which part of the notebook was graded, where that was not the usual one.
    ungraded : str
        Why the grader failed on it, as a clause; the points are then none.
    """

    question: str
    title: str
    points: float
    max_points: float
    outcomes: tuple[Outcome, ...] = field(repr=False)
    misconception: str = ""
    feedback: str = ""
    public: bool = True
    note: str = ""
    ungraded: str = ""


def grade_submission(
    submission: Submission,
    assignment: Assignment,
    open_sandbox: Callable[[list[str]], Sandbox | InProcess],
    with_hidden: bool = True,
) -> list[QuestionResult]:
    """Grade every question that tests can grade, each by itself.

    Parameters
    ----------
    submission : Submission
    assignment : Assignment
    open_sandbox : callable
        Returns a new `Sandbox` or `InProcess` for the code cells that it is given.
    with_hidden : bool
        Whether the hidden tests run, too.

    Raises
    ------
    MachineFailure
        If the machine could not run a question's code, three times.
    """
    open_one = partial(open_sandbox, submission.code)
    outlines = _patiently(partial(_outlines, assignment.tested, open_one))
    return [
        grade_question(question, assignment, open_one, with_hidden, outline)
        for question, outline in zip(assignment.tested, outlines, strict=True)
    ]


def grade_question(
    question: Question,
    assignment: Assignment,
    open_sandbox: OpenSandbox,
    with_hidden: bool = True,
    outline: Outline | None = None,
) -> QuestionResult:
    """Grade one question.

    Where the notebook can be run in several ways, the public tests decide which of them counts: the first in which they
    all pass and nothing runs out of time. Anybody can run the public tests, so this tells nobody anything.

    Without the hidden tests it only matters whether there is such a way, and the one with the least work comes first: a
    student who checks a notebook does not wait for the experiments in it.

    A mistake in a test or in the grader costs this question and no other: the result says so in `ungraded`.

    The notebook is read for this question where its `outline` is not given.
    """
    most = sum(test.points for test in question.tests)
    try:
        if outline is None:
            (outline,) = _patiently(partial(_outlines, [question], open_sandbox))
        attempts: list[Attempt] = []
        for plan in PLANS if with_hidden else reversed(PLANS):
            if plan in outline:
                steps = outline[plan]
                attempt = _patiently(partial(_attempt, plan, steps, question, assignment, open_sandbox, with_hidden))
                attempts.append(attempt)
                if attempt.passed_in_public == 1 and not attempt.out_of_time:
                    break
        best = max(attempts, key=lambda attempt: (attempt.passed_in_public, not attempt.out_of_time))
        named = {}
        if not all(outcome.passed for outcome in best.outcomes):
            named = _recognised(best.calls, assignment.reference, assignment.mistaken[question.name])
    except MachineFailure:
        raise
    except Exception as error:
        reason = f"the grader failed on question {question.name}, not the student: {type(error).__name__}: {error}"
        return QuestionResult(question.name, question.title, 0.0, most, (), ungraded=reason[:LONGEST_MESSAGE])
    points = sum(outcome.points for outcome in best.outcomes)
    most = sum(outcome.max_points for outcome in best.outcomes)
    note = NOTES[best.plan] if with_hidden else ""
    return QuestionResult(question.name, question.title, points, most, tuple(best.outcomes), **named, note=note)


def _outlines(questions: Sequence[Question], open_sandbox: OpenSandbox) -> list[Outline]:
    """Read a notebook once for several questions: return for each which plans differ, and what they run."""
    sandbox = open_sandbox()
    groups = [sorted({name for test in question.tests for name in _arguments(test)} - GIVEN) for question in questions]
    try:
        return sandbox.outlines(groups)
    except StudentError:  # it cannot be read in time; the calls say so
        return [{PLANS[0]: {}} for _ in questions]
    finally:
        sandbox.close()


def _patiently(run: Callable[[], Any]) -> Any:
    """Run something, and again where the machine could not."""
    for pause in PAUSES:
        try:
            return run()
        except Stopped:
            raise
        except MachineFailure:
            time.sleep(pause)
    return run()


@dataclass
class Attempt:
    """The tests of one question, with what one plan runs of the notebook."""

    plan: str
    outcomes: list[Outcome] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    out_of_time: bool = False

    @property
    def passed_in_public(self) -> float:
        """The share of the public tests that passed; 1 where there are none."""
        public = [outcome.passed for outcome in self.outcomes if not outcome.hidden]
        return sum(public) / len(public) if public else 1.0


def _attempt(
    plan: str,
    steps: Steps,
    question: Question,
    assignment: Assignment,
    open_sandbox: OpenSandbox,
    with_hidden: bool,
) -> Attempt:
    """Run the tests of a question."""
    attempt = Attempt(plan)
    sandbox = open_sandbox()
    sandbox.plan, sandbox.steps = plan, steps
    try:
        for number, test in enumerate(question.tests):
            if test.hidden and not with_hidden:
                continue
            message = _failure(test, number, question, assignment, sandbox, attempt.calls)
            points = 0.0 if message else test.points
            attempt.outcomes.append(Outcome(test.title, points, test.points, test.hidden, message))
        attempt.out_of_time = sandbox.out_of_time
    finally:
        sandbox.close()
    return attempt


def _arguments(test: Test) -> tuple[str, ...]:
    """Return the names of a test's arguments."""
    code = test.function.__code__
    return code.co_varnames[: code.co_argcount]


def _failure(
    test: Test,
    number: int,
    question: Question,
    assignment: Assignment,
    sandbox: Sandbox | InProcess,
    calls: list[Call],
) -> str:
    """Run one test; return why it failed, or an empty text."""
    names = _arguments(test)
    changed: Changed = {}
    given: dict[str, Any] = {
        "reference": Reference(assignment.reference, changed),
        "rng": np.random.default_rng([question.seed, number]),
        "allclose_nested": allclose_nested,
    }
    given |= {name: Recorder(name, sandbox, calls, test.hidden, changed) for name in names if name not in given}
    before = len(calls)
    try:
        with np.errstate(all="ignore"):
            test.function(**{name: given[name] for name in names})
    except StudentError as error:
        if "NotImplementedError" in error.kind:
            return NOT_WRITTEN
        return _sentence(error.kind if test.hidden else str(error))
    except AssertionError as error:
        return _sentence(str(error) or "What comes back is not right.")
    except MachineFailure:
        raise
    except Exception as error:  # the test met something else than it expected, and only the student's values vary
        if len(calls) == before or calls[-1].outcome is None:
            raise
        call = calls[-1]
        if test.hidden:
            return f"`{call.function}` returns something of another form than was asked for."
        what = describe(calls[-1].outcome[0])
        return _sentence(f"`{call.function}` returns {what}, with which the test cannot go on ({error})")
    return ""


def _sentence(text: str) -> str:
    text = text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} ..."
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be written
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _recognised(calls: list[Call], reference: Any, mistaken: Sequence[tuple[Misconception, Any]]) -> dict[str, Any]:
    """Name the misconception that answers every call as the submission did, and say whether public calls show it."""
    if not calls or any(call.outcome is None for call in calls):
        return {}
    for one, functions in mistaken:
        if _answers_alike(functions, calls):
            wrong = (call for call in calls if not allclose_nested(_reply(reference, call), call.outcome))
            if first := next(wrong, None):
                public = not first.hidden or any(not call.hidden for call in wrong)
                return {"misconception": one.name, "feedback": one.feedback, "public": public}
    return {}


def _answers_alike(functions: Any, calls: list[Call]) -> bool:
    """Return whether these functions answer every call as the submission did.

    The calls are made in their order, up to the first that differs: an argument that came out of the submission is then
    what these functions returned themselves, of the same shape, and no array of a student's is computed with unseen.
    """
    return all(allclose_nested(_reply(functions, call), call.outcome) for call in calls)


def _reply(functions: Any, call: Call) -> tuple | None:
    arguments, keywords = copied((call.arguments, call.keywords))
    try:
        with np.errstate(all="ignore"):
            result = getattr(functions, call.function)(*arguments, **keywords)
    except Exception:
        return None
    return result, arguments, keywords
