"""Readers: what a decoder makes of a window of spikes before its heads answer.

A reader is a module that is built as ``Reader(config)``, says its number of ``features``, and maps
a window ``[batch, neuron, step]`` to ``[batch, feature]``.

=========  =====================================================================
name       reads
=========  =====================================================================
linear     every spike of the window, by one affine map
mlp        every spike of the window, by one hidden layer
conv       the spike trains by a temporal convolution, then one hidden layer
recurrent  the steps of the window one after another, by a gated recurrent unit (GRU)
rate       only the spike count of each neuron, by one hidden layer: a baseline
counts     only the spike count of each neuron, which the heads read: `counting_decoder`
first      only the first spike of each neuron, by one hidden layer: a baseline
=========  =====================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from neurodeploy.model.affine import Linear

if TYPE_CHECKING:
    from neurodeploy.model.decoder import DecoderConfig


class LinearReader(torch.nn.Module):
    """Flattens the window; the heads are the whole decoder."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.neurons * config.window_steps

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Flatten [batch, neuron, step] to [batch, feature]."""
        return window.flatten(1)


class MlpReader(torch.nn.Module):
    """One hidden layer over every spike of the window."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = Linear(config.neurons * config.window_steps, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(window.flatten(1)))


class ConvReader(torch.nn.Module):
    """A temporal convolution over the spike trains, then one hidden layer."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        kernel = min(5, config.window_steps - 1 + config.window_steps % 2)
        self.convolution = torch.nn.Conv1d(
            config.neurons, max(1, config.neurons // 4), kernel, padding=kernel // 2
        )
        self.layer = Linear(max(1, config.neurons // 4) * config.window_steps, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(torch.relu(self.convolution(window)).flatten(1)))


class RecurrentReader(torch.nn.Module):
    """A gated recurrent unit over the steps of the window, from rest; its last state is read."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.unit = torch.nn.GRU(config.neurons, config.hidden, batch_first=True)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        _, state = self.unit(window.movedim(1, 2))
        last: torch.Tensor = state[0]
        return last


class RateReader(torch.nn.Module):
    """One hidden layer over spike counts: what is lost when timing is ignored."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = Linear(config.neurons, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(window.sum(-1)))


class CountsReader(torch.nn.Module):
    """Spike counts as they are."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.features = config.neurons

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Count [batch, neuron, step] to [batch, neuron]."""
        return window.sum(-1)


class FirstSpikeReader(MlpReader):
    """One hidden layer over the first spike of each neuron: what latency alone says."""

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        first = (window.detach().cumsum(-1) == 1).to(window.dtype) * window
        return super().forward(first)


READERS: dict[str, type[torch.nn.Module]] = {
    "linear": LinearReader,
    "mlp": MlpReader,
    "conv": ConvReader,
    "recurrent": RecurrentReader,
    "rate": RateReader,
    "counts": CountsReader,
    "first": FirstSpikeReader,
}
