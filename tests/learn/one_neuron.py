"""A model of one neuron, the eight outcomes of its spikes, and what they say of a gradient.

The neuron is driven by its bias alone. The numbers are dyadic: the chip's integers are then exactly
the real-valued recursion.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch

from neurodeploy.learn.estimators import BatchTerms, Estimator, EstimatorState, TrainingBatch
from neurodeploy.learn.objective import ConstantRate, Objective
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec

DEVIATIONS = 5
"""Of a mean of samples, that it may be away."""

TEMPERATURE, THRESHOLD, KEEP, BIAS, BETA, PRIOR = 0.5, 1.0, 0.5, 0.75, 0.3, 0.25


def squared_error(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (logits[:, 0] - target) ** 2


OBJECTIVE = Objective(heads={"y": (squared_error, 1.0)}, beta=BETA, prior=ConstantRate(PRIOR))


def one_neuron(steps: int) -> HybridModel:
    neuron = CubaParameters(threshold=THRESHOLD, current_decay=1.0, voltage_decay=1 - KEEP)
    encoder = Encoder((1,), [DenseSpec(neurons=1, neuron=neuron, bias=True)])
    decoder = Decoder(DecoderConfig(kind="linear", neurons=1, window_steps=steps, heads={"y": 1}))
    with torch.no_grad():
        encoder.blocks[0].bias.fill_(BIAS)
        decoder.heads["y"].weight.copy_(torch.tensor([[1.5, -0.5, 2.0][:steps]]))
        decoder.heads["y"].bias.fill_(0.25)
    return HybridModel(encoder, decoder)


def estimate(
    model: HybridModel,
    estimator: Estimator,
    steps: int,
    samples: int,
    seed: int = 0,
    state: EstimatorState | None = None,
    targets: tuple[float, ...] = (1.0,),
) -> tuple[torch.Tensor, BatchTerms]:
    """Backpropagate one batch of samples, the targets in turn; returns the loss and the terms."""
    model.zero_grad()
    batch = TrainingBatch(
        spikes=torch.zeros(samples, 1, steps),
        targets={"y": torch.tensor(targets).repeat(samples)[:samples]},
        temperature=TEMPERATURE,
        noise=torch.Generator().manual_seed(seed),
    )
    loss, terms = estimator(model, OBJECTIVE, batch, {} if state is None else state)
    loss.backward()
    return loss, terms


class Outcome(NamedTuple):
    """One spike train: its probability, cost, and gradients by the bias."""

    probability: float
    cost: float
    information: float
    score: float
    information_slope: float
    error_slopes: list[float]  # of the decoder's weights


def outcomes(steps: int) -> list[Outcome]:
    """Every spike train of the neuron, by forward-mode calculus in plain Python."""
    weights, offset = [1.5, -0.5, 2.0][:steps], 0.25
    prior_log_odds = math.log(PRIOR / (1 - PRIOR))
    found = []
    for train in itertools.product([0, 1], repeat=steps):
        v = slope = score = information = information_slope = 0.0
        probability = 1.0
        for spike in train:
            v, slope = KEEP * v + BIAS, KEEP * slope + 1
            x = (v - THRESHOLD) / TEMPERATURE
            p = 1 / (1 + math.exp(-x))
            probability *= p if spike else 1 - p
            score += (spike - p) * slope / TEMPERATURE
            information += p * math.log(p / PRIOR) + (1 - p) * math.log((1 - p) / (1 - PRIOR))
            information_slope += p * (1 - p) * (x - prior_log_odds) * slope / TEMPERATURE
            if spike:
                v = slope = 0.0
        error = sum(w * s for w, s in zip(weights, train, strict=True)) + offset - 1.0
        cost = error**2 + BETA * information
        slopes = [2 * error * s for s in train]
        found.append(Outcome(probability, cost, information, score, information_slope, slopes))
    return found


def exact_gradient(steps: int) -> float:
    """Derivative of E[loss] + beta E[KL] by the bias: through the probabilities and the KL."""
    return sum(
        o.probability * (o.cost * o.score + BETA * o.information_slope) for o in outcomes(steps)
    )


def standard_error(steps: int, baseline: float, samples: int) -> float:
    """Of the mean of the score-function gradient, exactly, by enumeration."""
    pairs = [
        (o.probability, (o.cost - baseline) * o.score + BETA * o.information_slope)
        for o in outcomes(steps)
    ]
    mean = sum(p * g for p, g in pairs)
    return math.sqrt(sum(p * (g - mean) ** 2 for p, g in pairs) / samples)


def bias_gradient(model: HybridModel) -> float:
    return float(model.encoder.blocks[0].bias.grad)
