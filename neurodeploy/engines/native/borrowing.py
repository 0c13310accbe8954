"""Arrays that the caller keeps, from their addresses: numba counts no references to them."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numba.extending import intrinsic

from neurodeploy.engines.native.layout import (
    FIRST_SLOT,
    GIVEN_AT,
    LISTS_AT,
    NUMBERS,
    PLACE,
    POOLS_AT,
    SCRATCH_AT,
    SENT_AT,
    SLOT,
    Given,
    Lists,
    Pools,
    Scratch,
    Sent,
)

U8, S8, S16, S32, S64, U64 = map(np.dtype, ("u1", "i1", "i2", "i4", "i8", "u8"))


@intrinsic
def _pointer(typing: Any, address: Any, dtype: Any) -> Any:
    """An address as a pointer to values of a type."""
    pointer = nb.types.CPointer(dtype.dtype)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, dtype), code


@intrinsic
def _data(typing: Any, data: Any) -> Any:
    """What the ``ctypes`` of an array points to."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arguments[0]

    pointer = nb.types.CPointer(data.dtype)
    return pointer(pointer), code


@nb.njit(forceinline=True)
def shaped(values, shape):
    """An array with another shape; it must be as large."""
    return nb.carray(_data(values.ctypes), shape)


@nb.njit(forceinline=True)
def numbers_at(address):
    """All that `kernels.run_samples` takes."""
    return nb.carray(_pointer(address, S64), (NUMBERS,))


@nb.njit(forceinline=True)
def line(numbers, slot, dtype):
    """The array of one axis that a slot describes."""
    place = FIRST_SLOT + SLOT * slot
    return nb.carray(_pointer(numbers[place], dtype), (numbers[place + 1],))


@nb.njit(forceinline=True)
def plane(numbers, slot, dtype):
    """The same of two axes."""
    place = FIRST_SLOT + SLOT * slot
    shape = (numbers[place + 1], numbers[place + 2])
    return nb.carray(_pointer(numbers[place], dtype), shape)


@nb.njit(forceinline=True)
def cube(numbers, slot, dtype):
    """The same of three axes."""
    place = FIRST_SLOT + SLOT * slot
    shape = (numbers[place + 1], numbers[place + 2], numbers[place + 3])
    return nb.carray(_pointer(numbers[place], dtype), shape)


@nb.njit(forceinline=True)
def pools_of(numbers):
    """What the layers share."""
    return Pools(
        line(numbers, POOLS_AT, S8),
        line(numbers, POOLS_AT + 1, S16),
        line(numbers, POOLS_AT + 2, S32),
        plane(numbers, POOLS_AT + 3, S16),
        line(numbers, POOLS_AT + 4, S32),
        line(numbers, POOLS_AT + 5, S32),
        line(numbers, POOLS_AT + 6, PLACE),
        line(numbers, POOLS_AT + 7, S32),
    )


@nb.njit(forceinline=True)
def scratch_of(numbers):
    """What this thread writes to."""
    return Scratch(
        line(numbers, SCRATCH_AT, S32),
        line(numbers, SCRATCH_AT + 1, S16),
        line(numbers, SCRATCH_AT + 2, S32),
        line(numbers, SCRATCH_AT + 3, S64),
        plane(numbers, SCRATCH_AT + 4, U64),
        line(numbers, SCRATCH_AT + 5, U64),
        line(numbers, SCRATCH_AT + 6, S32),
    )


@nb.njit(forceinline=True)
def lists_of(numbers, index):
    """One of its two lists."""
    return Lists(
        cube(numbers, LISTS_AT, S32)[index],
        cube(numbers, LISTS_AT + 1, S32)[index],
        plane(numbers, LISTS_AT + 2, S64)[index],
    )


@nb.njit(forceinline=True)
def given_of(numbers):
    """What arrives at the first layer."""
    return Given(cube(numbers, GIVEN_AT, U8), cube(numbers, GIVEN_AT + 1, S32))


@nb.njit(forceinline=True)
def sent_of(numbers):
    """Room for the spikes of every layer."""
    return Sent(line(numbers, SENT_AT, U8), line(numbers, SENT_AT + 1, S32))
