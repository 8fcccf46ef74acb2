"""Grade one submission: the tests run here, the student's code elsewhere, and mistakes get their names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from assignments.sandbox import StudentError

LONGEST_MESSAGE = 1000
NOT_WRITTEN = "It is not written yet: it raises NotImplementedError."


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
    def passed(self):
        """Whether it did."""
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
        A sentence about how it was graded.
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


@dataclass
class Call:
    """A call that a test made: the arguments before and after, and what came back."""

    function: str
    arguments: tuple
    keywords: dict
    hidden: bool
    outcome: tuple | None = None  # the result and the arguments afterwards; None where it failed


class Recorder:
    """A student's function as the tests see it; every call is written down."""

    def __init__(self, name, sandbox, calls, hidden, mutated):
        self.__name__ = name
        self.sandbox, self.calls, self.hidden, self.mutated = sandbox, calls, hidden, mutated

    def __call__(self, *arguments, **keywords):
        """Call the function where the student's code runs."""
        call = Call(self.__name__, _copied(arguments), _copied(keywords), self.hidden)
        self.calls.append(call)
        result = self.sandbox.call(self.__name__, *arguments, **keywords)
        call.outcome = _copied((result, arguments, keywords))
        _remember([*arguments, *keywords.values()], [*call.arguments, *call.keywords.values()], self.mutated)
        return result


class Reference:
    """The solutions as the tests see them: what a student's code changed, they get as it was.

    Otherwise whoever fills the arrays with zeros has questions whose answers are zero.
    """

    def __init__(self, functions, mutated):
        self.functions, self.mutated = functions, mutated

    def __getattr__(self, name):
        function = getattr(self.functions, name)
        return lambda *arguments, **keywords: function(*self._mended(arguments), **self._mended(keywords))

    def _mended(self, value):
        if isinstance(value, np.ndarray):
            return self.mutated[id(value)][1].copy() if id(value) in self.mutated else value
        if isinstance(value, list | tuple):
            return type(value)([self._mended(part) for part in value])
        if isinstance(value, dict):
            return {key: self._mended(part) for key, part in value.items()}
        return value


def _remember(now, before, mutated):
    """Write down the arrays that were changed, each with what it was at first."""
    if isinstance(now, np.ndarray):
        if not np.array_equal(now, before):
            mutated.setdefault(id(now), (now, before))  # holding it keeps its number its own
    elif isinstance(now, list | tuple):
        for one, other in zip(now, before, strict=True):
            _remember(one, other, mutated)
    elif isinstance(now, dict):
        for key, one in now.items():
            _remember(one, before[key], mutated)


def grade_question(question, assignment, open_sandbox, with_hidden=True):
    """Grade one question.

    Parameters
    ----------
    question : Question
    assignment : Assignment
    open_sandbox : callable
        Returns a new `Sandbox` or `InProcess` with the submission in it.
    with_hidden : bool
        Whether the hidden tests run, too.
    """
    calls, outcomes = [], []
    sandbox = open_sandbox()
    try:
        for number, case in enumerate(question.tests):
            if case.hidden and not with_hidden:
                continue
            message = _failure(case, number, question, assignment, sandbox, calls)
            outcomes.append(Outcome(case.title, 0.0 if message else case.points, case.points, case.hidden, message))
    finally:
        sandbox.close()
    points, most = (sum(getattr(o, name) for o in outcomes) for name in ("points", "max_points"))
    named = {}
    if not all(outcome.passed for outcome in outcomes):
        named = _recognised(calls, assignment.reference, assignment.mistaken[question.name])
    return QuestionResult(question.name, question.title, points, most, tuple(outcomes), **named)


def _failure(case, number, question, assignment, sandbox, calls):
    """Run one test; return why it failed, or an empty text."""
    test = case.function
    names = test.__code__.co_varnames[: test.__code__.co_argcount]
    rng = np.random.default_rng([question.seed, number])
    mutated = {}
    given = {"reference": Reference(assignment.reference, mutated), "rng": rng, "allclose_nested": allclose_nested}
    given |= {name: Recorder(name, sandbox, calls, case.hidden, mutated) for name in names if name not in given}
    try:
        with np.errstate(all="ignore"):
            test(**{name: given[name] for name in names})
    except StudentError as error:
        if "NotImplementedError" in error.kind:
            return NOT_WRITTEN
        return _sentence(error.kind if case.hidden else str(error))
    except AssertionError as error:
        return _sentence(str(error) or "What comes back is not right.")
    except Exception as error:  # the test met something else than it expected, and only the student's values vary
        if not calls or calls[-1].outcome is None:
            raise
        call = calls[-1]
        if case.hidden:
            return f"`{call.function}` returns something of another form than was asked for."
        what = describe(call.outcome[0])
        return _sentence(f"`{call.function}` returns {what}, with which the test cannot go on ({error})")
    return ""


def _sentence(text):
    text = text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} ..."
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be written
    return text if text.endswith((".", "!", "?")) else f"{text}."


def describe(value):
    """Say in words what kind of value it is.

    Examples
    --------
    >>> print(describe([np.ones(2), 0.5]))
    2 values: an array of shape (2,), a number
    >>> print(describe(None))
    nothing (None)
    """
    if value is None:
        return "nothing (None)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, bool | int | float):
        return "a number"
    if isinstance(value, list | tuple):
        shown = ", ".join(describe(part) for part in value[:4])
        return f"{len(value)} values: {shown}{', ...' if len(value) > 4 else ''}"
    return {str: "a text", dict: "a dictionary"}.get(type(value), "something else")


def _recognised(calls, reference, mistaken):
    """Name the misconception that answers every call as the submission did, and say whether public calls show it."""
    if not calls or any(call.outcome is None for call in calls):
        return {}
    right = [_reply(reference, call) for call in calls]
    for one, functions in mistaken:
        replies = [_reply(functions, call) for call in calls]
        if all(allclose_nested(reply, call.outcome) for reply, call in zip(replies, calls, strict=True)):
            wrong = [
                call
                for reply, ours, call in zip(replies, right, calls, strict=True)
                if not allclose_nested(reply, ours)
            ]
            if wrong:
                public = not all(call.hidden for call in wrong)
                return {"misconception": one.name, "feedback": one.feedback, "public": public}
    return {}


def _reply(functions, call):
    arguments, keywords = _copied((call.arguments, call.keywords))
    try:
        with np.errstate(all="ignore"):
            result = getattr(functions, call.function)(*arguments, **keywords)
    except Exception:
        return None
    return result, arguments, keywords


def _copied(value):
    """Copy what crosses between student and grader; several times as fast as `copy.deepcopy`, which cannot know it."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return type(value)([_copied(part) for part in value])
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return value


def allclose_nested(one, other, rtol=1e-5, atol=1e-8):
    """Return whether two values have the same form and, but for rounding, the same numbers.

    This is what tests compare with. `numpy.allclose` stretches shapes until they fit: an empty array is close to all.

    Examples
    --------
    >>> allclose_nested([1.0, np.ones(2)], (1, [1, 1 + 1e-9]))
    True
    >>> allclose_nested([], 3.0), allclose_nested([[1.0]], [1.0])
    (False, False)
    """
    if isinstance(one, dict) or isinstance(other, dict):
        both = isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys()
        return both and all(allclose_nested(one[key], other[key], rtol, atol) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            allclose_nested(a, b, rtol, atol) for a, b in zip(one, other, strict=True)
        )
    if one is None or other is None or isinstance(one, str) or isinstance(other, str):
        return type(one) is type(other) and one == other
    try:
        one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return False
    return one.shape == other.shape and bool(np.allclose(one, other, rtol, atol, equal_nan=True))


def grade_submission(submission, assignment, open_sandbox, with_hidden=True):
    """Grade every question that tests can grade, each by itself."""
    return [
        grade_question(q, assignment, lambda: open_sandbox(submission.code), with_hidden) for q in assignment.tested
    ]
