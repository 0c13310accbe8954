"""How many threads PyTorch uses where more than one costs more than it brings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run on the calling thread alone.

    The dynamics of neurons are hundreds of operations a batch on some ten thousand values each;
    waking a second thread for each of them takes as long as it saves, and stalls for seconds
    where something else wants its core.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
