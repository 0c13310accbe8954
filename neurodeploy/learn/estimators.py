r"""Two gradients of an expectation over the readout's spikes.

An estimator turns what was sampled into a scalar whose gradient estimates that of
:math:`\mathbb{E}[\ell(y)] + \beta\,\mathbb{E}[I]`. Both ask the readout for its spikes in the
form that they need (`readout_spikes`).
"""

from __future__ import annotations

from typing import Protocol

import torch

from neurodeploy.learn.distributed import batch_mean
from neurodeploy.learn.objective import Objective, log_likelihood
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.readout import Noise


class Estimator(Protocol):
    """Computes the training loss of one batch.

    ``state`` is what it remembers between batches, kept in checkpoints.
    """

    state: dict[str, float]

    def __call__(
        self,
        model: HybridModel,
        spikes: torch.Tensor,
        targets: dict[str, torch.Tensor],
        objective: Objective,
        temperature: float,
        generator: Noise,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Return the scalar to differentiate, and what was measured."""


class BatchTerms:
    """Means over a batch: decoder log-loss and information in nats, spikes per neuron and step."""

    def __init__(
        self, log_loss: torch.Tensor, information: torch.Tensor, spikes: torch.Tensor
    ) -> None:
        self.log_loss = batch_mean(log_loss)
        self.information_nats = batch_mean(information)
        self.firing_rate = batch_mean(spikes.flatten(1).mean(1))


class Pathwise:
    """Differentiate through a spike as through its probability (the readout's own backward).

    Biased, with little variance; the default.
    """

    def __init__(self) -> None:
        self.state: dict[str, float] = {}

    def __call__(
        self,
        model: HybridModel,
        spikes: torch.Tensor,
        targets: dict[str, torch.Tensor],
        objective: Objective,
        temperature: float,
        generator: Noise,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Mean of log-loss plus beta times information."""
        answers, encoded = model(spikes, temperature=temperature, generator=generator)
        log_loss = objective.log_loss(answers, targets)
        information = objective.information(encoded.margin, temperature)
        terms = BatchTerms(log_loss, information, encoded.spikes)
        return (log_loss + objective.beta * information).mean(), terms


class ScoreFunction:
    r"""The paper's estimator: :math:`(\ell - b)\,\nabla\log p(y \mid x)`, b a running mean.

    Unbiased but for its first batch, which sets b; with much variance. The decoder and the
    closed-form part of the information are differentiated as they are.

    Parameters
    ----------
    momentum : float
        Share of the past that the baseline b keeps at each batch.
    """

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self.state: dict[str, float] = {}

    def __call__(
        self,
        model: HybridModel,
        spikes: torch.Tensor,
        targets: dict[str, torch.Tensor],
        objective: Objective,
        temperature: float,
        generator: Noise,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Decoder loss, plus the score term for the encoder."""
        encoded = model.encoder(spikes, temperature=temperature, generator=generator)
        sampled = encoded.spikes.detach()
        log_loss = objective.log_loss(model.read(sampled), targets)
        information = objective.information(encoded.margin, temperature)
        cost = (log_loss + objective.beta * information).detach()
        mean = batch_mean(cost)
        baseline = self.state.get("baseline", mean)
        self.state["baseline"] = self.momentum * baseline + (1 - self.momentum) * mean
        score = (cost - baseline) * log_likelihood(sampled, encoded.margin, temperature)
        terms = BatchTerms(log_loss, information, sampled)
        return (log_loss + objective.beta * information + score).mean(), terms


class TrainingStep(torch.nn.Module):
    """One batch's loss as a module of the model's parameters, for data-parallel training."""

    def __init__(self, model: HybridModel, estimator: Estimator) -> None:
        super().__init__()
        self.model = model
        self.estimator = estimator

    def forward(
        self,
        spikes: torch.Tensor,
        targets: dict[str, torch.Tensor],
        objective: Objective,
        temperature: float,
        generator: Noise,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """The estimator's scalar, and what was measured."""
        return self.estimator(self.model, spikes, targets, objective, temperature, generator)


ESTIMATORS: dict[str, type[Pathwise | ScoreFunction]] = {
    "straight-through": Pathwise,
    "score-function": ScoreFunction,
}
