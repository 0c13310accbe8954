"""A small training to tell intervals between two spikes apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.learn.data import SpikeSource
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec

STEPS = 30
FORGETFUL = CubaParameters(threshold=0.5, current_decay=1.0, voltage_decay=1.0, surrogate_width=0.3)
"""Keeps nothing of a step in the next one."""


def intervals(samples: int, seed: int, apart: tuple[int, int] = (5, 9)) -> SpikeSource:
    """One spike in each of two inputs, the second so many steps after the first: the label."""
    random = np.random.default_rng(seed)
    label, first = random.integers(0, 2, samples), random.integers(0, 10, samples)
    spikes = np.zeros((samples, 2, STEPS), np.uint8)
    spikes[np.arange(samples), 0, first] = 1
    spikes[np.arange(samples), 1, first + np.take(apart, label)] = 1
    return SpikeSource(spikes, {"label": label})


def model(hidden: DenseSpec) -> HybridModel:
    """The decoder sees how often each neuron spiked, not when."""
    torch.manual_seed(0)
    encoder = Encoder((2,), [hidden, DenseSpec(neurons=8, neuron=FORGETFUL)])
    config = DecoderConfig(kind="rate", neurons=8, window_steps=STEPS, heads={"label": 2})
    return HybridModel(encoder, Decoder(config))


def trained(
    made: HybridModel, folder: Path, *, apart: tuple[int, int] = (5, 9), **changes: Any
) -> float:
    """Share of right answers at temperature 0, after training."""
    objective = Objective(heads={"label": (class_loss, 1.0)}, beta=0.0, prior=ConstantRate(0.1))
    config = TrainConfig(
        batch_size=32, patience_epochs=30, **{"epochs": 20, "learning_rate": 0.01, **changes}
    )
    parts = ((256, 1), (128, 2), (200, 3))
    train, validation, test = (intervals(*part, apart) for part in parts)
    Trainer(made, objective, train=train, validation=validation, folder=folder, config=config).fit()
    with torch.no_grad():
        answers = made(torch.from_numpy(test.spikes).float(), temperature=0.0).answers
    return float((answers["label"].argmax(1).numpy() == test.targets["label"]).mean())


def assert_engines_agree(made: HybridModel) -> None:
    """Native and Lava send the spikes of training at temperature 0, and there are some."""
    network = export_network(made.encoder)
    spikes = intervals(6, 4).spikes
    with torch.no_grad():
        cold = made.encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    with LavaEngine(network) as lava:
        runs = simulate(network, spikes, engine="native"), lava.run(spikes)
    for run in runs:
        for found, expected in zip(run.layers, (*cold.hidden, cold.spikes), strict=True):
            assert expected.any()
            np.testing.assert_array_equal(found, expected.numpy())
