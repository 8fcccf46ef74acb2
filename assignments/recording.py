"""What a test is given: the student's functions, whose calls are written down, and the reference's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignments.compare import copied

Changed = dict[int, tuple[np.ndarray, np.ndarray]]  # arrays that a student's code changed, now and before, by `id`


@dataclass
class Call:
    """A call that a test made: the arguments before and after, and what came back."""

    function: str
    arguments: tuple
    keywords: dict[str, Any]
    hidden: bool
    outcome: tuple | None = None  # the result and the arguments afterwards; None where it failed


class Recorder:
    """A student's function as the tests see it; every call is written down.

    Parameters
    ----------
    name : str
    sandbox : Sandbox or InProcess
    calls : list of Call
        Where the calls are written down.
    hidden : bool
        Whether a hidden test makes them.
    changed : dict
        Where the arrays are written down that the student's code changed.
    """

    def __init__(self, name: str, sandbox: Any, calls: list[Call], hidden: bool, changed: Changed) -> None:
        self.__name__ = name
        self.sandbox, self.calls, self.hidden, self.changed = sandbox, calls, hidden, changed

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function where the student's code runs."""
        call = Call(self.__name__, copied(arguments), copied(keywords), self.hidden)
        self.calls.append(call)
        result = self.sandbox.call(self.__name__, *arguments, **keywords)
        after, before = (arguments, keywords), (call.arguments, call.keywords)
        call.outcome = (copied(result), *(copied(after) if _remember(after, before, self.changed) else before))
        return result


class Reference:
    """The solutions as the tests see them: what a student's code changed, they get as it was before.

    Otherwise a function that fills its arguments with zeros would make zero the right answer.
    """

    def __init__(self, functions: Any, changed: Changed) -> None:
        self.functions, self.changed = functions, changed

    def __getattr__(self, name: str) -> Callable:
        function = getattr(self.functions, name)
        return lambda *arguments, **keywords: function(*self._before(arguments), **self._before(keywords))

    def _before(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self.changed[id(value)][1].copy() if id(value) in self.changed else value
        if isinstance(value, list | tuple):
            return type(value)([self._before(part) for part in value])
        if isinstance(value, dict):
            return {key: self._before(part) for key, part in value.items()}
        return value


def _remember(now: Any, before: Any, changed: Changed) -> bool:
    """Write down the arrays that were changed, each with what it was at first, and return whether there are any."""
    if isinstance(now, np.ndarray):
        if now.tobytes() == before.tobytes() or np.array_equal(now, before):
            return False
        changed.setdefault(id(now), (now, before))  # holding it keeps its number its own
        return True
    if isinstance(now, list | tuple):
        return any([_remember(one, other, changed) for one, other in zip(now, before, strict=True)])
    if isinstance(now, dict):
        return any([_remember(one, before[key], changed) for key, one in now.items()])
    return False
