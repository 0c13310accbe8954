"""Readers that see less of a window than they could: controls of what a decoder reads.

Each is built as a reader of `neurodeploy.model.readers` is, and trained so from the first batch on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from neurodeploy.model.decoder import DecoderConfig

ROOT_FLOOR = 1e-3
"""Added to a share of steps before its root, whose slope at 0 is no number."""


class DeepCounts(torch.nn.Module):
    """Spike counts alone, on three scales from 0 to 1, by two hidden layers."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features, self.steps = config.hidden, config.window_steps
        self.body = torch.nn.Sequential(
            torch.nn.Linear(3 * config.neurons, config.hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(config.hidden, config.hidden),
            torch.nn.ReLU(),
        )

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        counts = window.sum(2)
        share = counts / self.steps
        scales = [share, (share + ROOT_FLOOR).sqrt(), counts.log1p() / math.log1p(self.steps)]
        features: torch.Tensor = self.body(torch.cat(scales, 1))
        return features


class ShuffledTimes(torch.nn.Module):
    """One hidden layer over each neuron's spikes in an order of chance, another for each window."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = torch.nn.Linear(config.neurons * config.window_steps, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        shuffled = window.gather(2, torch.rand_like(window).argsort(2))
        return torch.relu(self.layer(shuffled.flatten(1)))


class LastStep(torch.nn.Module):
    """One hidden layer over the spikes of the last step."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = torch.nn.Linear(config.neurons, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(window[..., -1]))
