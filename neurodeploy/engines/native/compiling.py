"""Compile kernels ahead of their use, and keep them until any source of this folder changes.

numba alone looks only at the file of a function, not at those of the functions that it calls.
Two environment variables, read once, choose how: see the README of this folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numba as nb

from neurodeploy.errors import EngineError, message

_FOLDER = Path(__file__).parent


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


def _cache_folder() -> Path:
    """Beside the sources, without what older ones left; in the person's cache if need be."""
    sources = b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))
    version = f"kernels-{hashlib.sha256(sources).hexdigest()[:16]}"
    name = f"{version}-{KERNELS}{'-checked' * BOUNDSCHECK}"
    if nb.config.CACHE_DIR:
        return Path(nb.config.CACHE_DIR) / name
    beside = _FOLDER / "__pycache__"
    if not os.access(beside if beside.exists() else _FOLDER, os.W_OK):
        own = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(own) / "neurodeploy" / name
    for old in beside.glob("kernels-*"):
        if not old.name.startswith(version):
            shutil.rmtree(old, ignore_errors=True)
    return beside / name


def _cache() -> str:
    folder = _cache_folder()
    if not folder.exists():
        sys.stderr.write("neurodeploy: compiling the native engine, once, for a minute or two\n")
    return str(folder)


_CACHE = _cache()


def compiled(*signatures: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function now, for these types, or load it from the cache.

    Parameters
    ----------
    *signatures : numba signature
        Such as ``nb.void(nb.int64)``; `layout` has the types of records and tuples.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        before, nb.config.CACHE_DIR = nb.config.CACHE_DIR, _CACHE
        try:
            decorator: Any = nb.njit(
                list(signatures),
                cache=True,
                nogil=True,
                boundscheck=BOUNDSCHECK,
                error_model="numpy",
                forceinline=True,
            )
            return decorator(function)
        finally:
            nb.config.CACHE_DIR = before

    return decorate
