"""Priors over readout spikes: what costs no information."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from neurodeploy.errors import InputError, message


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
