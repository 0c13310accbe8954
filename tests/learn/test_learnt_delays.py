"""Delays that are learnt solve what no network of neurons without memory can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.learn.adam import parameter_groups
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

pytestmark = pytest.mark.usefixtures("one_thread")

STEPS = 30
FORGETFUL = CubaParameters(threshold=0.5, current_decay=1.0, voltage_decay=1.0, surrogate_width=0.3)
"""Keeps nothing of a step in the next one."""


def intervals(samples: int, seed: int) -> SpikeSource:
    """One spike in each of two inputs, the second 5 steps after the first, or 9: the label."""
    random = np.random.default_rng(seed)
    label, first = random.integers(0, 2, samples), random.integers(0, 10, samples)
    spikes = np.zeros((samples, 2, STEPS), np.uint8)
    spikes[np.arange(samples), 0, first] = 1
    spikes[np.arange(samples), 1, first + np.where(label, 9, 5)] = 1
    return SpikeSource(spikes, {"label": label})


def model(delay_steps: int) -> HybridModel:
    """The decoder sees how often each neuron spiked, not when."""
    torch.manual_seed(0)
    hidden = DenseSpec(neurons=16, neuron=FORGETFUL, delay_steps=delay_steps)
    encoder = Encoder((2,), [hidden, DenseSpec(neurons=8, neuron=FORGETFUL)])
    config = DecoderConfig(kind="rate", neurons=8, window_steps=STEPS, heads={"label": 2})
    return HybridModel(encoder, Decoder(config))


def trained(made: HybridModel, folder: Path, delay_rate: float) -> float:
    """Share of right answers at temperature 0, after training."""
    objective = Objective(heads={"label": (class_loss, 1.0)}, beta=0.0, prior=ConstantRate(0.1))
    config = TrainConfig(
        epochs=20, batch_size=32, learning_rate=0.01, delay_rate=delay_rate, patience_epochs=20
    )
    train, validation, test = (intervals(*of) for of in ((256, 1), (128, 2), (200, 3)))
    Trainer(made, objective, train=train, validation=validation, folder=folder, config=config).fit()
    with torch.no_grad():
        answers = made(torch.from_numpy(test.spikes).float(), temperature=0.0).answers
    return float((answers["label"].argmax(1).numpy() == test.targets["label"]).mean())


def test_delays_move_by_whole_steps_and_tell_intervals_apart(tmp_path: Path) -> None:
    without, made = model(0), model(12)
    delays = made.encoder.layers[0].delay
    assert delays is not None
    before = delays.steps
    assert trained(without, tmp_path / "without", 30.0) < 0.6  # chance is 0.5
    assert trained(made, tmp_path / "with", 30.0) > 0.95
    assert (delays.steps - before).abs().median() > 1
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


def test_delays_have_a_learning_rate_of_their_own(tmp_path: Path) -> None:
    made = model(12)
    before = {name: p.detach().clone() for name, p in made.named_parameters()}
    trained(made, tmp_path, 0.0)
    for name, parameter in made.named_parameters():
        if parameter.requires_grad:
            assert torch.equal(parameter, before[name]) == name.endswith("delay"), name


def test_every_parameter_is_in_one_group() -> None:
    made = model(12)
    common, delays = parameter_groups(made, 7.0)
    assert (common["times"], delays["times"]) == (1.0, 7.0)
    assert [len(each) for each in delays["params"]] == [16]
    together = {id(each) for each in (*common["params"], *delays["params"])}
    assert together == {id(each) for each in made.parameters()}
    assert len(common["params"]) + 1 == len(together)
    assert len(parameter_groups(model(0), 7.0)) == 1
