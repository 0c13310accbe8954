"""Compile kernels ahead of their use, and keep them until any source of this folder changes.

numba alone looks only at the file of a function, not at those of the functions that it calls.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba as nb

_FOLDER = Path(__file__).parent


def _cache_folder() -> Path:
    """Beside the sources, without what older ones left; in the person's cache if need be."""
    sources = b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))
    name = f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}"
    if nb.config.CACHE_DIR:
        return Path(nb.config.CACHE_DIR) / name
    beside = _FOLDER / "__pycache__"
    if not os.access(beside if beside.exists() else _FOLDER, os.W_OK):
        own = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(own) / "neurodeploy" / name
    if not (beside / name).exists():
        for old in beside.glob("kernels-*"):
            shutil.rmtree(old, ignore_errors=True)
    return beside / name


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
