"""Encoders that do not spike are measured as those that do, and see what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.progress import Progress

from neurodeploy.experiments.ann_encoder import GreyTask, LstmEncoder, grey_model, lstm_model
from neurodeploy.experiments.measure import measure_sampled
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.tasks import ImageTask, task, train_task

digits = task("digits")
assert isinstance(digits, ImageTask)
SMALL = dataclasses.replace(
    digits,
    train=640,
    hidden=(64,),
    readout=16,
    decoder_hidden=32,
    training=TrainConfig(epochs=8, learning_rate=1e-2, patience_epochs=8),
)


@pytest.mark.parametrize(
    ("chosen", "model"), [(GreyTask.of(SMALL), grey_model), (SMALL, lstm_model)]
)
def test_they_learn_and_are_measured(
    chosen: ImageTask, model: Callable[..., HybridModel], tmp_path: Path
) -> None:
    splits = chosen.splits()
    quiet = Progress(disable=True)
    trained = train_task(chosen, splits, tmp_path, quiet, model=model(chosen, splits))
    found = measure_sampled(chosen, splits, trained)
    assert found["accuracy_sampled"] > 0.6
    assert found["information_bits"] > 0


def test_grey_images_are_those_that_are_encoded_otherwise() -> None:
    splits = SMALL.splits()
    moved = dataclasses.replace(SMALL, shift_px=1)
    grey, spiking = (each.sources(splits).train for each in (GreyTask.of(moved), moved))
    assert len(grey) == len(spiking) == 640
    pairs = zip(grey.shuffled(64, 0, 3), spiking.shuffled(64, 0, 3), strict=True)
    for one, other in pairs:
        assert torch.equal(one.spikes[..., 0], other.targets["image"])
        assert torch.equal(one.targets["label"], other.targets["label"])
    assert grey.identity != spiking.identity


def test_an_lstm_does_not_see_what_is_to_come() -> None:
    torch.manual_seed(0)
    encoder = LstmEncoder(5, 7, 3, 8)
    spikes = torch.rand(2, 5, 8)
    changed = spikes.clone()
    changed[..., 4:] = 1 - changed[..., 4:]
    one, other = encoder.margin(spikes), encoder.margin(changed)
    assert one.shape == (2, 3, 8)
    assert torch.equal(one[..., :4], other[..., :4])
    assert not torch.equal(one[..., 4:], other[..., 4:])
