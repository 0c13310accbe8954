"""What is measured of a trained task, on scikit-learn's digits."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from neurodeploy.deploy.bundle import decode
from neurodeploy.engines.registry import simulate
from neurodeploy.experiments.measure import (
    TEST_SEED,
    independent_answers,
    measure,
    measure_images,
)
from neurodeploy.experiments.oracle import train_oracle
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks import ImageTask, input_spikes, task, train_task

digits = task("digits")
assert isinstance(digits, ImageTask)
SMALL = dataclasses.replace(
    digits,
    train=640,
    hidden=(32,),
    readout=16,
    decoder_hidden=32,
    training=TrainConfig(epochs=6, learning_rate=5e-3, patience_epochs=6),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Splits, HybridModel]:
    splits = SMALL.splits()
    return splits, train_task(SMALL, splits, tmp_path_factory.mktemp("digits"))


def test_deployed_is_what_a_bundle_answers(trained: tuple[Splits, HybridModel]) -> None:
    splits, model = trained
    found = measure(SMALL, splits, model)
    bundle = SMALL.bundle(model)
    run = simulate(bundle.network, input_spikes(SMALL, splits.test.images, TEST_SEED))
    answers = decode(bundle, torch.from_numpy(run.spikes))["label"].argmax(1).numpy()
    assert found["accuracy_deployed"] == float((answers == splits.test.labels).mean())
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"] > 0.6
    assert found["test_samples"] == pytest.approx(len(splits.test), rel=1e-9)
    assert found["spikes_per_neuron_step"] == float(run.spikes.mean())
    assert found["spikes_per_sample"] == int(run.spikes.sum()) / len(run.spikes)
    assert found["silent"] == float((run.spikes.sum((0, 2)) == 0).mean())
    assert found["information_bits"] > 0
    assert not any(math.isnan(value) for value in found.values())


def test_without_a_class_there_is_no_accuracy(trained: tuple[Splits, HybridModel]) -> None:
    splits, model = trained
    alone = dataclasses.replace(SMALL, heads=("image",))
    images = alone.model(splits)
    images.encoder.load_state_dict(model.encoder.state_dict())
    found, with_class = measure(alone, splits, images), measure(SMALL, splits, model)
    assert not any(name.startswith("accuracy") for name in found)
    assert "test_samples" not in found
    for name in ("spikes_per_neuron_step", "spikes_per_sample", "silent", "information_bits"):
        assert found[name] == with_class[name]


def test_answers_within_a_sample_count_by_what_they_share() -> None:
    """Of 400 samples with 50 answers: independent ones count all, equal ones once."""
    rng = np.random.default_rng(0)
    asked = np.full(400, 50)
    assert independent_answers(rng.binomial(50, 0.7, 400), asked) == pytest.approx(20_000, rel=0.3)
    whole = 50 * rng.binomial(1, 0.7, 400)
    assert independent_answers(whole, asked) == pytest.approx(400, rel=1e-9)
    assert independent_answers(asked, asked) == 400


def test_the_judge_sees_what_was_deployed(trained: tuple[Splits, HybridModel]) -> None:
    splits, model = trained
    oracle = train_oracle(splits.train, steps=300)
    found = measure_images(SMALL, splits, model, oracle)
    assert found["oracle_ratio"] == found["oracle_deployed"] / found["oracle_originals"]
    assert found["oracle_originals"] > 0.6
    mean = splits.train.images.mean(0)
    assert found["pixel_mse"] < float(np.square(splits.test.images - mean).mean())
