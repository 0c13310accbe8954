"""What functions of this folder are given: numbers and generators, or a clear error."""

from __future__ import annotations

import math
import numbers
import operator

import numpy as np

from neurodeploy.errors import InputError, message


def whole_number(where: str, value: object, *, least: int, most: int | None = None) -> int:
    """Return ``value`` as an int if it is an integer (no bool) in ``[least, most]``.

    Raises
    ------
    InputError
        It is of another type or out of bounds.
    """
    expected = f"an integer of at least {least}"
    if most is not None:
        expected = f"an integer in [{least}, {most}]"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least or (most is not None and number > most):
        raise InputError(message(where, expected, repr(value)))
    return number


def real_number(where: str, value: object, expected: str = "a finite number") -> float:
    """Return ``value`` as a float if it is a finite real number (no bool).

    Raises
    ------
    InputError
        It is not; the error says what was expected.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not math.isfinite(value):  # type: ignore[arg-type]
        raise InputError(message(where, expected, repr(value)))
    return float(value)  # type: ignore[arg-type]


def not_negative(where: str, value: object) -> float:
    """Return ``value`` as a float if it is a finite real number of at least 0.

    Raises
    ------
    InputError
        It is not.
    """
    expected = "a finite number, not negative"
    number = real_number(where, value, expected)
    if number < 0:
        raise InputError(message(where, expected, repr(value)))
    return number


def check_generator(
    rng: object, where: str = "rng", remedy: str = "Make one with np.random.default_rng(seed)."
) -> None:
    """Refuse what is no generator of random numbers.

    Raises
    ------
    InputError
        It is something else.
    """
    if not isinstance(rng, np.random.Generator):
        raise InputError(
            message(where, "a numpy.random.Generator", f"a {type(rng).__name__}", remedy)
        )
