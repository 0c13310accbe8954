"""How long and how to train: learning rate, temperature and weight of the KL term over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurodeploy.errors import InputError, message


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How long and how to train.

    Parameters
    ----------
    epochs, batch_size, learning_rate, clip_norm
        As usual; Adam with a cosine schedule down to 0 over all epochs.
    delay_rate : float
        Learning rate of delays, in steps, over that of all other parameters. Adam moves a parameter
        by about its learning rate at each batch: with the defaults a tenth of a step.
    temperature_start, temperature_end : float
        The readout's temperature falls geometrically between them, over the first
        ``anneal_fraction`` of all steps.
    warm_up_fraction : float
        The weight of the KL term rises from 0 to beta over this fraction of all steps, so that
        neurons are used before they cost.
    patience_epochs : int
        Stop after so many epochs without a lower validation objective, counted once annealed and
        once the KL term has its whole weight.
    seed : int
        Of everything random: order, input noise, sampled spikes.
    """

    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 1e-3
    delay_rate: float = 100.0
    clip_norm: float = 1.0
    temperature_start: float = 0.4
    temperature_end: float = 0.05
    anneal_fraction: float = 0.75
    warm_up_fraction: float = 0.0
    patience_epochs: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience_epochs"):
            if getattr(self, name) < 1:
                raise InputError(message(f"TrainConfig.{name}", "at least 1", getattr(self, name)))
        for name in ("learning_rate", "delay_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(message(f"TrainConfig.{name}", "at least 0", getattr(self, name)))
        if not 0 < self.clip_norm < math.inf:
            raise InputError(message("TrainConfig.clip_norm", "more than 0", self.clip_norm))
        for name in ("anneal_fraction", "warm_up_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(message(f"TrainConfig.{name}", "in [0, 1]", getattr(self, name)))
        if self.seed < 0:
            raise InputError(message("TrainConfig.seed", "at least 0", self.seed))
        if not 0 < self.temperature_end <= self.temperature_start:
            raise InputError(
                message(
                    "TrainConfig.temperature_end",
                    f"in (0, temperature_start = {self.temperature_start}]",
                    self.temperature_end,
                )
            )

    def temperature(self, progress: float) -> float:
        """Temperature after a share ``progress`` of all steps."""
        share = min(1.0, progress / self.anneal_fraction) if self.anneal_fraction > 0 else 1.0
        return self.temperature_start * (self.temperature_end / self.temperature_start) ** share

    def kl_weight(self, progress: float) -> float:
        """Share of beta that weighs the KL term after a share ``progress`` of all steps."""
        return min(1.0, progress / self.warm_up_fraction) if self.warm_up_fraction > 0 else 1.0
