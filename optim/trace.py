"""NumPy code run on symbols, which write down what is done to them: a rule or a loss becomes a script for the browser.

The rules and the losses are written once, in Python. To run them where there is no Python, each is called once with
symbols in place of numbers. A symbol knows no value; it notes every operation that it meets, so that the call leaves a
straight list of operations: the same ones, in the same order. Hence what the browser computes from + - * / and square
roots is the same to the last bit. Where the code asks a symbol for a decision (`if s.t == 1`), both answers are
followed.

>>> from optim import SGD, bowl
>>> print(rule_script(SGD(eta=0.1)))
const r0 = h[0] * g[0];
const r1 = h[0] * g[1];
const r2 = x[0] - r0;
const r3 = x[1] - r1;
x[0] = r2;
x[1] = r3;

Libraries were looked at. SymPy's printers sort the terms of sums and products and so change the order of operations;
PScript translates the text of a function and does not know NumPy.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from optim.losses import Loss
from optim.rule import Rule

__all__ = ["Untraceable", "loss_scripts", "memory_before", "rule_script", "setting"]

# What NumPy's elementwise functions are in JavaScript. All names in a script are simple, so no brackets are needed.
SCRIPT = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.divide: "{} / {}",
    np.negative: "-{}",
    np.positive: "{}",
    np.square: "{0} * {0}",
    np.reciprocal: "1 / {}",
    np.power: "Math.pow({}, {})",
    np.float_power: "Math.pow({}, {})",
    np.remainder: "(m => m !== 0 && (m < 0) !== ({1} < 0) ? m + {1} : m)({0} % {1})",
    np.floor_divide: "Math.floor({} / {})",
    np.sqrt: "Math.sqrt({})",
    np.absolute: "Math.abs({})",
    np.fabs: "Math.abs({})",
    np.sign: "Math.sign({}) + 0",  # NumPy knows no sign -0
    np.maximum: "Math.max({}, {})",
    np.minimum: "Math.min({}, {})",
    np.clip: "Math.min(Math.max({}, {}), {})",
    np.logaddexp: "Math.max({0}, {1}) + Math.log1p(Math.exp(-Math.abs({0} - {1})))",
    np.equal: "{} == {}",
    np.not_equal: "{} != {}",
    np.less: "{} < {}",
    np.less_equal: "{} <= {}",
    np.greater: "{} > {}",
    np.greater_equal: "{} >= {}",
    np.logical_and: "{} && {}",
    np.logical_or: "{} || {}",
    np.logical_not: "!{}",
    np.bitwise_and: "{} && {}",  # of comparisons: a symbol is never a whole number with bits
    np.bitwise_or: "{} || {}",
    np.invert: "!{}",
    np.isfinite: "Number.isFinite({})",
    np.isnan: "Number.isNaN({})",
    np.arctan2: "Math.atan2({}, {})",
    np.hypot: "Math.hypot({}, {})",
}
SAME_NAME = ("exp", "expm1", "log", "log1p", "log2", "log10", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
SCRIPT |= {getattr(np, name): f"Math.{name}({{}})" for name in (*SAME_NAME, "floor", "ceil", "trunc")}
SCRIPT |= {getattr(np, f"arc{name}"): f"Math.a{name}({{}})" for name in SAME_NAME[-6:]}
REDUCED = (np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or)

DECISIONS = 8  # more than these, one after the other, are no script but a search
OPERATIONS = 2000  # a loss made from more data than this is too heavy for a page


class Untraceable(TypeError):
    """A rule or a loss does something that has no counterpart in a script for the browser."""


class Tape:
    """The operations of one call, each once, and the decisions that were asked for."""

    def __init__(self, answers: list[bool]) -> None:
        self.answers = answers
        self.lines: list[str] = []
        self.known: dict[str, Symbol] = {}  # by expression
        self.decided: list[tuple[str, int, bool]] = []  # what was asked, after how many lines, and the answer

    def note(self, expression: str) -> Symbol:
        """Return the symbol of an expression, which is computed once however often it is written."""
        if expression not in self.known:
            name = f"r{len(self.lines)}"
            self.lines.append(f"const {name} = {expression};")
            self.known[expression] = Symbol(self, name)
        if len(self.lines) > OPERATIONS:
            raise Untraceable(f"it takes more than {OPERATIONS} operations")
        return self.known[expression]

    def decide(self, symbol: Symbol) -> bool:
        """Return the answer to `if symbol`: what this call is to assume, or yes at first."""
        for name, _, answer in self.decided:
            if name == symbol.name:
                return answer
        place = len(self.decided)
        if place >= DECISIONS:
            raise Untraceable(f"it asks for more than {DECISIONS} decisions")
        answer = self.answers[place] if place < len(self.answers) else True
        self.decided.append((symbol.name, len(self.lines), answer))
        return answer


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """A number that is not known yet. Like a number it never changes: an operation gives a new one."""

    __slots__ = ("name", "tape")
    __hash__ = object.__hash__
    ndim, shape, size = 0, (), 1

    def __init__(self, tape: Tape, name: str) -> None:
        self.tape, self.name = tape, name

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _record(ufunc, method, inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _call(function, args, kwargs)

    def __bool__(self) -> bool:
        return self.tape.decide(self)

    def __float__(self) -> NoReturn:
        raise Untraceable("it needs the number itself (`float`, `math`, or an array of numbers that is written into)")

    __int__ = __index__ = __complex__ = __float__

    def __repr__(self) -> str:
        return self.name


class Symbols(np.ndarray):
    """NumPy's own array, of symbols: shapes, slices and in-place operators are NumPy's."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _record(ufunc, method, inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _call(function, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Symbol | Symbols):
            raise Untraceable("it takes a part of an array that depends on the numbers; `np.where` does the same")
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Assign; under a mask of symbols, to each element what it was or the new value."""
        if isinstance(key, Symbol | Symbols):
            key, value = ..., _where(key, value, self)
        super().__setitem__(key, value)


def _record(ufunc: np.ufunc, method: str, inputs: Any, out: Any = None, where: Any = True, **kwargs: Any) -> Any:
    """Note an elementwise function, or one that NumPy makes from it, and return its result as NumPy would."""
    kwargs = {name: value for name, value in kwargs.items() if name not in ("casting", "subok", "dtype")}
    out = out[0] if isinstance(out, tuple) else out
    inputs = [_plain(x) for x in inputs]
    if method == "reduce" and ufunc in REDUCED and where is True:
        result = _reduced(ufunc, *inputs, **kwargs)
    elif method == "__call__" and ufunc in (np.matmul, np.vecdot) and not kwargs:
        result = ufunc(*(np.asarray(x, object) for x in inputs))
    elif method == "__call__" and ufunc in SCRIPT and not kwargs:
        result = np.frompyfunc(lambda *numbers: _note(ufunc, numbers), ufunc.nin, 1)(*inputs)
    else:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise Untraceable(f"`np.{name}` has no counterpart in the browser")
    if out is None or isinstance(out, Symbol):  # `eta *= 2`, where eta is a number, makes another number
        return result.view(Symbols) if isinstance(result, np.ndarray) and result.ndim else _element(result)
    out[...] = result if where is True else _where(where, result, out)
    return out


def _note(ufunc: np.ufunc, numbers: tuple) -> Any:
    """Note one operation on numbers, of which some are symbols."""
    tapes = [x.tape for x in numbers if isinstance(x, Symbol)]
    if not tapes:
        return ufunc(*numbers)
    if any(tape is not tapes[0] for tape in tapes):
        raise Untraceable("it keeps a number from an earlier call, which only its state may do")
    if ufunc in (np.power, np.float_power) and not isinstance(numbers[1], Symbol):
        match float(numbers[1]):  # as NumPy does for arrays
            case 2.0:
                ufunc, numbers = np.square, numbers[:1]
            case 1.0:
                return numbers[0]
            case 0.5:
                ufunc, numbers = np.sqrt, numbers[:1]
            case -1.0:
                ufunc, numbers = np.reciprocal, numbers[:1]
    return tapes[0].note(SCRIPT[ufunc].format(*map(_name, numbers)))


def _reduced(ufunc: np.ufunc, array: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    """Return the sum, or what `ufunc` makes instead of it, along some axes, one number after the other."""
    array = np.asarray(array, object)
    axes = range(array.ndim) if axis is None else np.atleast_1d(axis) % array.ndim
    for one in sorted(axes, reverse=True):
        first, *rest = np.moveaxis(array, one, 0)
        for part in rest:
            first = np.asarray(_plain(_record(ufunc, "__call__", (first, part))), object)
        array = np.expand_dims(np.asarray(first, object), one) if keepdims else np.asarray(first, object)
    return array


def _call(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function of NumPy that is no ufunc: what it is made of is noted, or refused."""
    if function is np.where and len(args) == 3:
        return _where(*args)
    try:
        result = np.ndarray.__array_function__(np.empty(0, object).view(Symbols), function, (Symbols,), args, kwargs)
    except Untraceable:
        raise
    except Exception as error:
        raise Untraceable(f"`np.{function.__name__}` has no counterpart in the browser ({error})") from None
    return result.view(Symbols) if isinstance(result, np.ndarray) and result.dtype == object else result


def _where(condition: Any, yes: Any, no: Any) -> Any:
    """Note a choice between two numbers, one by one."""

    def choose(condition: Any, yes: Any, no: Any) -> Any:
        if not isinstance(condition, Symbol):
            return yes if condition else no
        return condition.tape.note("{} ? {} : {}".format(*map(_name, (condition, yes, no))))

    result = np.frompyfunc(choose, 3, 1)(*map(_plain, (condition, yes, no)))
    return result.view(Symbols) if isinstance(result, np.ndarray) and result.ndim else _element(result)


def _plain(x: Any) -> Any:
    """Return an array as NumPy's own array of objects, so that its elements are met one by one."""
    if isinstance(x, Symbol):
        box = np.empty((), object)
        box[()] = x
        return box
    return np.asarray(x).view(np.ndarray) if isinstance(x, np.ndarray) else x


def _element(x: Any) -> Any:
    return x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x


def _name(x: Any) -> str:
    """Return how a script writes a number, to the last bit."""
    if isinstance(x, Symbol):
        return x.name
    if isinstance(x, bool | np.bool_):
        return "true" if x else "false"
    if not isinstance(x, int | float | np.number):
        raise Untraceable(f"it computes with {x!r:.40}, which is no number")
    x = float(x)
    written = {np.inf: "Infinity", -np.inf: "(-Infinity)"}.get(x) or ("NaN" if x != x else repr(x).removesuffix(".0"))
    return f"({written})" if written.startswith("-") else written


def _symbols(tape: Tape, name: str, count: int) -> Symbols:
    array = np.empty(count, object)
    array[:] = [Symbol(tape, f"{name}[{k}]") for k in range(count)]
    return array.view(Symbols)


def _script(who: str, run: Callable[[Tape], list[str]]) -> str:
    """Return the script of a call, with an `if` for each decision.

    Parameters
    ----------
    who : str
        What messages call the code that runs.
    run : callable
        Takes a tape, calls the code, and returns the closing lines of the script.
    """

    def follow(answers: list[bool], begin: int) -> list[str]:
        tape = Tape(answers)
        closing = run(tape)
        if len(tape.decided) == len(answers):
            return [*tape.lines[begin:], *closing]
        name, place, _ = tape.decided[len(answers)]
        yes, no = (follow([*answers, answer], place) for answer in (True, False))
        return [*tape.lines[begin:place], f"if ({name}) {{", *yes, "} else {", *no, "}"]

    try:
        with np.errstate(all="ignore"):
            lines, again = follow([], 0), follow([], 0)
        if lines != again:
            raise Untraceable("it does something else at each call")
    except Exception as error:
        raise Untraceable(f"{who} cannot run in the laboratory: {_reason(error)}") from None
    return "\n".join(lines)


def _reason(error: Exception) -> str:
    """Say what was wrong, and in which line of the code that was traced."""
    reason = str(error) if isinstance(error, Untraceable) else f"{type(error).__name__}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    ours = [frame for frame in frames if "numpy" not in frame.filename and frame.line]
    return f"{reason}, in the line `{ours[-1].line}`" if ours else reason


def rule_script(rule: Rule) -> str:
    """Return one step of a rule in two parameters as a script.

    The script finds the number of the step in `t`, the hyperparameters in `h` in the order of `setting`, the
    gradient in `g`; it changes the parameters `x` and what is remembered, `s`, one array after the other.

    Raises
    ------
    Untraceable
        If `update` does what has no counterpart in the browser; the message names it.
    """
    if not isinstance(rule, Rule):
        raise Untraceable(f"a laboratory needs a Rule, as SGD(eta=0.1) is; got {rule!r:.60}")
    if type(rule).step is not Rule.step:
        raise Untraceable(f"{rule.name} cannot run in the laboratory: it has a step of its own; only update is traced")

    def run(tape: Tape) -> list[str]:
        traced = copy.copy(rule)  # an update may also read `self.eta`
        t, hypers = Symbol(tape, "t"), {}
        for place, name in enumerate(setting(rule)):
            hypers[name] = Symbol(tape, f"h[{place}]")
        for name in rule.hyperparameters:
            if callable(schedule := getattr(rule, name)):
                hypers[name] = schedule(t)
        for name, symbol in hypers.items():
            object.__setattr__(traced, name, symbol)
        theta, g = _symbols(tape, "x", 2), _symbols(tape, "g", 2)
        remembered = _symbols(tape, "s", 2 * len(rule.memory)).reshape(-1, 2)
        state = rule.State(t, *remembered)
        traced.update(theta, g, state, **hypers)
        after = [np.broadcast_to(getattr(state, name), 2) for name in rule.memory]
        return _stores({"x": theta, "s": np.concatenate([[], *map(_two, after)])})

    return _script(f"{rule.name}.update", run)


def setting(rule: Rule) -> dict[str, float]:
    """Return the hyperparameters of a rule that are numbers, by name; a schedule is none."""
    values = {name: getattr(rule, name) for name in rule.hyperparameters}
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            raise Untraceable(f"{rule.name}: a laboratory shows one setting; {name} holds {value.size}")
    return {name: value for name, value in values.items() if not callable(value)}


def memory_before(rule: Rule) -> list[float]:
    """Return what a rule remembers before its first step, one array of two numbers after the other."""
    states = [rule.init(np.array(theta)) for theta in ([0.0, 0.0], [1.0, -2.0])]
    before, other = (np.concatenate([[], *(getattr(state, name) for name in rule.memory)]) for state in states)
    if not np.array_equal(before, other):
        raise Untraceable(f"{rule.name} cannot run in the laboratory: its init depends on the starting point")
    return before.tolist()


def loss_scripts(loss: Loss) -> tuple[str, str]:
    """Return the value and the gradient of a loss of two parameters as two scripts.

    Both find the parameters in `x`. The first returns the value, the second writes the gradient to `g`.

    Raises
    ------
    Untraceable
        If a function does what has no counterpart in the browser; the message names it.
    """

    def value(tape: Tape) -> list[str]:
        result = np.asarray(loss.value(_symbols(tape, "x", 2)), object)
        if result.shape != ():
            raise Untraceable(f"it must give one number; got the shape {result.shape}")
        return [f"return {_name(result.item())};"]

    def gradient(tape: Tape) -> list[str]:
        return _stores({"g": _two(loss.gradient(_symbols(tape, "x", 2)))})

    name = getattr(loss, "name", type(loss).__name__)
    if getattr(loss, "dimension", 2) != 2:
        raise Untraceable(f"{name} cannot run in the laboratory: it has {loss.dimension} parameters, not two")
    return _script(f"{name}.value", value), _script(f"{name}.gradient", gradient)


def _two(array: Any) -> np.ndarray:
    array = np.asarray(array, object)
    if array.shape != (2,):
        raise Untraceable(f"it must give two numbers; got the shape {array.shape}")
    return array


def _stores(arrays: dict[str, Any]) -> list[str]:
    """Return the lines that store results where the caller finds them, after all have been computed."""
    pairs = [(f"{to}[{k}]", _name(x)) for to, array in arrays.items() for k, x in enumerate(array)]
    return [f"{place} = {name};" for place, name in pairs if place != name]
