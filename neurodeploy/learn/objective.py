r"""The directed information bottleneck, reading as the paper has it.

With input spikes :math:`x`, readout spikes :math:`y`, target :math:`c` and decoder
:math:`q(c \mid y)`, VDIB (Skatchkovsky, Simeone, Jang, NeurIPS 2021) minimises

.. math::
    \mathbb{E}\big[-\log q(c \mid y)\big] + \beta\, I(x \to y), \qquad
    I(x \to y) \le \sum_t \mathbb{E}\,
    \mathrm{KL}\big(p(y_t \mid x^t, y^{t-1}) \,\|\, \mathrm{Bern}(r)\big).

The expectation over :math:`y_t` given the past is taken in closed form, which is the paper's
sampled log-ratio with less variance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from neurodeploy.errors import InputError, message
from neurodeploy.learn.divergence import Divergence
from neurodeploy.model.compiling import loops_take
from neurodeploy.signals.arguments import not_negative


class Prior(ABC):
    """Independent spikes with a rate that may depend on the step."""

    @abstractmethod
    def rates(self, steps: int) -> torch.Tensor:
        """Probability of a spike of any neuron at each step, [time], in (0, 1)."""


@dataclass(frozen=True)
class ConstantRate(Prior):
    """The paper's prior: Bernoulli spikes of rate r.

    Parameters
    ----------
    rate : float
        r, spikes per readout neuron and time step, in (0, 1).
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1:
            raise InputError(message("ConstantRate.rate", "a rate in (0, 1)", self.rate))

    def rates(self, steps: int) -> torch.Tensor:
        """Probability of a spike at each step, [time]."""
        return torch.full((steps,), self.rate, dtype=torch.float64)


def information_bound(margin: torch.Tensor, temperature: float, prior: Prior) -> torch.Tensor:
    r"""Upper bound on the directed information from input to readout spikes.

    .. math::
        \sum_{t,i} p \log\frac{p}{r_t} + (1 - p) \log\frac{1 - p}{1 - r_t}, \qquad
        p = \sigma(\text{margin} / \text{temperature})

    At temperature 0 the neuron is certain. With :math:`p \log p \to 0` as :math:`p \to 0` the
    divergence tends to :math:`-\log r_t` as :math:`p \to 1`, where there is a spike, and to
    :math:`-\log(1 - r_t)` as :math:`p \to 0`, where there is none: the price of what was sent.

    Parameters
    ----------
    margin : Tensor [batch, neuron, time]
        Voltage minus threshold of the readout; at temperature 0 it spikes where this is above 0.
    temperature : float
        Of the readout, at least 0.
    prior : Prior
        r, probability of a spike of any neuron at each step.

    Returns
    -------
    Tensor [batch]
        Nats per sample.
    """
    rates = prior.rates(margin.shape[-1]).to(margin)
    if temperature == 0:
        return torch.where(margin > 0, -rates.log(), -torch.log1p(-rates)).sum((1, 2))
    if loops_take(margin):
        summed: torch.Tensor = Divergence.apply(margin, temperature, rates)
        return summed
    log_odds = margin / temperature
    log_p, log_not_p = logsigmoid(log_odds), logsigmoid(-log_odds)
    divergence = log_p.exp() * (log_p - rates.log()) + log_not_p.exp() * (
        log_not_p - torch.log1p(-rates)
    )
    return divergence.sum((1, 2))


def log_likelihood(spikes: torch.Tensor, margin: torch.Tensor, temperature: float) -> torch.Tensor:
    r"""Log-probability :math:`\sum_{t,i} \log p(s_t \mid x^t, s^{t-1})` of sampled spikes, [batch].

    Parameters
    ----------
    spikes, margin : Tensor [batch, neuron, time]
        What the readout gave.
    temperature : float
        Of the readout, positive.
    """
    log_odds = margin / temperature
    return (spikes * log_odds + logsigmoid(-log_odds)).sum((1, 2))


NO_LABEL = -1
"""Target of a step that has none."""

HeadLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def pixel_loss(logits: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Bernoulli log-loss of an image in [0, 1], summed over pixels, [batch]."""
    return binary_cross_entropy_with_logits(logits, image, reduction="none").sum(1)


def class_loss(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Categorical log-loss, [batch]."""
    return cross_entropy(logits, label, reduction="none")


def stream_loss(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Categorical log-loss of an answer at every step, summed over steps, [batch].

    Parameters
    ----------
    logits : Tensor [batch, time, class]
    label : Tensor [batch, time], int64
        `NO_LABEL` where there is nothing to answer.
    """
    losses = cross_entropy(logits.movedim(2, 1), label, reduction="none", ignore_index=NO_LABEL)
    return losses.sum(1)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The decoder's log-loss over its heads, and the KL term weighed by beta.

    Parameters
    ----------
    heads : mapping of str to (loss, weight)
        Loss [batch] of each head's logits against its target, and its weight.
    beta : float
        Weight of the KL term: of one nat of directed information.
    prior : Prior
        Spikes that cost nothing, r.
    """

    heads: Mapping[str, tuple[HeadLoss, float]]
    beta: float
    prior: Prior

    def __post_init__(self) -> None:
        not_negative("Objective.beta", self.beta)

    def log_loss(
        self, answers: Mapping[str, torch.Tensor], targets: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """Weighted log-loss of the decoder, [batch], in nats."""
        losses = [
            weight * loss(answers[name], targets[name])
            for name, (loss, weight) in self.heads.items()
        ]
        return torch.stack(losses).sum(0)

    def information(self, margin: torch.Tensor, temperature: float) -> torch.Tensor:
        """`information_bound` at this objective's prior, [batch], in nats."""
        return information_bound(margin, temperature, self.prior)
