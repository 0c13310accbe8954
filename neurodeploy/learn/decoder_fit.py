"""A decoder learns from spikes that do not depend on it: those of an encoder that stays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Batch
from neurodeploy.learn.objective import Objective
from neurodeploy.model.decoder import Decoder


def fit_decoder(
    decoder: Decoder,
    read: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
    objective: Objective,
    batches_of: Callable[[int], Iterable[Batch]],
    *,
    epochs: int,
    learning_rate: float,
) -> None:
    """Train a decoder in place, with Adam and a cosine schedule, by the log-loss of its answers.

    Parameters
    ----------
    decoder : Decoder
        Whose parameters learn.
    read : callable
        Its answers {head: logits} to readout spikes [batch, neuron, time].
    objective : Objective
        Whose log-loss is minimised.
    batches_of : callable
        Of an epoch: batches of readout spikes [batch, neuron, time], and their targets.
    epochs : int
        How many.
    learning_rate : float
        Of the first epoch.

    Raises
    ------
    InputError
        The log-loss is no number.
    """
    optimiser = torch.optim.Adam(decoder.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        total = 0.0
        for batch in batches_of(epoch):
            loss = objective.log_loss(read(batch.spikes), batch.targets).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach())
        schedule.step()
        if not math.isfinite(total):
            where = f"decoder {decoder.config.name}, epoch {epoch}"
            raise InputError(message(where, "a finite log-loss", total))
