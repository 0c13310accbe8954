from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from rich.progress import Progress

import neurodeploy.learn.trainer
from neurodeploy.deploy.bundle import decode
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.learn.estimators import Estimator, Pathwise, ScoreFunction
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.quantization import compress
from neurodeploy.model.specs import LayerSpec, RecurrentSpec
from neurodeploy.netx.layers import Dense
from neurodeploy.signals.datasets import Dataset
from neurodeploy.tasks import ImageTask, input_spikes, task, train_task

SMALL = dataclasses.replace(
    task("digits"),
    train=64,
    validation=32,
    test=32,
    hidden=(12,),
    readout=8,
    decoder="linear",
    training=TrainConfig(epochs=1),
)


pytestmark = pytest.mark.usefixtures("one_thread")


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def delays(model: HybridModel) -> list[torch.Tensor]:
    return [tensor.clone() for name, tensor in model.state_dict().items() if name.endswith("delay")]


@pytest.mark.parametrize("heads", [("label",), ("image",), ("image", "label")])
def test_a_task_answers_what_it_is_asked_for(heads: tuple[str, ...], tmp_path: Path) -> None:
    chosen = dataclasses.replace(SMALL, heads=heads)
    splits = chosen.splits()
    bundle = chosen.bundle(train_task(chosen, splits, tmp_path))
    run = simulate(bundle.network, input_spikes(chosen, splits.test.images, seed=1))
    answers = decode(bundle, torch.from_numpy(run.spikes))
    assert {head: answer.shape for head, answer in answers.items()} == {
        head: (32, {"image": 64, "label": 10}[head]) for head in heads
    }
    assert bundle.decoder.macs == 8 * 16 * sum(answer.shape[1] for answer in answers.values())


def test_images_may_be_ones_own() -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.random((60, 6, 5), np.float32), rng.integers(0, 3, 60)
    own = Dataset(name="mine", images=images, labels=labels, classes=3)
    chosen = dataclasses.replace(SMALL, dataset=own, train=40, validation=10, test=10)
    splits = chosen.splits()
    assert np.array_equal(splits.test.images, images[splits.test_indices])
    assert chosen.notes()["dataset"] == "mine"
    assert chosen.heads_of(splits) == {"image": 30, "label": 3}
    with pytest.raises(InputError, match=r"dataset: expected one of .* your own are a nd.Dataset"):
        dataclasses.replace(SMALL, dataset="mine").splits()


@pytest.mark.parametrize("heads", [(), ("labels",), ("image", "sound")])
def test_heads_that_no_loss_trains_are_refused(heads: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="heads"):
        dataclasses.replace(SMALL, heads=heads)


def test_delays_are_learnt_and_exported(tmp_path: Path) -> None:
    chosen = dataclasses.replace(SMALL, delay_steps=4, neuron=CubaParameters(threshold=0.5))
    splits = chosen.splits()
    fresh = delays(chosen.model(splits))
    assert [tuple(delay.shape) for delay in fresh] == [(12,), (8,)]
    assert set(torch.cat(fresh).tolist()) == {0, 1, 2, 3, 4}
    model = train_task(chosen, splits, tmp_path)
    for before, after in zip(fresh, delays(model), strict=True):
        assert (after != before).any()
        assert after.min() >= 0
        assert after.max() <= 4
    bundle = chosen.bundle(model)
    for learnt, layer in zip(delays(model), bundle.network.layers, strict=True):
        assert isinstance(layer, Dense)
        assert layer.delay is not None
        assert layer.delay.tolist() == learnt.round().tolist()
    spikes = input_spikes(chosen, splits.test.images, seed=1)
    with torch.no_grad():
        trained = model.encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    assert trained.spikes.any()
    np.testing.assert_array_equal(simulate(bundle.network, spikes).spikes, trained.spikes.numpy())


def test_there_are_no_delays_unless_asked_for() -> None:
    assert SMALL.delay_steps == 0
    assert delays(SMALL.model(SMALL.splits())) == []


def test_training_says_what_it_does_unless_it_is_told_not_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits = SMALL.splits()
    train_task(SMALL, splits, tmp_path / "quiet", Progress(disable=True))
    assert capsys.readouterr() == ("", "")
    train_task(SMALL, splits, tmp_path / "script")
    said = capsys.readouterr()
    assert said.out == ""
    assert re.match(r"train\nepoch 1/1: log-loss \d", said.err)


def test_training_starts_from_the_model_that_is_given(tmp_path: Path) -> None:
    splits = SMALL.splits()
    smaller = compress(SMALL.model(splits), pruned=0.5, bits=4)
    before = {name: tensor.clone() for name, tensor in smaller.state_dict().items()}
    model = train_task(SMALL, splits, tmp_path, model=smaller)
    assert model is smaller
    after = model.state_dict()
    for index, layer in enumerate(SMALL.bundle(model).network.layers):
        name = f"encoder.blocks.{index}"
        connected = before[f"{name}.connected"]
        assert torch.equal(after[f"{name}.connected"], connected)
        moved = after[f"{name}.synapse.weight"] != before[f"{name}.synapse.weight"]
        assert moved.any()
        assert not moved[connected == 0].any()
        assert isinstance(layer, Dense)
        assert not layer.weight[connected.numpy().reshape(layer.weight.shape) == 0].any()
        assert len(np.unique(layer.weight)) <= 2**4


def test_a_budget_is_spent_and_the_rest_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that moves on by a second whenever it is read."""
    ticking = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr(neurodeploy.learn.trainer, "time", ticking)
    chosen = dataclasses.replace(SMALL, training=TrainConfig(epochs=2))
    splits = chosen.splits()
    straight = train_task(chosen, splits, tmp_path / "straight")
    untrained = train_task(chosen, splits, tmp_path / "pieces", budget_s=0)
    fresh = chosen.model(splits).state_dict()
    assert all(torch.equal(x, fresh[name]) for name, x in untrained.state_dict().items())
    train_task(chosen, splits, tmp_path / "pieces", budget_s=2)
    assert len(metrics(tmp_path / "pieces")) == 1
    resumed = train_task(chosen, splits, tmp_path / "pieces").state_dict()
    assert metrics(tmp_path / "pieces") == metrics(tmp_path / "straight")
    assert all(torch.equal(x, resumed[name]) for name, x in straight.state_dict().items())


class Feedback(ImageTask):
    """Its readout neurons hear each other."""

    def layers(self) -> list[LayerSpec]:
        *hidden, last = super().layers()
        return [*hidden, RecurrentSpec(neurons=last.neurons, neuron=last.neuron)]


@pytest.mark.parametrize("estimator", [Pathwise(), ScoreFunction()])
def test_a_readout_may_hear_itself(estimator: Estimator, tmp_path: Path) -> None:
    chosen = Feedback(**{**vars(SMALL), "estimator": estimator})
    splits = chosen.splits()
    fresh = chosen.model(splits).encoder.layers[-1].recurrent_weight
    model = train_task(chosen, splits, tmp_path)
    learnt = model.encoder.layers[-1].recurrent_weight
    assert fresh is not None
    assert learnt is not None
    assert not torch.equal(fresh, learnt)
    spikes = input_spikes(chosen, splits.test.images, seed=1)
    with torch.no_grad():
        trained = model.encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    assert trained.spikes.any()
    run = simulate(chosen.bundle(model).network, spikes)
    np.testing.assert_array_equal(run.spikes, trained.spikes.numpy())
