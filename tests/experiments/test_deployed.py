"""Sampled beside deployed, by hand on small networks; a decoder that learns what it reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.progress import Progress

from neurodeploy.experiments.deployed import measure_gap, tuned_on_deployed
from neurodeploy.experiments.measure import TEST_SEED, measure
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks import ImageTask, task, train_task
from neurodeploy.tasks.predictive import BlobTask

digits = task("digits")
assert isinstance(digits, ImageTask)
WARM = dataclasses.replace(
    digits,
    train=320,
    hidden=(24,),
    readout=12,
    decoder_hidden=32,
    heads=("label",),
    training=TrainConfig(epochs=4, learning_rate=1e-2, temperature_end=0.4, patience_epochs=4),
)
"""Trained on spikes that are far from the deployed ones."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Splits, HybridModel]:
    splits = WARM.splits()
    folder = tmp_path_factory.mktemp("warm")
    return splits, train_task(WARM, splits, folder, Progress(disable=True))


def test_the_gap_is_that_of_answers_drawn_one_by_one(trained: tuple[Splits, HybridModel]) -> None:
    splits, model = trained
    found = measure_gap(WARM, splits, model, draws=3)
    labels = torch.from_numpy(splits.test.labels)
    generator = torch.Generator().manual_seed(TEST_SEED)
    answers: list[list[torch.Tensor]] = [[], [], [], []]
    with torch.no_grad():
        for batch in WARM.sources(splits).test.ordered(100, TEST_SEED):
            for place, temperature in enumerate((0.0, 0.4, 0.4, 0.4)):
                given = model(batch.spikes, temperature=temperature, generator=generator)
                answers[place].append(given.answers["label"].argmax(1))
    deployed, *drawn = (torch.cat(each) for each in answers)
    shares = np.array([float((each == labels).double().mean()) for each in drawn])
    exact = float((deployed == labels).double().mean())
    assert found["accuracy_deployed"] == pytest.approx(exact)
    assert found["accuracy_sampled"] == pytest.approx(shares.mean())
    assert found["gap"] == pytest.approx(shares.mean() - exact)
    assert found["gap_absolute"] == pytest.approx(np.abs(shares - exact).mean())
    apart = np.mean([float((each != deployed).double().mean()) for each in drawn])
    assert found["disagreement"] == pytest.approx(apart)
    chance = [float((drawn[at] != drawn[at + 1]).double().mean()) for at in range(2)]
    assert found["disagreement_draws"] == pytest.approx(np.mean(chance))
    assert found["test_samples"] == pytest.approx(len(labels), rel=1e-9)
    assert found["disagreement"] > 0


def test_a_decoder_learns_the_spikes_that_it_will_read(
    trained: tuple[Splits, HybridModel],
) -> None:
    splits, model = trained
    before = {name: each.clone() for name, each in model.state_dict().items()}
    state = torch.random.get_rng_state()
    tuned = tuned_on_deployed(WARM, splits, model, epochs=6)
    assert torch.equal(state, torch.random.get_rng_state())
    for name, each in model.state_dict().items():
        assert torch.equal(each, before[name])
    for name, each in tuned.encoder.state_dict().items():
        assert torch.equal(each, model.encoder.state_dict()[name])
    was, now = (losses(splits, each) for each in (model, tuned))
    assert now < was


def losses(splits: Splits, model: HybridModel) -> float:
    """Log-loss of deployed spikes on the training part."""
    total = 0.0
    with torch.no_grad():
        for batch in WARM.sources(splits).train.ordered(100, TEST_SEED):
            given = model(batch.spikes, temperature=0.0)
            total += float(WARM.objective().log_loss(given.answers, batch.targets).sum())
    return total


def test_every_step_of_a_stream_is_an_answer(tmp_path: Path) -> None:
    blobs = BlobTask(
        hidden=(),
        readout=6,
        decoder="linear",
        delta=0,
        train=20,
        train_steps=30,
        test=3,
        validation=2,
        test_steps=40,
        training=TrainConfig(epochs=1),
    )
    splits = blobs.splits()
    model = train_task(blobs, splits, tmp_path, Progress(disable=True))
    found = measure_gap(blobs, splits, model, draws=2)
    assert found["accuracy_deployed"] == measure(blobs, splits, model)["accuracy_deployed"]
    assert found["disagreement"] <= 1
    tuned = tuned_on_deployed(blobs, splits, model)
    assert not torch.equal(tuned.decoder.heads["label"].weight, model.decoder.heads["label"].weight)
