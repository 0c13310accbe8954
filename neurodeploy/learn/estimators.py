r"""Gradients of an expectation over the readout's spikes.

An estimator turns what was sampled into a scalar whose gradient estimates that of
:math:`\mathbb{E}[\ell(y)] + \beta\,\mathbb{E}[I]`. It is immutable: what it remembers between
batches is the training's, which passes it into the call and keeps it in checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.distributed import batch_mean
from neurodeploy.learn.objective import Objective, log_likelihood

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel
    from neurodeploy.model.noise import Noise


class TrainingBatch(NamedTuple):
    """What a model is trained on at once.

    Parameters
    ----------
    spikes : Tensor [batch, *features, time], float32
        Input spikes, 0 or 1.
    targets : dict of str to Tensor [batch, ...]
        What each head should answer.
    temperature : float
        Of the readout.
    noise : torch.Generator or ShareOfNoise
        Source of the readout's sampling noise.
    """

    spikes: torch.Tensor
    targets: dict[str, torch.Tensor]
    temperature: float
    noise: Noise


EstimatorState = dict[str, torch.Tensor]
"""What an estimator remembers between batches, by name; checkpoints keep it."""


class BatchTerms:
    """Means over a batch: decoder log-loss and information in nats, spikes per neuron and step."""

    def __init__(
        self, log_loss: torch.Tensor, information: torch.Tensor, spikes: torch.Tensor
    ) -> None:
        self.log_loss = batch_mean(log_loss)
        self.information_nats = batch_mean(information)
        self.firing_rate = batch_mean(spikes.mean((1, 2)))


class Drawn(NamedTuple):
    """One sampled readout of a batch, with no gradient through its spikes.

    Parameters
    ----------
    spikes, margin : Tensor [batch, neuron, time]
        Of the readout.
    log_loss, information, loss : Tensor [batch]
        Of the decoder and of the encoder, in nats, and what is minimised.
    """

    spikes: torch.Tensor
    margin: torch.Tensor
    log_loss: torch.Tensor
    information: torch.Tensor
    loss: torch.Tensor

    @property
    def terms(self) -> BatchTerms:
        """What was measured."""
        return BatchTerms(self.log_loss, self.information, self.spikes)


def drawn(model: HybridModel, objective: Objective, batch: TrainingBatch) -> Drawn:
    """Encode a batch and read what was sampled."""
    encoded = model.encoder(batch.spikes, temperature=batch.temperature, generator=batch.noise)
    sampled = encoded.spikes.detach()
    log_loss = objective.log_loss(model.read(sampled), batch.targets)
    information = objective.information(encoded.margin, batch.temperature)
    loss = log_loss + objective.beta * information
    return Drawn(sampled, encoded.margin, log_loss, information, loss)


def require_momentum(estimator: str, momentum: float) -> None:
    """Refuse a momentum that is no share."""
    if not 0 <= momentum <= 1:
        raise InputError(message(f"{estimator}.momentum", "in [0, 1]", momentum))


def remembered(
    state: EstimatorState, name: str, now: torch.Tensor, momentum: float
) -> torch.Tensor:
    """A running mean before this batch, which is counted in; of the first batch its own."""
    before = state.get(name, now).to(now)
    state[name] = momentum * before + (1 - momentum) * now
    return before


class Estimator(Protocol):
    """Computes the training loss of one batch; its ``repr`` is kept in checkpoints."""

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: EstimatorState,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Return the scalar to differentiate, and what was measured.

        Parameters
        ----------
        model : HybridModel
            What is trained.
        objective : Objective
            With the beta of this batch.
        batch : TrainingBatch
            What it is trained on.
        state : dict of str to Tensor
            What is remembered between batches, changed in place; empty at the first one.
        """


@dataclass(frozen=True, kw_only=True)
class Pathwise:
    """Gradient through the spikes; the readout's own backward is straight-through.

    Biased, with little variance; the default.
    """

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: EstimatorState,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Mean of log-loss plus beta times information; remembers nothing."""
        answers, encoded = model(batch.spikes, temperature=batch.temperature, generator=batch.noise)
        log_loss = objective.log_loss(answers, batch.targets)
        information = objective.information(encoded.margin, batch.temperature)
        terms = BatchTerms(log_loss, information, encoded.spikes)
        return (log_loss + objective.beta * information).mean(), terms


@dataclass(frozen=True, kw_only=True)
class ScoreFunction:
    r"""The paper's estimator: :math:`(\ell - b)\,\nabla\log p(y \mid x)`, b a running mean.

    Unbiased but for its first batch, which sets b; with much variance. The decoder and the
    closed-form part of the information are differentiated as they are.

    Parameters
    ----------
    momentum : float
        Share of the past that the baseline b keeps at each batch, in [0, 1].
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_momentum("ScoreFunction", self.momentum)

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: EstimatorState,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Decoder loss, plus the score term for the encoder; remembers ``baseline``."""
        found = drawn(model, objective, batch)
        cost = found.loss.detach()
        mean = torch.tensor(batch_mean(cost), dtype=torch.float64)
        baseline = float(remembered(state, "baseline", mean, self.momentum))
        score = (cost - baseline) * log_likelihood(found.spikes, found.margin, batch.temperature)
        return (found.loss + score).mean(), found.terms


@dataclass(frozen=True, kw_only=True)
class LeaveOneOut:
    r"""Several readouts of each input, the mean cost of the others being the baseline of each.

    With :math:`y_1 \dots y_K` sampled independently for one input,
    :math:`\frac{1}{K} \sum_k \big(\ell(y_k) - \frac{1}{K - 1} \sum_{j \ne k} \ell(y_j)\big)
    \nabla\log p(y_k \mid x)`: unbiased from the first batch on, and the baseline knows the input
    (Kool, van Hoof, Welling, "Buy 4 REINFORCE samples, get a baseline for free!", 2019). Hidden
    layers and the readout's current are computed once; the readout and the decoder K times.

    Parameters
    ----------
    samples : int
        K, at least 2.
    """

    samples: int = 4

    def __post_init__(self) -> None:
        if isinstance(self.samples, bool) or not isinstance(self.samples, int) or self.samples < 2:
            raise InputError(message("LeaveOneOut.samples", "at least 2", self.samples))

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: EstimatorState,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Decoder loss of all samples, plus their score terms; remembers nothing."""
        _, draw = model.encoder.heard(batch.spikes)
        drawn = [
            draw(temperature=batch.temperature, generator=batch.noise) for _ in range(self.samples)
        ]
        sampled = torch.cat([sent.detach() for sent, _ in drawn])
        margin = torch.cat([above for _, above in drawn])
        targets = {head: torch.cat([each] * self.samples) for head, each in batch.targets.items()}
        log_loss = objective.log_loss(model.read(sampled), targets)
        information = objective.information(margin, batch.temperature)
        loss = log_loss + objective.beta * information
        cost = loss.detach().unflatten(0, (self.samples, -1))
        # A cost less the mean of the others is K / (K - 1) times the cost less the mean of all.
        advantage = (cost - cost.mean(0)) * (self.samples / (self.samples - 1))
        score = advantage.flatten() * log_likelihood(sampled, margin, batch.temperature)
        return (loss + score).mean(), BatchTerms(log_loss, information, sampled)


class TrainingStep(torch.nn.Module):
    """One batch's loss as a module of the model's parameters, for data-parallel training."""

    def __init__(self, model: HybridModel, estimator: Estimator) -> None:
        super().__init__()
        self.model = model
        self.estimator = estimator

    def forward(
        self, objective: Objective, batch: TrainingBatch, state: EstimatorState
    ) -> tuple[torch.Tensor, BatchTerms]:
        """The estimator's scalar, and what was measured."""
        found = self.estimator(self.model, objective, batch, state)
        for name, kept in state.items():
            if not isinstance(kept, torch.Tensor):
                where = f"estimator {self.estimator!r}, state {name!r}"
                raise InputError(
                    message(where, "a tensor, which a checkpoint can keep", repr(kept))
                )
        return found
