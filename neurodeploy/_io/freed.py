"""Memory that was freed is kept for what comes next."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``: what may lie free at the end, and what is mapped by itself."""

ENDLESS, USUAL = 1 << 30, 1 << 25
"""Bytes: more than a tensor has, and the most that glibc raises the second one to of its own."""


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let glibc keep what is freed; elsewhere nothing is changed.

    It maps a large tensor by itself and gives it back when it is freed, so that every page of the
    next one is made anew: in a training step with convolutions a fifth of the time. At the end
    its usual limits hold again. Threads other than the main one gain little: glibc gives them
    heaps of at most 64 MiB, and what needs a second heap gives that back.
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    _limits(libc, ENDLESS)
    try:
        yield
    finally:
        _limits(libc, USUAL)


def _glibc() -> ctypes.CDLL | None:
    loaded = ctypes.CDLL(None) if sys.platform == "linux" else None
    return loaded if hasattr(loaded, "mallopt") else None


def _limits(libc: ctypes.CDLL, size: int) -> None:
    for limit in (MMAP_THRESHOLD, TRIM_THRESHOLD):
        libc.mallopt(limit, size)
