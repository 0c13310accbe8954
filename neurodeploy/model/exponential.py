"""Exponentials that a compiled loop computes on many numbers at once.

Without a library of Intel's, numba calls the C library's for one number after another, which takes
eight times as long; PyTorch's own take a pass over memory each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.model.compiling import inlined


@inlined
def falling_exp(x: Any) -> Any:
    """e**-x for a float32 from 0 on, within a unit in the last place; 2e-38 stands for less.

    The polynomial is that of Cephes' ``expf``.
    """
    x = -min(x, np.float32(87))
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1.98756915e-4) * r + np.float32(1.39819995e-3)
    p = p * r + np.float32(8.33345191e-3)
    p = p * r + np.float32(4.16657959e-2)
    p = p * r + np.float32(1.66666655e-1)
    p = p * r + np.float32(5.00000012e-1)
    p = p * r * r + r + np.float32(1)
    power = (np.int32(n) + np.int32(127)) << np.int32(23)
    return p * np.int32(power).view(np.float32)


@inlined
def log_1_plus(x: Any) -> Any:
    """log(1 + x) for a float32 from 0 to 1, within two units in the last place.

    It is 2 artanh(x / (2 + x)), by seven terms of its series in a number of at most 1/3.
    """
    y = x / (np.float32(2) + x)
    square = y * y
    p = square * np.float32(1 / 13) + np.float32(1 / 11)
    p = p * square + np.float32(1 / 9)
    p = p * square + np.float32(1 / 7)
    p = p * square + np.float32(1 / 5)
    p = p * square + np.float32(1 / 3)
    return np.float32(2) * (p * square * y + y)
