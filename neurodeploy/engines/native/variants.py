"""Which kernels run: by two environment variables, read once; the README of this folder has them.

Nothing here imports numba.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from neurodeploy.errors import EngineError, message


def chosen_kernels(environment: Mapping[str, str], byte_order: str) -> str:
    """Which of `simd` and `plain` the kernels call, by ``NEURODEPLOY_KERNELS``.

    Raises
    ------
    EngineError
        There are no such kernels, or not for this byte order.
    """
    chosen = environment.get("NEURODEPLOY_KERNELS", "simd")
    if chosen not in ("simd", "plain"):
        raise EngineError(message("NEURODEPLOY_KERNELS", "simd or plain", chosen))
    if chosen == "simd" and byte_order != "little":
        remedy = "Set NEURODEPLOY_KERNELS=plain."
        raise EngineError(message("byte order", "little endian", byte_order, remedy))
    return chosen


KERNELS = chosen_kernels(os.environ, sys.byteorder)
"""``simd``, or ``plain``: loops without hand-written LLVM."""

BOUNDSCHECK = os.environ.get("NEURODEPLOY_BOUNDSCHECK", "0") == "1"
"""Whether an index past an end raises IndexError, which takes time."""
