"""Encoders that are stirred up, noise for them, and what their training forward sends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from neurodeploy.model.encoder import Encoder
from neurodeploy.model.specs import LayerSpec


def stirred(
    network: tuple[Sequence[int], Sequence[LayerSpec]], seed: int, lowest: float
) -> Encoder:
    """Weights and biases off their initial values, some of either sign in every matrix.

    Recurrent weights are from ``lowest`` on.
    """
    torch.manual_seed(seed)
    encoder = Encoder(*network)
    with torch.no_grad():
        for block in encoder.layers:
            fan_in = block.synapse.weight[0].numel()
            block.synapse.weight.uniform_(-0.7, 1.2).mul_(3 / fan_in**0.5)
            if block.recurrent_synapse is not None:
                block.recurrent_synapse.weight.uniform_(lowest, 0.6)
            if block.bias is not None:
                block.bias.uniform_(-0.1, 0.2)
    return encoder


def noise(shape: tuple[int, ...], seed: int, steps: int = 24) -> np.ndarray:
    return (np.random.default_rng(seed).random((3, *shape, steps)) < 0.3).astype(np.uint8)


@torch.no_grad()
def trained_spikes(encoder: Encoder, spikes: np.ndarray) -> list[np.ndarray]:
    out = encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    found = [layer.numpy() for layer in (*out.hidden, out.spikes)]
    for layer in found:
        assert 0.02 < layer.mean() < 0.98  # else there is little to agree on
    return found
