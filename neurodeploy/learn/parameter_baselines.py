"""The score function with a baseline for each parameter, as the authors of VDIB run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from neurodeploy.learn.distributed import batch_sum
from neurodeploy.learn.estimators import (
    BatchTerms,
    EstimatorState,
    TrainingBatch,
    drawn,
    remembered,
    require_momentum,
)
from neurodeploy.learn.objective import Objective, log_likelihood
from neurodeploy.model.noise import row_by_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodeploy.model.encoder import Encoder
    from neurodeploy.model.hybrid import HybridModel
    from neurodeploy.model.noise import Noise


@dataclass(frozen=True, kw_only=True)
class ParameterBaselines:
    r"""`ScoreFunction` with the baseline of least variance for each parameter of the encoder.

    With :math:`g_\theta = \partial \log p(y \mid x) / \partial \theta` of one sample,

    .. math::
        b_\theta = \mathrm{E}[g_\theta^2\,\ell] / \mathrm{E}[g_\theta^2]

    is the constant with which :math:`(\ell - b_\theta)\,g_\theta` varies least (Peters and Schaal,
    "Reinforcement learning of motor skills with policy gradients", Neural Networks 21, 2008). Both
    means run over batches. Unbiased but for its first batch, which sets them. Each sample goes
    through the encoder once more, by itself, so that this takes many times the time of the others.

    Parameters
    ----------
    momentum : float
        Share of the past that the two means keep at each batch, in [0, 1].
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_momentum("ParameterBaselines", self.momentum)

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: EstimatorState,
    ) -> tuple[torch.Tensor, BatchTerms]:
        """Decoder loss, plus a term with the encoder's score; remembers two means a parameter."""
        alone = row_by_row(batch.noise, len(batch.spikes))
        found = drawn(model, objective, batch)
        learnt = {
            name: each for name, each in model.encoder.named_parameters() if each.requires_grad
        }
        sums = _sums(model.encoder, learnt, batch, alone, found.loss.detach())
        rows = len(alone)
        every = float(batch_sum(found.loss.new_tensor(float(rows))))
        objectives = [found.loss.mean()]
        for name, parameter in learnt.items():
            score, scored, *squares = sums[name]
            means = batch_sum(torch.stack(squares)) / every
            square, weighed = remembered(state, name, means, self.momentum)
            baseline = torch.where(square > 0, weighed / square, 0)
            direction = (scored - baseline * score) / rows
            objectives.append((parameter * direction.to(parameter)).sum())
        return torch.stack(objectives).sum(), found.terms


def _sums(
    encoder: Encoder,
    learnt: Mapping[str, torch.Tensor],
    batch: TrainingBatch,
    alone: Sequence[Noise],
    costs: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """Sums over samples of g, cost g, g**2 and cost g**2, float64 [4, *shape], of each parameter.

    g is the gradient of the log-probability of what a sample draws, here once more and by itself.
    """
    sums = {
        name: torch.zeros(4, *each.shape, dtype=torch.float64, device=each.device)
        for name, each in learnt.items()
    }
    for row, (noise, cost) in enumerate(zip(alone, costs, strict=True)):
        encoded = encoder(
            batch.spikes[row : row + 1], temperature=batch.temperature, generator=noise
        )
        likely = log_likelihood(encoded.spikes.detach(), encoded.margin, batch.temperature)
        scores = torch.autograd.grad(likely.sum(), [*learnt.values()])
        for total, score in zip(sums.values(), scores, strict=True):
            square = score**2
            total += torch.stack([score, cost * score, square, cost * square])
    return sums
