"""A model measured on a source: with sampled spikes, or as it will be deployed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from neurodeploy.learn.data import Source
from neurodeploy.learn.objective import NO_LABEL, Objective
from neurodeploy.model.workers import ahead

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A model measured on a source.

    ``log_loss`` and ``information_nats`` (the bound) are per sample; ``firing_rate`` is spikes per
    readout neuron and step;
    ``accuracy`` is of the head ``label``, over samples or over steps that have a label, NaN
    without one; ``silent`` is the share of readout neurons that never spiked.
    """

    log_loss: float
    information_nats: float
    firing_rate: float
    accuracy: float
    silent: float


@torch.no_grad()
def evaluate(
    model: HybridModel,
    source: Source,
    objective: Objective,
    *,
    temperature: float,
    seed: int,
    batch_size: int = 100,
) -> Evaluation:
    """Measure a model, with sampled spikes or, at temperature 0, as it will be deployed.

    Parameters
    ----------
    temperature : float
        Of the readout.
    seed : int
        Of the input spikes and of the sampling.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    log_loss = information = firing_rate = 0.0
    correct = asked = 0
    fired = torch.zeros(model.encoder.neurons, dtype=torch.bool, device=device)
    for batch in ahead(source.ordered(batch_size, seed)):
        batch = batch.to(device)
        answers, encoded = model(batch.spikes, temperature=temperature, generator=generator)
        count = len(batch.spikes)
        log_loss += float(objective.log_loss(answers, batch.targets).sum())
        information += float(objective.information(encoded.margin, temperature).sum())
        firing_rate += float(encoded.spikes.mean()) * count
        fired |= encoded.spikes.amax((0, 2)) > 0
        if "label" in answers:
            label = batch.targets["label"]
            correct += int((answers["label"].argmax(-1) == label).sum())
            asked += int((label != NO_LABEL).sum())
    total = len(source)
    return Evaluation(
        log_loss=log_loss / total,
        information_nats=information / total,
        firing_rate=firing_rate / total,
        accuracy=correct / asked if asked else math.nan,
        silent=float((~fired).float().mean()),
    )
