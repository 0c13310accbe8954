"""Encoders without spiking dynamics, as references: of the grey image, and of the same frames.

Both have as many bits as a spiking readout has chances to spike, with the same sampling,
temperature and gradient, and neither integer weights nor a membrane.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, cast

import torch

from neurodeploy.learn.data import Batch, Source
from neurodeploy.model.encoder import Encoder, EncoderOutput
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.noise import Noise, logistic_noise
from neurodeploy.model.readout import SampledSpikes
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.base import Sources
from neurodeploy.tasks.image import ImageTask


class BitEncoder(torch.nn.Module, ABC):
    """Sets bits [neuron, step], each by a coin of its own.

    Parameters
    ----------
    neurons, steps : int
        Of the bits.
    gradient_floor : float
        As in `Readout`.
    """

    def __init__(self, neurons: int, steps: int, *, gradient_floor: float = 0.1) -> None:
        super().__init__()
        self.neurons, self.steps, self.gradient_floor = neurons, steps, gradient_floor

    @property
    def identity(self) -> dict[str, Any]:
        """What it is, apart from the values of its parameters, as JSON."""
        kind = type(self).__name__
        return {"kind": kind, "steps": self.steps, "gradient_floor": self.gradient_floor}

    @abstractmethod
    def margin(self, given: torch.Tensor) -> torch.Tensor:
        """Log-odds of a bit times the temperature, [batch, neuron, time]."""

    def forward(
        self, given: torch.Tensor, *, temperature: float, generator: Noise | None = None
    ) -> EncoderOutput:
        """Bits [batch, neuron, time] of what the task's sources give."""
        margin = self.margin(given)
        noise = logistic_noise(margin, temperature, generator)
        width = max(temperature, self.gradient_floor)
        _, bits = SampledSpikes.apply(margin, noise, 0.0, 0, width)
        return EncoderOutput(bits, margin, [])


class GreyEncoder(BitEncoder):
    """A Bernoulli VAE's: a dense network that sees the whole grey image at once.

    Parameters
    ----------
    pixels : int
        Of an image.
    hidden : int
        Rectified linear units of its hidden layer.
    neurons, steps
        As in `BitEncoder`.
    """

    def __init__(self, pixels: int, hidden: int, neurons: int, steps: int) -> None:
        super().__init__(neurons, steps)
        self.body = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(pixels, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, neurons * steps),
        )

    def margin(self, given: torch.Tensor) -> torch.Tensor:
        """Of grey images [batch, pixel, 1]."""
        return cast(torch.Tensor, self.body(given)).unflatten(1, (self.neurons, self.steps))


class LstmEncoder(BitEncoder):
    """An LSTM that is shown the same input spikes, step by step, and sets the bits of a step.

    Parameters
    ----------
    features : int
        Of the input spikes.
    hidden : int
        Units of the LSTM.
    neurons, steps
        As in `BitEncoder`.
    """

    def __init__(self, features: int, hidden: int, neurons: int, steps: int) -> None:
        super().__init__(neurons, steps)
        self.memory = torch.nn.LSTM(features, hidden, batch_first=True)
        self.bits = torch.nn.Linear(hidden, neurons)

    def margin(self, given: torch.Tensor) -> torch.Tensor:
        """Of input spikes [batch, feature, time]."""
        remembered, _ = self.memory(given.movedim(2, 1))
        return cast(torch.Tensor, self.bits(remembered)).movedim(1, 2).contiguous()


@dataclass(frozen=True, kw_only=True)
class GreyTask(ImageTask):
    """An `ImageTask` whose encoder is shown grey images [pixel, 1] in place of spikes."""

    @classmethod
    def of(cls, task: ImageTask) -> GreyTask:
        """Another task's images, with their shifts and distortions."""
        return cls(**{each.name: getattr(task, each.name) for each in fields(task)})

    def sources(self, splits: Splits) -> Sources:
        """Grey images, those of the other task in its order."""
        return Sources(*(GreyImages(source) for source in super().sources(splits)))


class GreyImages:
    """The images of another source, as they would have been encoded."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def identity(self) -> dict[str, Any]:
        """The other source's, as grey."""
        return {"grey": dict(self.source.identity)}

    def __len__(self) -> int:
        return len(self.source)

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one training epoch."""
        return map(_grey, self.source.shuffled(batch_size, seed, epoch))

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """All images once, in order."""
        return map(_grey, self.source.ordered(batch_size, seed))


def _grey(batch: Batch) -> Batch:
    return Batch(batch.targets["image"].unsqueeze(2), batch.targets)


def grey_model(task: GreyTask, splits: Splits) -> HybridModel:
    """A task's untrained model with a `GreyEncoder` of its first hidden layer's width."""
    pixels = splits.train.images[0].size
    return _model(
        *(task, splits), GreyEncoder, (pixels, task.widths[0], task.readout, task.encoding.steps)
    )


def lstm_model(task: ImageTask, splits: Splits) -> HybridModel:
    """A task's untrained model with an `LstmEncoder` of half its first hidden layer's width."""
    features = splits.train.images[0].size
    return _model(
        *(task, splits),
        LstmEncoder,
        (features, task.widths[0] // 2, task.readout, task.encoding.steps),
    )


def _model(
    task: ImageTask, splits: Splits, encoder: type[BitEncoder], sizes: tuple[int, ...]
) -> HybridModel:
    decoder = task.model(splits).decoder
    torch.manual_seed(task.training.seed)
    return HybridModel(cast(Encoder, encoder(*sizes)), decoder)
