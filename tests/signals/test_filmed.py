"""Recordings of images that were filmed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.camera import Camera
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.events import Events, to_spikes
from neurodeploy.signals.filmed import FilmedImages
from neurodeploy.signals.motion import saccades
from neurodeploy.signals.recordings import Grid, binned


def make(**changes: Any) -> FilmedImages:
    """Forty images of 6 x 5 pixels on a noisy sensor of 9 x 8; the label of i is 3 i modulo 7."""
    images = np.random.default_rng(1).random((40, 6, 5), dtype=np.float32)
    dataset = Dataset(name="toy", images=images, labels=np.arange(40) * 3 % 7, classes=7)
    fields: dict[str, Any] = {
        "dataset": dataset,
        "motion": saccades(saccade_us=5000),
        "camera": Camera(height=9, width=8, noise_rate_hz=50.0, leak_rate_hz=20.0),
        "seed": 4,
    }
    return FilmedImages(**{**fields, **changes})


def columns(events: Events) -> np.ndarray:
    return np.stack([events.t, events.y, events.x, events.polarity])


def same(a: Events, b: Events) -> bool:
    return np.array_equal(columns(a), columns(b))


def test_filmed_images_say_what_they_are():
    recordings = make()
    assert (len(recordings.names), recordings.names[5], recordings.labels[5]) == (40, "toy[5]", "1")
    (events,) = recordings.read([5])
    assert (events.height, events.width) == (9, 8)
    assert len(events) > 100


def test_a_recording_depends_on_seed_and_index_alone():
    recordings = make()
    forward = list(recordings.read(range(40)))
    for index in (39, 0, 17, 39):
        assert same(*recordings.read([index]), forward[index])
    backward = list(make().read(range(39, -1, -1)))
    assert all(same(a, b) for a, b in zip(backward[::-1], forward, strict=True))
    assert same(*recordings.read([3, 3]))
    assert not same(*make(seed=5).read([17]), forward[17])
    assert make().identity == recordings.identity != make(seed=5).identity


def test_noise_differs_between_recordings_of_one_image():
    images = np.full((2, 6, 5), 0.5, np.float32)
    dataset = Dataset(name="twins", images=images, labels=np.zeros(2, np.int64), classes=1)
    first, second = make(dataset=dataset).read([0, 1])
    assert not same(first, second)


def test_spikes_are_each_recording_binned():
    recordings = make()
    order = [30, 2, 2, 11]
    spikes = binned(recordings, order, Grid(steps=16, dt_s=1e-3))
    assert spikes.shape == (4, 2, 9, 8, 16)
    for found, events in zip(spikes, recordings.read(order), strict=True):
        assert np.array_equal(found, to_spikes(events, step_us=1000, steps=16))
    assert 0.01 < spikes.mean() < 0.5


def test_what_comes_after_the_last_step_is_cut():
    recordings = make()
    long = binned(recordings, [8], Grid(steps=16, dt_s=1e-3))
    short = binned(recordings, [8], Grid(steps=6, dt_s=1e-3))
    assert long[..., 6:].any()
    assert np.array_equal(short, long[..., :6])


def test_bad_filming_is_refused():
    with pytest.raises(InputError, match=r"FilmedImages.seed: expected an integer of at least 0"):
        make(seed=-1)
    with pytest.raises(InputError, match=r"index: expected an integer in \[0, 39\], found 40"):
        list(make().read([40]))
