"""Multiply-accumulates of a module: dense, as PyTorch counts them, and without those by zero."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch

from neurodeploy.errors import InputError, message

WEIGHTED = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
"""Layers whose zeros are seen; what others multiply counts in full."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerMacs:
    """Multiply-accumulates of one layer for one sample.

    Parameters
    ----------
    dense : int
        All of them.
    effective : float64 Tensor [sample]
        Those of an input and a weight that are both not 0, as NeuroBench defines the word.
    """

    dense: int
    effective: torch.Tensor

    @property
    def effective_share(self) -> float:
        """Mean part that is effective."""
        return float(self.effective.mean()) / self.dense


def count_macs(module: torch.nn.Module, example: torch.Tensor) -> int:
    """Multiply-accumulates of matrix products and convolutions in one forward.

    Elementwise operations, activations and biases are free; so is what a layer leaves out where
    its input is 0.

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
    from torch.utils.flop_counter import FlopCounterMode  # with it, sympy and more: seconds

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


def only_weighted(module: torch.nn.Module) -> bool:
    """Whether all parameters are of layers of `WEIGHTED`."""
    return all(
        isinstance(part, WEIGHTED)
        for part in module.modules()
        if any(True for _ in part.parameters(recurse=False))
    )


@torch.no_grad()
def layer_macs(module: torch.nn.Module, inputs: torch.Tensor) -> dict[str, LayerMacs]:
    """Dense and effective multiply-accumulates of each layer of `WEIGHTED`, by name.

    The layer is computed once more on ones in place of what is not 0, which counts them.

    Parameters
    ----------
    module : Module
        Left as it is.
    inputs : float Tensor [sample, ...]
        What it is called with.
    """
    copied = copy.deepcopy(module).eval()  # its parts get hooks
    found: dict[str, LayerMacs] = {}

    def hook(name: str) -> Any:
        ones = copy.deepcopy(copied.get_submodule(name)).double()
        assert isinstance(ones, WEIGHTED)
        ones.weight.copy_(ones.weight != 0)
        ones.bias = None

        def count(part: Any, arguments: tuple[torch.Tensor], output: torch.Tensor) -> None:
            counted = ones((arguments[0] != 0).double())
            dense = output[0].numel() * part.weight[0].numel()
            found[name] = LayerMacs(dense=dense, effective=counted.flatten(1).sum(1))

        return count

    for name, part in list(copied.named_modules()):
        if isinstance(part, WEIGHTED):
            part.register_forward_hook(hook(name))
    copied(inputs.to(next(copied.parameters(), inputs)))
    return found
