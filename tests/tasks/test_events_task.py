"""Event naturalization on a few filmed digits."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.experiments.measure import measure
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.signals.camera import Camera
from neurodeploy.tasks import train_task
from neurodeploy.tasks.events import EventTask

SMALL = EventTask(
    dataset="digits",
    train=24,
    validation=8,
    test=8,
    camera=Camera(height=10, width=10, threshold=0.4),
    steps=6,
    hidden=(12,),
    readout=8,
    decoder_hidden=16,
    training=TrainConfig(epochs=1),
)


def test_a_digit_is_filmed_learnt_and_deployed(tmp_path: Path) -> None:
    splits = SMALL.splits()
    assert splits.train.spikes.shape == (24, 2, 10, 10, 6)
    assert splits.train.spikes.any()
    assert splits.train.images is not None
    found = measure(SMALL, splits, train_task(SMALL, splits, tmp_path))
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"]


def test_films_are_of_the_split_and_the_seed() -> None:
    one, again = SMALL.splits(), SMALL.splits()
    assert np.array_equal(one.test.spikes, again.test.spikes)
    noisy = dataclasses.replace(SMALL, camera=dataclasses.replace(SMALL.camera, noise_rate_hz=9.0))
    other = dataclasses.replace(noisy, film_seed=1).splits()
    assert np.array_equal(noisy.splits().test.labels, other.test.labels)
    assert not np.array_equal(noisy.splits().test.spikes, other.test.spikes)


def test_recordings_without_stills_are_classified(tmp_path: Path) -> None:
    task = dataclasses.replace(SMALL, heads=("label",))
    splits = task.splits()
    splits = dataclasses.replace(
        splits,
        **{
            part: dataclasses.replace(getattr(splits, part), images=None)
            for part in ("train", "validation", "test")
        },
    )
    assert train_task(task, splits, tmp_path).decoder.config.heads == {"label": 10}


@pytest.mark.parametrize("changes", [{"motion": "shake"}, {"heads": ("sound",)}])
def test_bad_tasks_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(changes))):
        dataclasses.replace(SMALL, **changes)  # type: ignore[arg-type]
