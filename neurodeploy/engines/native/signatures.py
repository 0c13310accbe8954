"""The records and tuples of `layout` as numba types, for signatures."""

from __future__ import annotations

import numba as nb

from neurodeploy.engines.native.layout import (
    LAYER,
    PLACE,
    TALLY,
    Block,
    Chunk,
    Given,
    Lists,
    Pools,
    Scratch,
    Sent,
)

I8, I16, I32, I64 = (kind[::1] for kind in (nb.int8, nb.int16, nb.int32, nb.int64))
LAYER_TYPE, PLACE_TYPE, TALLY_TYPE = (nb.from_dtype(dtype) for dtype in (LAYER, PLACE, TALLY))
POOLS = nb.types.NamedTuple((I8, I16, I32, nb.int16[:, ::1], I32, I32, PLACE_TYPE[::1], I32), Pools)
SCRATCH = nb.types.NamedTuple((I32, I16, I32, I64, nb.uint64[:, ::1], nb.uint64[::1], I32), Scratch)
LISTS = nb.types.NamedTuple((nb.int32[:, ::1], nb.int32[:, ::1], I64), Lists)
GIVEN = nb.types.NamedTuple((nb.uint8[:, :, ::1], nb.int32[:, :, ::1]), Given)
SENT = nb.types.NamedTuple((nb.uint8[::1], I32), Sent)
CHUNK = nb.types.NamedTuple((nb.int64, nb.int64, nb.int64, nb.boolean), Chunk)
BLOCK = nb.types.NamedTuple((I32, I32, I32, I32, I16, I16), Block)
