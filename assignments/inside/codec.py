"""How values cross between the student's code and the grader: numbers, arrays and short texts, written as JSON.

Neither side unpickles anything. The grader reads what comes back as a stranger's: a student's code may have taken over
the process that wrote it.
"""

from __future__ import annotations

import base64
import math

import numpy as np

DTYPES = ("bool", "int32", "int64", "float32", "float64")
LONGEST_TEXT = 1000
DEEPEST = 6
MOST_ELEMENTS = 200_000


class NotAllowed(TypeError):
    """A value that does not cross between student and grader."""


def encode(value, depth=0):
    """Write a value out as what JSON knows.

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
    if value is None or isinstance(value, bool | np.bool_):
        return value if value is None else bool(value)
    if isinstance(value, int | np.integer):
        if not -(2**63) <= int(value) < 2**63:
            raise NotAllowed("a whole number of more than 64 bits")
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise NotAllowed(f"a text of more than {LONGEST_TEXT} characters")
        return str(value)
    if isinstance(value, np.ndarray):
        array = np.asarray(value)  # a subclass counts as the numbers it holds
        if array.dtype.name not in DTYPES:
            raise NotAllowed(f"an array of {array.dtype.name} instead of real numbers")
        if array.size > MOST_ELEMENTS:
            raise NotAllowed(f"an array of {array.size} numbers, of which at most {MOST_ELEMENTS} are read")
        data = base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
        return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.decode("ascii")}
    if isinstance(value, list | tuple):
        return [encode(part, depth + 1) for part in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) and len(key) <= LONGEST_TEXT for key in value):
            raise NotAllowed("a dictionary whose keys are not texts")
        return {"dict": {str(key): encode(part, depth + 1) for key, part in value.items()}}
    kind = type(value).__name__
    what = f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
    raise NotAllowed(f"{what}: only numbers, arrays, texts, and lists, tuples and dictionaries of them")


def decode(parts, depth=0):
    """Read what `encode` wrote, believing nothing.

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
    if depth > DEEPEST:
        raise ValueError("unreadable answer")
    if parts is None or type(parts) in (bool, int, float):
        return parts
    if type(parts) is str and len(parts) <= LONGEST_TEXT:
        return parts
    if type(parts) is list:
        return [decode(part, depth + 1) for part in parts]
    if type(parts) is dict and parts.keys() == {"dict"} and type(parts["dict"]) is dict:
        return {key: decode(part, depth + 1) for key, part in parts["dict"].items()}
    if type(parts) is dict and parts.keys() == {"dtype", "shape", "data"} and parts["dtype"] in DTYPES:
        shape, data = parts["shape"], parts["data"]
        if type(shape) is list and len(shape) <= DEEPEST and type(data) is str:
            dtype = np.dtype(parts["dtype"])
            whole = all(type(length) is int and 0 <= length <= MOST_ELEMENTS for length in shape)
            raw = base64.b64decode(data, validate=True)  # binascii.Error is a ValueError
            if whole and len(raw) == math.prod(shape) * dtype.itemsize:
                return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    raise ValueError("unreadable answer")
