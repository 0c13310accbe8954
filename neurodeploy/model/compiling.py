"""How the loops of this package are compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import torch


def compiled(function: Any) -> Any:
    """Compile a loop when it is first called, and keep the code for the next process."""
    return nb.njit(cache=True, nogil=True, error_model="numpy")(function)


def inlined(function: Any) -> Any:
    """A part of compiled loops."""
    return nb.njit(inline="always", error_model="numpy")(function)


def loops_take(values: torch.Tensor) -> bool:
    """Whether the compiled loops read and write such values: float32 on a CPU."""
    return values.is_cpu and values.dtype == torch.float32
