"""Arrays without their owners, whose references numba counts atomically at every slice."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any

import numba as nb
from numba.extending import intrinsic

from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.layout import (
    BOTH_LISTS,
    I32,
    LISTS,
    POOLS,
    SCRATCH,
    Lists,
    Pools,
    Scratch,
)


@intrinsic
def _pointer(typing: Any, data: Any) -> Any:
    """To what the ``ctypes`` of an array points to."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arguments[0]

    pointer = nb.types.CPointer(data.dtype)
    return pointer(pointer), code


@nb.njit(forceinline=True)
def _borrowed(values):
    return nb.carray(_pointer(values.ctypes), values.shape)


@compiled(I32(I32))
def borrowed_state(state):
    """The state, which its `Workspace` keeps."""
    return _borrowed(state)


@compiled(POOLS(POOLS))
def borrowed_pools(pools):
    """Pools that their `Program` keeps; records are counted nowhere."""
    return Pools(
        _borrowed(pools.weights8),
        _borrowed(pools.weights16),
        _borrowed(pools.weights32),
        _borrowed(pools.factors),
        _borrowed(pools.bias),
        _borrowed(pools.order),
        pools.places,
        _borrowed(pools.tables),
    )


@compiled(SCRATCH(SCRATCH))
def borrowed_scratch(scratch):
    """Scratch that its `Workspace` keeps."""
    return Scratch(
        _borrowed(scratch.tile),
        _borrowed(scratch.acc16),
        _borrowed(scratch.acc32),
        _borrowed(scratch.acc64),
        _borrowed(scratch.ones),
        _borrowed(scratch.bits),
        _borrowed(scratch.joined),
    )


@compiled(LISTS(BOTH_LISTS, nb.int64))
def borrowed_lists(lists, index):
    """One of two lists that a `Workspace` keeps."""
    return Lists(
        _borrowed(lists.indices[index]),
        _borrowed(lists.values[index]),
        _borrowed(lists.sizes[index]),
    )
