"""Predictive coding with short sequences."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.deploy.stream import stream_answers
from neurodeploy.errors import InputError
from neurodeploy.experiments.measure import measure
from neurodeploy.learn.objective import NO_LABEL, ConstantRate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.tasks import train_task
from neurodeploy.tasks.predictive import BlobTask

SMALL = BlobTask(
    hidden=(),
    readout=10,
    decoder="linear",
    neuron=CubaParameters(current_decay=1.0, voltage_decay=1.0, surrogate_width=0.01),
    beta=0.0,
    prior=ConstantRate(0.2),
    train=100,
    validation=2,
    test=3,
    train_steps=30,
    test_steps=40,
    training=TrainConfig(epochs=15, batch_size=20, learning_rate=0.02, patience_epochs=15),
)


@pytest.mark.parametrize(("hidden", "delta"), [((), 0), ((), 1), ((), -1), ((4, 4), 2)])
def test_the_answer_is_asked_for_when_the_readout_can_know(
    hidden: tuple[int, ...], delta: int
) -> None:
    task = dataclasses.replace(SMALL, hidden=hidden, delta=delta)
    spikes, labels = task.splits().test
    pairs = task.blobs.pair_index(task.blobs.read(spikes))
    behind = len(hidden) + 1 - delta
    assert (labels[:, :behind] == NO_LABEL).all()
    assert np.array_equal(labels[:, behind:], pairs[:, : pairs.shape[1] - behind])


def test_training_sequences_are_fresh_and_repeatable() -> None:
    source = SMALL.sources(SMALL.splits()).train
    assert len(source) == 100
    (first, *rest), again = source.shuffled(20, 0, 0), next(iter(source.shuffled(20, 0, 0)))
    assert len(rest) == 4
    assert first.spikes.shape == (20, 20, 30)
    assert bool((first.spikes == again.spikes).all())
    other = next(iter(source.shuffled(20, 0, 1)))
    assert not bool((first.spikes == other.spikes).all())


def test_learnt_deployed_and_streamed(tmp_path: Path) -> None:
    splits = SMALL.splits()
    model = train_task(SMALL, splits, tmp_path)
    found = measure(SMALL, splits, model)
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"] > 0.05
    bundle = SMALL.bundle(model)
    spikes, labels = splits.test
    right = 0
    for answer in stream_answers(bundle, spikes):
        label = labels[answer.sample, answer.step]
        right += int(label != NO_LABEL and answer.logits["label"].argmax() == label)
    assert right / (labels != NO_LABEL).sum() == found["accuracy_deployed"]


def test_what_no_readout_can_know_is_refused() -> None:
    with pytest.raises(InputError, match="delta: expected at most 1, found 2"):
        dataclasses.replace(SMALL, delta=2)
    with pytest.raises(InputError, match="steps: expected more than 40"):
        dataclasses.replace(SMALL, delta=-39)
