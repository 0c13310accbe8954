"""How PyTorch computes while a model is trained on a CPU."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """As `on_threads`, on the calling thread alone."""
    with on_threads(1):
        yield


@contextlib.contextmanager
def on_threads(number: int) -> Iterator[None]:
    """Run on so many threads, and take denormal numbers for 0.

    Alone on two cores a second thread nearly halves a training step (0.113 to 0.064 s, task
    ``mnist``); beside anything else that wants its core it makes a step several times as long.
    Surrogate gradients far from the threshold are denormal (below 1.2e-38): a matrix product with
    them takes three times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
