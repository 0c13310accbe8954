"""Networks whose output spikes are counted."""

from __future__ import annotations

import dataclasses

import pytest

from neurodeploy.experiments.rate_coded import run_counting, run_spike_rate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.tasks import ImageTask, task

digits = task("digits")
assert isinstance(digits, ImageTask)
SMALL = dataclasses.replace(
    digits,
    train=640,
    hidden=(32,),
    training=TrainConfig(epochs=10, learning_rate=5e-3, patience_epochs=10),
)


def test_hand_made_targets_teach_a_network_and_set_its_rate() -> None:
    splits = SMALL.splits()
    low, high = (
        run_spike_rate(SMALL, splits, true_rate=rate, false_rate=0.03) for rate in (0.2, 0.5)
    )
    for found in (low, high):
        assert found["accuracy_deployed"] > 0.4
        assert found["accuracy_validation"] > 0.4
        assert found["test_samples"] == len(splits.test)
    assert 0 < low["spikes_per_neuron_step"] < high["spikes_per_neuron_step"] < 0.5


def test_counts_as_logits_teach_a_network() -> None:
    found = run_counting(SMALL, SMALL.splits(), scale=1.0)
    assert found["accuracy_deployed"] > 0.6
    assert 0 < found["spikes_per_neuron_step"] < 1


@pytest.mark.parametrize("scale", [0.0])
def test_counts_without_a_scale_teach_nothing(scale: float) -> None:
    assert run_counting(SMALL, SMALL.splits(), scale=scale)["accuracy_deployed"] < 0.3
