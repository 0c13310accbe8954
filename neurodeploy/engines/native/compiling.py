"""How every kernel is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb

from neurodeploy.engines.native.variants import BOUNDSCHECK

OPTIONS = {"nogil": True, "boundscheck": BOUNDSCHECK, "error_model": "numpy"}


def compiled(*signatures: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function now, for these types.

    Parameters
    ----------
    *signatures : numba signature
        Such as ``nb.void(nb.int64)``; `signatures` has those of records and tuples.
    """
    decorator: Callable[[Callable[..., Any]], Any] = nb.njit(
        list(signatures), forceinline=True, **OPTIONS
    )
    return decorator
