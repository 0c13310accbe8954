"""Multiply-accumulates of a module, as PyTorch's own counter has them."""

from __future__ import annotations

import copy

import torch
from torch.utils.flop_counter import FlopCounterMode

from neurodeploy.errors import InputError, message


def count_macs(module: torch.nn.Module, example: torch.Tensor) -> int:
    """Multiply-accumulates of matrix products and convolutions in one forward.

    Elementwise operations, activations and biases are free.

    Parameters
    ----------
    module : Module
        Left as it is.
    example : float32 Tensor
        What it is called with.

    Raises
    ------
    InputError
        A part has parameters, but PyTorch counts no operation of its own: an LSTM, for instance,
        or a normalisation.
    """
    parameter = next(module.parameters(), example)
    copied = copy.deepcopy(module).eval()  # the counter hangs hooks into it
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        copied(example.to(parameter))
    counts = {name: sum(by.values()) for name, by in counter.get_flop_counts().items()}
    root = type(module).__name__
    for name, part in module.named_modules():
        path = f"{root}.{name}" if name else root
        children = (f"{path}.{child}" for child, _ in part.named_children())
        own = counts.get(path, 0) - sum(counts.get(child, 0) for child in children)
        if own == 0 and any(True for _ in part.parameters(recurse=False)):
            remedy = "Give the reader a property `macs`: the multiply-accumulates of one window."
            where = f"operations of {type(part).__name__} {name!r}"
            raise InputError(message(where, "a module that PyTorch can count", "none", remedy))
    return int(counter.get_total_flops()) // 2
