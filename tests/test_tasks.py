from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from neurodeploy.bundle import decode
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.learn.trainer import TrainConfig
from neurodeploy.tasks import input_spikes, task, train_task

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


@pytest.mark.parametrize("heads", [(), ("labels",), ("image", "sound")])
def test_heads_that_no_loss_trains_are_refused(heads: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="heads"):
        dataclasses.replace(SMALL, heads=heads)
