"""Numbers and arithmetic that neurons share, compiled."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.compiling import compiled

LIMIT, WRAP = 1 << 23, 1 << 24
"""Current wraps, and voltages and resonators clip, at 24 bits."""


@compiled(nb.int32(nb.int32, nb.int16))
def scaled(state, factor):
    """State * factor / 4096, toward zero."""
    product = np.int64(state) * factor
    return np.int32((product + ((product >> 63) & 4095)) >> 12)
