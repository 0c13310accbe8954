"""Host decoders: ordinary networks that read a window of spikes and give an answer a head.

A decoder reads a window ``[batch, neuron, step]`` of readout spikes. What it gives is a mapping
from the name of a head to ``[batch, outputs]`` logits, for instance 784 pixels and 10 classes.

=========  =====================================================================
`kind`     reads
=========  =====================================================================
linear     every spike of the window, by one affine map
mlp        every spike of the window, by one hidden layer
conv       the spike trains by a temporal convolution, then one hidden layer
recurrent  the steps of the window one after another, by a gated recurrent unit (GRU)
rate       only the spike count of each neuron, by one hidden layer: a baseline
first      only the first spike of each neuron, by one hidden layer: a baseline
=========  =====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from neurodeploy.errors import FileFormatError, InputError, message


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """What is needed to build a decoder again.

    Parameters
    ----------
    kind : str
        ``linear``, ``mlp``, ``conv``, ``recurrent``, ``rate`` or ``first``.
    neurons : int
        Readout neurons of the encoder.
    window_steps : int
        Steps that the decoder sees, tau in the paper.
    heads : mapping of str to int
        Name and number of outputs of each answer.
    hidden : int
        Width of the hidden layer; unused by ``linear``.
    """

    kind: str
    neurons: int
    window_steps: int
    heads: Mapping[str, int]
    hidden: int = 512

    def __post_init__(self) -> None:
        if self.kind not in READERS:
            raise InputError(message("DecoderConfig.kind", f"one of {sorted(READERS)}", self.kind))
        for name in ("neurons", "window_steps", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(
                    message(f"DecoderConfig.{name}", "at least 1", getattr(self, name))
                )
        if not self.heads or min(self.heads.values()) < 1:
            raise InputError(
                message("DecoderConfig.heads", "at least one head with outputs", dict(self.heads))
            )

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {**asdict(self), "heads": dict(self.heads)}

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], where: str = "decoder") -> DecoderConfig:
        """Read back `to_dict`.

        Raises
        ------
        FileFormatError
            A field is missing, unknown or not valid.
        """
        try:
            return cls(**mapping)
        except (TypeError, InputError, AttributeError) as error:
            raise FileFormatError(message(where, "the fields of a decoder", error)) from error


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
        self.layer = torch.nn.Linear(config.neurons * config.window_steps, config.hidden)

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
        self.layer = torch.nn.Linear(
            max(1, config.neurons // 4) * config.window_steps, config.hidden
        )

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
        self.layer = torch.nn.Linear(config.neurons, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(window.sum(-1)))


class FirstSpikeReader(MlpReader):
    """One hidden layer over the first spike of each neuron: what latency alone says."""

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        first = (window.detach().cumsum(-1) == 1).to(window.dtype) * window
        return super().forward(first)


Reader = LinearReader | MlpReader | ConvReader | RecurrentReader | RateReader | FirstSpikeReader

READERS: dict[str, type[Reader]] = {
    "linear": LinearReader,
    "mlp": MlpReader,
    "conv": ConvReader,
    "recurrent": RecurrentReader,
    "rate": RateReader,
    "first": FirstSpikeReader,
}


class Decoder(torch.nn.Module):
    """A reader of the spike window and one affine head for each answer."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.reader = READERS[config.kind](config)
        self.heads = torch.nn.ModuleDict(
            {
                name: torch.nn.Linear(self.reader.features, outputs)
                for name, outputs in config.heads.items()
            }
        )

    def forward(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits of every head, [batch, outputs], from a window [batch, neuron, step]."""
        expected = (self.config.neurons, self.config.window_steps)
        if tuple(window.shape[1:]) != expected:
            raise InputError(
                message(
                    "decoder window",
                    f"[batch, {expected[0]} neurons, {expected[1]} steps]",
                    list(window.shape),
                )
            )
        features = self.reader(window)
        return {name: head(features) for name, head in self.heads.items()}

    def at_the_end(self, spikes: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers {head: [batch, outputs]} to whole samples of spikes [batch, neuron, time]."""
        answers: dict[str, torch.Tensor] = self(
            window_at(spikes, spikes.shape[-1] - 1, self.config.window_steps)
        )
        return answers

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one answer on the host."""
        total = 0
        for module in self.modules():
            if isinstance(module, torch.nn.Linear):
                total += module.in_features * module.out_features
            elif isinstance(module, torch.nn.Conv1d):
                total += module.weight.numel() * self.config.window_steps
            elif isinstance(module, torch.nn.GRU):
                weights = (module.weight_ih_l0, module.weight_hh_l0)
                total += sum(w.numel() for w in weights) * self.config.window_steps
        return total


def window_at(spikes: torch.Tensor, step: int, window_steps: int) -> torch.Tensor:
    """The window that a decoder sees once step ``step`` has been received.

    It holds the last ``window_steps`` steps. While fewer have been received, they stand at its
    beginning and the rest is silent, so that a step keeps its place as the window fills.

    Parameters
    ----------
    spikes : Tensor [batch, neuron, time]
        Readout spikes; steps after ``step`` are not looked at.
    step : int
        Index of the last step received, from 0.
    window_steps : int
        Length of the window.

    Returns
    -------
    Tensor [batch, neuron, step]
        ``window_steps`` long.
    """
    received = spikes[..., max(0, step + 1 - window_steps) : step + 1]
    return torch.nn.functional.pad(received, (0, window_steps - received.shape[-1]))


def every_window(spikes: torch.Tensor, window_steps: int) -> torch.Tensor:
    """`window_at` for every step.

    Parameters
    ----------
    spikes : Tensor [batch, neuron, time]
        Readout spikes.
    window_steps : int
        Length of the window.

    Returns
    -------
    Tensor [batch, time, neuron, step]
    """
    filling = min(window_steps - 1, spikes.shape[-1])
    windows = [window_at(spikes, step, window_steps).unsqueeze(1) for step in range(filling)]
    if spikes.shape[-1] >= window_steps:
        windows.append(spikes.unfold(-1, window_steps, 1).movedim(2, 1))
    return torch.cat(windows, 1)
