"""Threads that share compiled loops.

Work comes in pieces whose number and bounds do not depend on the number of threads, so neither do
the bits of a result. Each thread takes the next piece when it has finished one: one that waits
for a busy core keeps nobody else waiting for more than the piece in its hands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")

_helpers: tuple[ThreadPoolExecutor, int] | None = None
"""Who takes part besides the calling thread, and how many they are."""


@contextlib.contextmanager
def workers(threads: int) -> Iterator[None]:
    """Share the loops of this package among so many threads, the calling one included.

    As the calling thread is taken to do, the others compute with denormal numbers as 0.
    """
    global _helpers
    before, helpers = _helpers, threads - 1
    with ThreadPoolExecutor(max(1, helpers), "loops", _start_helper) as pool:
        _helpers = (pool, helpers)
        try:
            yield
        finally:
            _helpers = before


def share(pieces: int, work: Callable[[int], object]) -> None:
    """Call ``work`` for each number below ``pieces``, in any order, on all threads."""
    todo = iter(range(pieces))

    def take() -> None:
        for piece in todo:
            work(piece)

    taking = []
    if _helpers is not None:
        pool, helpers = _helpers
        taking = [pool.submit(take) for _ in range(min(helpers, pieces - 1))]
    take()
    for future in taking:
        if not future.cancel():
            future.result()


def share_slices(length: int, size: int, work: Callable[[slice], object]) -> None:
    """Call ``work`` for slices of so many, one behind the other up to a length, as `share` does."""
    share(-(-length // size), lambda piece: work(slice(piece * size, (piece + 1) * size)))


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made by a helper, if there is one, while the one before is used."""
    if _helpers is None or _helpers[1] == 0:
        yield from items
        return
    pool, end = _helpers[0], object()
    coming = pool.submit(next, items, end)
    while (item := coming.result()) is not end:
        coming = pool.submit(next, items, end)
        yield item  # type: ignore[misc]


def _start_helper() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
