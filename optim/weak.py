"""Arrays of hyperparameters that never upcast float32, as Python floats do not."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Weak"]


class Weak(np.ndarray):
    """A float64 array that takes the precision of the array it meets, as a Python float does (NEP 50).

    So 1 - beta2 is worked out in double precision, its product with a float32 gradient is still float32, and a grid of
    settings in float32 is its single runs to the last bit.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """Meet other arrays in their precision, and stay weak among numbers and other weak arrays."""
        met = [x.dtype for x in inputs if isinstance(x, np.ndarray) and not isinstance(x, Weak)]
        precision = np.result_type(0.0, *met)  # of a Python float that meets them
        inputs = tuple(np.asarray(x, precision) if isinstance(x, Weak) else x for x in inputs)
        if out:
            kwargs["out"] = tuple(x.view(np.ndarray) if isinstance(x, Weak) else x for x in out)
        result = getattr(ufunc, method)(*inputs, **kwargs)
        return result if met else _weak(result)


def _weak(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(map(_weak, result))
    if isinstance(result, np.floating):
        return float(result)
    return result.view(Weak) if isinstance(result, np.ndarray) and result.dtype.kind == "f" else result
