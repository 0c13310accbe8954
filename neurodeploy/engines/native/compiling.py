"""Compile kernels ahead of their use, and keep them until any source of this folder changes.

numba alone looks only at the file of a function, not at those of the functions that it calls.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba as nb

_FOLDER = Path(__file__).parent


def _cache_folder() -> Path:
    """Beside the sources, or in the person's cache where that cannot be written."""
    sources = b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))
    beside = _FOLDER / "__pycache__"
    own = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neurodeploy"
    writable = os.access(beside if beside.exists() else _FOLDER, os.W_OK)
    folder = Path(nb.config.CACHE_DIR or (beside if writable else own))
    return folder / f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}"


_CACHE = str(_cache_folder())


def compiled(*signatures: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function now, for these types, or load it from the cache.

    Parameters
    ----------
    *signatures : str
        As numba writes them.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        before, nb.config.CACHE_DIR = nb.config.CACHE_DIR, _CACHE
        try:
            decorator: Any = nb.njit(
                list(signatures),
                cache=True,
                nogil=True,
                boundscheck=False,
                error_model="numpy",
                forceinline=True,
            )
            kernel: Callable[..., Any] = decorator(function)
            return kernel
        finally:
            nb.config.CACHE_DIR = before

    return decorate
