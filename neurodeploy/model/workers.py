"""Threads that share compiled loops.

Work comes in pieces whose number and bounds do not depend on the number of threads, so neither do
the bits of a result. Each thread takes the next piece when it has finished one: one that waits
for a busy core keeps nobody else waiting for more than the piece in its hands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch

_helpers: tuple[ThreadPoolExecutor, int] | None = None


@contextlib.contextmanager
def workers(threads: int) -> Iterator[None]:
    """Share the loops of this package among so many threads, the calling one included.

    The others compute with PyTorch as this one does: denormal numbers are 0 there if they are
    here.
    """
    global _helpers
    before = _helpers
    if threads == 1:
        _helpers = None
        yield
        _helpers = before
        return
    flush = float(torch.tensor(1e-39) * 1.0) == 0.0
    with ThreadPoolExecutor(threads - 1, "loops", _start_helper, (flush,)) as pool:
        _helpers = (pool, threads - 1)
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

    if _helpers is None or pieces == 1:
        take()
        return
    pool, count = _helpers
    taking = [pool.submit(take) for _ in range(min(count, pieces - 1))]
    take()
    for future in taking:
        if not future.cancel():
            future.result()


def _start_helper(flush_denormal: bool) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(flush_denormal)
