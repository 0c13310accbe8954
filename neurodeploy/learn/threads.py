"""How PyTorch computes while a model is trained on a CPU."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run on the calling thread alone, and take denormal numbers for 0.

    The dynamics of neurons are hundreds of operations a batch on some ten thousand values each;
    waking a second thread for each of them takes as long as it saves, and stalls for seconds
    where something else wants its core. Surrogate gradients far from the threshold are denormal
    (below 1.2e-38): a matrix product with them takes three times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
