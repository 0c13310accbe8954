"""How a model is computed on a CPU while it is trained or measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from neurodeploy._io.freed import freed_memory_kept
from neurodeploy.errors import InputError, message
from neurodeploy.model.workers import workers


@contextlib.contextmanager
def on_threads(threads: int | None = None) -> Iterator[None]:
    """Compute on so many threads, and take denormal numbers for 0.

    The compiled loops of `neurodeploy.model` share their work in pieces that the number of
    threads does not change, so it changes no bit. PyTorch's own operations run on one thread:
    theirs may change bits, and each waits for its slowest thread, which takes several times as
    long where anything else wants its core.

    Surrogate gradients far from the threshold are denormal (below 1.2e-38): a matrix product with
    them takes three times as long. Freed memory is kept (`freed_memory_kept`).

    Parameters
    ----------
    threads : int, optional
        As many as PyTorch has (``OMP_NUM_THREADS``, or one for each core) if not given.

    Raises
    ------
    InputError
        Fewer than one thread.
    """
    if threads is not None and threads < 1:
        raise InputError(message("threads", "at least 1", threads))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with freed_memory_kept(), workers(before if threads is None else threads):
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
