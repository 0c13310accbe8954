"""Networks of SLAYER blocks as their authors write them, for the tests of what reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neurodeploy._io.lava import lava_imports

with lava_imports():
    from lava.lib.dl import slayer

BLOCKS = slayer.block
NORMS = slayer.neuron.norm


class Blocks(torch.nn.Module):
    """Blocks that run one after another."""

    def __init__(self, *blocks: Any) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return x


def cuba(**changes: Any) -> dict[str, Any]:
    return {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.1, **changes}


def sigma_delta(**changes: Any) -> dict[str, Any]:
    return {"threshold": 0.1, "activation": torch.nn.functional.relu, **changes}


def spikes(*shape: int, rate: float = 0.3, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.uint8)


@torch.no_grad()
def forward(module: torch.nn.Module, signal: np.ndarray) -> np.ndarray:
    """The author's own: what the module sends, evaluated."""
    return module.eval()(torch.from_numpy(signal.astype(np.float32))).numpy()


@torch.no_grad()
def chip_forward(module: Blocks, signal: np.ndarray) -> np.ndarray:
    """The same blocks with the step between layers before the neuron, where Lava has it.

    This is the documented difference that a bias makes, and the only one here.
    """
    sent = torch.from_numpy(signal.astype(np.float32))
    for block in module.eval().blocks:
        if hasattr(block, "synapse"):
            late = torch.nn.functional.pad(sent, (1, 0))[..., :-1]
            sent = block.neuron(block.synapse(late))
        else:
            sent = block(sent)
    return sent.numpy()
