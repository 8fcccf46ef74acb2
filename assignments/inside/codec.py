"""How values cross between the student's code and the grader: numbers, arrays and short texts, written as JSON.

Neither side unpickles anything. The grader trusts nothing that comes back: a student's code may have taken over the
process that wrote it.
"""

from __future__ import annotations

import binascii
import numbers
from typing import Any

import numpy as np

from assignments.inside.limits import DEEPEST, LONGEST_TEXT, MOST_ELEMENTS, MOST_PARTS

DTYPES = {name: np.dtype(name).newbyteorder("<") for name in ("bool", "int32", "int64", "float32", "float64")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NATIVE = {name: dtype.newbyteorder("=") for name, dtype in DTYPES.items()}


class NotAllowed(TypeError):
    """A value that does not cross between student and grader."""


def encode(value: Any, depth: int = 0) -> Any:
    """Write a value out as what JSON knows.

    Any real number becomes a whole number or a float, any array of real numbers one of the types in `DTYPES`. A complex
    value crosses as its real part where its imaginary part is only rounding, as NumPy's `eigvals` leaves it.

    Raises
    ------
    NotAllowed
        If it is not made of numbers, arrays, texts, lists, tuples and dictionaries, or too much of it.

    Examples
    --------
    >>> encode((np.float32(0.5), [1, None]))
    [0.5, [1, None]]
    >>> encode(np.array([1.0, 2.0]))
    {'dtype': 'float64', 'shape': [2], 'data': 'AAAAAAAA8D8AAAAAAAAAQA=='}
    >>> encode({1, 2})
    Traceback (most recent call last):
    assignments.inside.codec.NotAllowed: a set: only numbers, arrays, texts, and lists, tuples and dictionaries of them
    """
    if depth > DEEPEST:
        raise NotAllowed(f"a value nested more than {DEEPEST} deep")
    if type(value) is np.ndarray:  # nearly all that crosses is one of these two
        return _encode_array(value)
    if type(value) is float:
        return value
    if isinstance(value, list | tuple | range):
        if len(value) > MOST_PARTS:
            raise NotAllowed(f"a list of {len(value)} parts, of which at most {MOST_PARTS} are read")
        return [encode(part, depth + 1) for part in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) and len(key) <= LONGEST_TEXT for key in value):
            raise NotAllowed("a dictionary whose keys are not texts")
        return {"dict": {str(key): encode(part, depth + 1) for key, part in value.items()}}
    if value is None or isinstance(value, bool | np.bool_):
        return value if value is None else bool(value)
    if isinstance(value, int | np.integer):
        if not -(2**63) <= int(value) < 2**63:
            raise NotAllowed("a whole number of more than 64 bits")
        return int(value)
    if isinstance(value, numbers.Real) or type(value).__name__ == "Decimal":
        return _float(value)
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise NotAllowed(f"a text of more than {LONGEST_TEXT} characters")
        return str(value)
    if isinstance(value, complex | np.complexfloating):
        return float(_real(np.asarray(value)))
    if isinstance(value, np.ndarray):
        return _encode_array(np.asarray(value))  # a subclass counts as the numbers it holds
    if hasattr(value, "__array__"):  # a table of pandas', a tensor
        return _encode_array(np.asarray(value))
    kind = type(value).__name__
    what = f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
    if hasattr(value, "__next__") or isinstance(value, type({}.keys()) | type({}.values())):
        raise NotAllowed(f"{what}: put it into list(...)")
    raise NotAllowed(f"{what}: only numbers, arrays, texts, and lists, tuples and dictionaries of them")


def _float(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError):
        raise NotAllowed(f"a {type(value).__name__} that is no number of 64 bits") from None


def _real(array: np.ndarray) -> np.ndarray:
    """Return the real part of complex numbers whose imaginary part is only rounding."""
    if array.size and np.max(np.abs(array.imag)) > 1e-9 * np.max(np.abs(array.real)):
        raise NotAllowed("complex numbers: take np.real(...) if the imaginary part is only rounding")
    return array.real


def _encode_array(array: np.ndarray) -> dict[str, Any]:
    if array.size > MOST_ELEMENTS:
        raise NotAllowed(f"an array of {array.size} numbers, of which at most {MOST_ELEMENTS} are read")
    if array.ndim > DEEPEST:
        raise NotAllowed(f"an array of {array.ndim} axes, of which at most {DEEPEST} are read")
    if array.dtype not in NAMES:
        array = _converted(array)
    data = binascii.b2a_base64(array.tobytes(), newline=False).decode("ascii")
    return {"dtype": NAMES[array.dtype], "shape": [*array.shape], "data": data}


def _converted(array: np.ndarray) -> np.ndarray:
    """Return the same numbers as one of the types in `DTYPES`."""
    if array.dtype.kind == "c":
        array = _real(array)
    if array.dtype.kind not in "biuf":
        raise NotAllowed(f"an array of {array.dtype.name} instead of real numbers")
    if array.dtype.kind == "u" and array.size and array.max() >= 2**63:
        raise NotAllowed("a whole number of more than 64 bits")
    kind = array.dtype.newbyteorder("<")
    return array.astype(kind if kind in NAMES else np.int64 if kind.kind in "iu" else np.float64)


def decode(parts: Any, depth: int = 0) -> Any:
    """Read what `encode` wrote; anything else is refused.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> decode(encode([np.eye(2), {"t": 1}]))
    [array([[1., 0.],
           [0., 1.]]), {'t': 1}]
    >>> decode({"dtype": "object", "shape": [1], "data": "AAAA"})
    Traceback (most recent call last):
    ValueError: unreadable answer
    """
    kind = type(parts)
    if depth <= DEEPEST:
        if kind is float or kind is bool or parts is None or (kind is int and -(2**63) <= parts < 2**63):
            return parts
        if kind is dict and parts.keys() == {"dtype", "shape", "data"}:
            return _decode_array(**parts)
        if kind is list and len(parts) <= MOST_PARTS:
            return [decode(part, depth + 1) for part in parts]
        if kind is dict and parts.keys() == {"dict"} and type(parts["dict"]) is dict:
            return {key[:LONGEST_TEXT]: decode(part, depth + 1) for key, part in parts["dict"].items()}
        if kind is str and len(parts) <= LONGEST_TEXT:
            return parts
    raise ValueError("unreadable answer")


def _decode_array(dtype: Any, shape: Any, data: Any) -> np.ndarray:
    if type(dtype) is str and dtype in DTYPES and type(shape) is list and len(shape) <= DEEPEST and type(data) is str:
        size = DTYPES[dtype].itemsize
        for length in shape:
            if type(length) is not int or not 0 <= length <= MOST_ELEMENTS:
                raise ValueError("unreadable answer")
            size *= length
        raw = binascii.a2b_base64(data, strict_mode=True)  # its error is a ValueError
        if len(raw) == size <= MOST_ELEMENTS * DTYPES[dtype].itemsize:
            return np.frombuffer(raw, DTYPES[dtype]).reshape(shape).astype(NATIVE[dtype])
    raise ValueError("unreadable answer")
