"""An encoder without spiking dynamics, as an upper reference: a Bernoulli VAE's."""

from __future__ import annotations

from typing import Any, cast

import torch

from neurodeploy.model.encoder import Encoder, EncoderOutput
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.noise import Noise, logistic_noise
from neurodeploy.model.readout import SampledSpikes
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.image import ImageTask


class AnnEncoder(torch.nn.Module):
    """A dense network that looks at the whole input at once and sets every bit by itself.

    It has as many bits as a spiking readout has chances to spike, with the same sampling,
    temperature and gradient, and neither causality, integer weights nor a membrane.

    Parameters
    ----------
    features, steps : int
        Of the input spikes.
    hidden : int
        Rectified linear units of its hidden layer.
    neurons : int
        Bits of a step.
    gradient_floor : float
        As in `Readout`.
    """

    def __init__(
        self, features: int, steps: int, hidden: int, neurons: int, *, gradient_floor: float = 0.1
    ) -> None:
        super().__init__()
        self.neurons = neurons
        self.steps = steps
        self.gradient_floor = gradient_floor
        self.body = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(features * steps, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, neurons * steps),
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What it is, apart from the values of its parameters, as JSON."""
        return {"steps": self.steps, "gradient_floor": self.gradient_floor}

    def forward(
        self, spikes: torch.Tensor, *, temperature: float, generator: Noise | None = None
    ) -> EncoderOutput:
        """Bits [batch, neuron, time] of input spikes [batch, *features, time]."""
        margin = self.body(spikes).unflatten(1, (self.neurons, self.steps))
        noise = logistic_noise(margin, temperature, generator)
        width = max(temperature, self.gradient_floor)
        _, bits = SampledSpikes.apply(margin, noise, 0.0, 0, width)
        return EncoderOutput(bits, margin, [])


def ann_model(task: ImageTask, splits: Splits) -> HybridModel:
    """A task's untrained model with an `AnnEncoder` of its first hidden layer's width."""
    decoder = task.model(splits).decoder
    torch.manual_seed(task.training.seed)
    features = splits.train.images[0].size
    encoder = AnnEncoder(features, task.encoding.steps, task.widths[0], task.readout)
    return HybridModel(cast(Encoder, encoder), decoder)
