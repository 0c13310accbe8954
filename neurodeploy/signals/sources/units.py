"""Time in files: its units, and where it begins. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import require_one_of
from neurodeploy.errors import InputError, message

MICROSECONDS_OF = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
"""Microseconds of each unit."""

UNIT_NAMES = tuple(MICROSECONDS_OF)

ZERO, FIRST = STARTS = ("zero", "first")
"""What becomes time 0: that of the file, or its first event."""


def require_unit(unit: str | None) -> str | None:
    """Return a unit of time, or None where nothing was said.

    Raises
    ------
    InputError
        There is no such unit.
    """
    return None if unit is None else require_one_of("option --time-unit", unit, MICROSECONDS_OF)


def require_start(name: str) -> str:
    """Return what becomes time 0.

    Raises
    ------
    InputError
        It is neither.
    """
    if name not in STARTS:
        raise InputError(message("option --start", f"one of {', '.join(STARTS)}", repr(name)))
    return name
