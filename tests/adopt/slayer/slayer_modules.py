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


def drawn(module: Blocks, *shape: int) -> Blocks:
    """After a first run, in which SLAYER draws delays; these are longer than it draws them."""
    forward(module, np.zeros((1, *shape, 2)))
    for block in module.blocks:
        if getattr(block, "delay", None) is not None:
            steps = torch.randint(0, 6, block.delay.delay.shape)
            block.delay.delay.data = steps + 0.3
    return module


@torch.no_grad()
def normed(module: Blocks, signal: np.ndarray) -> Blocks:
    """After norms have seen a signal for some time."""
    module.train()
    for _ in range(30):
        module(torch.from_numpy(signal).float())
    return module.eval()
