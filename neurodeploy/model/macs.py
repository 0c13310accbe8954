"""Multiply-accumulates of a module, as PyTorch's own counter has them."""

from __future__ import annotations

import copy
from typing import Any

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
    copied = copy.deepcopy(module).eval()  # its parts get hooks
    counter = FlopCounterMode(display=False)
    flops = dict.fromkeys(copied.modules(), 0)

    def begin(part: torch.nn.Module, *_: Any) -> None:
        flops[part] -= counter.get_total_flops()

    def end(part: torch.nn.Module, *_: Any) -> None:
        flops[part] += counter.get_total_flops()

    for part in flops:
        part.register_forward_pre_hook(begin)
        part.register_forward_hook(end)
    with torch.no_grad(), counter:
        copied(example.to(parameter))
    for name, part in copied.named_modules():
        own = flops[part] - sum(flops[child] for child in part.children())
        if own == 0 and any(True for _ in part.parameters(recurse=False)):
            remedy = "Give the reader a property `macs`: the multiply-accumulates of one window."
            where = f"operations of {type(part).__name__} {name!r}"
            raise InputError(message(where, "a module that PyTorch can count", "none", remedy))
    return int(counter.get_total_flops()) // 2
