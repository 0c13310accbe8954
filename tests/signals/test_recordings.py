"""Recordings: the filmed ones, and dense spikes of any."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.camera import Camera
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.events import Events, to_spikes
from neurodeploy.signals.motion import saccades
from neurodeploy.signals.recordings import FilmedImages, Recordings, dense


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


class Listed(Recordings):
    """What a reader of files has to give, and no more."""

    sensor = (3, 4)
    classes = 11

    def __init__(self, *, sensor: tuple[int, int] = (3, 4)) -> None:
        self.size = sensor

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[Events, int]:
        height, width = self.size
        one = np.array([1, 1])
        t = np.array([10 * index, 900])
        return Events(x=2 * one, y=one, polarity=one, t=t, height=height, width=width), 10 - index


def columns(events: Events) -> np.ndarray:
    return np.stack([events.t, events.y, events.x, events.polarity])


def same(a: tuple[Events, int], b: tuple[Events, int]) -> bool:
    return a[1] == b[1] and np.array_equal(columns(a[0]), columns(b[0]))


def test_filmed_images_say_what_they_are():
    recordings = make()
    assert (len(recordings), recordings.sensor, recordings.classes) == (40, (9, 8), 7)
    events, label = recordings[5]
    assert label == 15 % 7
    assert isinstance(label, int)
    assert (events.height, events.width) == (9, 8)
    assert len(events) > 100


def test_a_recording_depends_on_seed_and_index_alone():
    recordings = make()
    forward = recordings.read(range(40))
    for index in (39, 0, 17, 39):
        assert same(recordings[index], forward[index])
    backward = make().read(range(39, -1, -1))
    assert all(same(a, b) for a, b in zip(backward[::-1], forward, strict=True))
    assert same(*recordings.read([3, 3]))
    assert not same(make(seed=5)[17], forward[17])


def test_noise_differs_between_recordings_of_one_image():
    images = np.full((2, 6, 5), 0.5, np.float32)
    dataset = Dataset(name="twins", images=images, labels=np.zeros(2, np.int64), classes=1)
    first, second = make(dataset=dataset).read([0, 1])
    assert not same(first, second)


def test_dense_is_each_recording_binned():
    recordings = make()
    order = [30, 2, 2, 11]
    spikes, labels = dense(recordings, order, steps=16, step_us=1000)
    assert spikes.shape == (4, 2, 9, 8, 16)
    assert spikes.dtype == np.uint8
    assert labels.dtype == np.int64
    for found, label, index in zip(spikes, labels, order, strict=True):
        events, expected = recordings[index]
        assert np.array_equal(found, to_spikes(events, step_us=1000, steps=16))
        assert label == expected
    assert 0.01 < spikes.mean() < 0.5


def test_dense_cuts_what_comes_after_the_last_step():
    recordings = make()
    long, _ = dense(recordings, [8], steps=16, step_us=1000)
    short, _ = dense(recordings, [8], steps=6, step_us=1000)
    assert long[..., 6:].any()
    assert np.array_equal(short, long[..., :6])


def test_dense_takes_any_recordings():
    spikes, labels = dense(Listed(), np.array([4, 0]), steps=3, step_us=30)
    assert labels.tolist() == [6, 10]
    assert np.argwhere(spikes).tolist() == [[0, 1, 1, 2, 1], [1, 1, 1, 2, 0]]


@pytest.mark.parametrize(
    ("recordings", "indices", "options", "text"),
    [
        (Listed(), [], {}, "indices: expected at least one, found none"),
        (Listed(), [0, 5], {}, "index: expected an integer in [0, 4], found 5"),
        (Listed(), [-1], {}, "index: expected an integer in [0, 4], found -1"),
        (Listed(), [0.5], {}, "index: expected an integer in [0, 4], found 0.5"),
        (Listed(), [0], {"steps": 0}, "steps: expected an integer of at least 1, found 0"),
        (Listed(), [0], {"step_us": 0}, "step_us: expected an integer of at least 1, found 0"),
        (Listed(sensor=(4, 3)), [2], {}, "recording 2: expected 3 x 4 px, found 4 x 3"),
    ],
)
def test_bad_batches_are_refused(recordings, indices, options, text):
    with pytest.raises(InputError) as caught:
        dense(recordings, indices, **{"steps": 3, "step_us": 30, **options})
    assert text in str(caught.value)


def test_bad_filming_is_refused():
    with pytest.raises(InputError, match=r"FilmedImages.seed: expected an integer of at least 0"):
        make(seed=-1)
    with pytest.raises(InputError, match=r"index: expected an integer in \[0, 39\], found 40"):
        make()[40]
