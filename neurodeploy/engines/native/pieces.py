"""The innermost loops, from `simd` or from `plain`."""

from __future__ import annotations

from neurodeploy.engines.native.variants import KERNELS

if KERNELS == "plain":
    from neurodeploy.engines.native.plain import (
        add_run,
        nonzero_bits,
        sum_tile,
        update_cuba,
        wrap_lanes,
    )
else:
    from neurodeploy.engines.native.simd import (
        add_run,
        nonzero_bits,
        sum_tile,
        update_cuba,
        wrap_lanes,
    )

__all__ = [
    "add_run",
    "nonzero_bits",
    "sum_tile",
    "update_cuba",
    "wrap_lanes",
]
