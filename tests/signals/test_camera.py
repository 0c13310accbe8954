"""The event camera: what a pixel sends, how images move, and how many events that makes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.camera import N_MNIST_CAMERA, Camera, film
from neurodeploy.signals.datasets import load_mnist
from neurodeploy.signals.events import Events
from neurodeploy.signals.motion import Motion, render, saccades

HEIGHT, WIDTH = 3, 5
STILL = Motion(times_us=np.array([0, 900]), positions_px=np.zeros((2, 2)))


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """Ten MNIST digits of each class: float32 [100, 28, 28]."""
    return load_mnist().images[::50]


def plain(**changes: Any) -> Camera:
    """A small sensor without noise, leak, mismatch or refractory time."""
    fields = {
        "height": HEIGHT,
        "width": WIDTH,
        "threshold": 0.3,
        "mismatch": 0.0,
        "refractory_us": 0,
        "noise_rate_hz": 0.0,
        "leak_rate_hz": 0.0,
    }
    return Camera(**{**fields, **changes})


def rngs(samples: int, seed: int = 0) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, i]) for i in range(samples)]


def light_of(level: np.ndarray, camera: Camera) -> np.ndarray:
    """The light whose log intensity is ``level``."""
    return (camera.knee * np.expm1(level)).astype(np.float32)


def level_of(light: np.ndarray, camera: Camera) -> np.ndarray:
    return np.log1p(light.astype(np.float64) / camera.knee)


def brightest(camera: Camera) -> float:
    return math.log1p(1 / camera.knee)


def counts(events: Events) -> np.ndarray:
    """Events of each polarity and pixel: int64 [polarity, height, width]."""
    found = np.zeros((2, events.height, events.width), np.int64)
    np.add.at(found, (events.polarity, events.y, events.x), 1)
    return found


def columns(events: Events) -> np.ndarray:
    return np.stack([events.t, events.y, events.x, events.polarity])


def record(camera: Camera, frames: np.ndarray, times_us: np.ndarray, seed: int = 0) -> Events:
    """Record one sample of frames [time, height, width]."""
    (events,) = camera.record(frames[:, np.newaxis], times_us, rngs(1, seed))
    return events


@pytest.mark.parametrize("mismatch", [0.0, 0.04])
@pytest.mark.parametrize("from_black", [True, False])
def test_a_step_gives_one_event_for_each_threshold_that_it_crosses(mismatch, from_black):
    camera = plain(mismatch=mismatch, seed=3)
    start = np.zeros((HEIGHT, WIDTH)) if from_black else np.full((HEIGHT, WIDTH), 1.1)
    stop = np.random.default_rng(5).uniform(0, brightest(camera), (HEIGHT, WIDTH))
    frames = light_of(np.stack([start, stop]), camera)
    change = np.diff(level_of(frames, camera), axis=0)[0]
    off, on = camera.thresholds
    expected = np.stack(
        [np.floor(np.maximum(-change, 0) / off), np.floor(np.maximum(change, 0) / on)]
    )
    found = counts(record(camera, frames, np.array([0, 1000])))
    assert np.array_equal(found, expected)
    assert found[1].max() >= 4
    assert (found[0].max() >= 2) is not from_black


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_a_change_of_whole_thresholds_crosses_the_last_one_too(steps):
    camera = plain(threshold=brightest(plain()) / 7)
    level = camera.threshold * steps * np.ones((HEIGHT, WIDTH))
    frames = light_of(np.stack([0 * level, level, 0 * level]), camera)
    found = counts(record(camera, frames, np.array([0, 1000, 2000])))
    assert (found == steps).all()


@pytest.mark.parametrize(
    ("threshold", "before", "after"),
    [
        (0.013662675395607948, 0.6630203127861023, 0.2859354019165039),
        (0.014096719212830067, 0.6809182167053223, 0.5718521475791931),
    ],
)
def test_rounding_makes_no_event_at_rest(threshold, before, after):
    camera = plain(threshold=threshold)  # these leave almost a whole threshold, rounded up
    light = np.array([before, after, after], np.float32)[:, np.newaxis, np.newaxis]
    frames = light * np.ones((HEIGHT, WIDTH), np.float32)
    times = np.array([0, 1000, 2000])
    moved = record(camera, frames[:2], times[:2])
    assert len(moved) > 100
    assert np.array_equal(columns(record(camera, frames, times)), columns(moved))


def test_no_change_and_no_noise_give_no_event():
    images = np.random.default_rng(1).random((2, 4, 4), dtype=np.float32)
    for events in film(images, STILL, plain(mismatch=0.05), rngs(2)):
        assert len(events) == 0
        assert (events.height, events.width) == (HEIGHT, WIDTH)
    frames = np.repeat(images[:1, :HEIGHT, :1] * np.ones(WIDTH, np.float32), 9, axis=0)
    assert len(record(plain(refractory_us=70), frames, np.arange(9) * 50)) == 0


def test_inverted_levels_give_the_other_polarity_at_the_same_times():
    camera = plain()
    level = np.random.default_rng(2).uniform(0, brightest(camera), (20, HEIGHT, WIDTH))
    times = np.arange(20) * 700
    events = record(camera, light_of(level, camera), times)
    inverted = record(camera, light_of(brightest(camera) - level, camera), times)
    assert len(events) > 500
    assert np.array_equal(events.polarity, 1 - inverted.polarity)
    assert np.array_equal(events.t, inverted.t)
    assert np.array_equal(columns(events)[1:3], columns(inverted)[1:3])


def test_times_of_a_ramp_are_exact():
    camera = plain(threshold=brightest(plain()) / 4.5)
    frames = np.zeros((3, HEIGHT, WIDTH), np.float32)
    frames[1, 2, 4] = 1  # up in 9,000 us, down in 1,800
    events = record(camera, frames, np.array([500, 9500, 11_300]))
    # Up at 1, 2, 3 and 4 thresholds of 4.5; down from 4.5 to 3, 2, 1 and 0.
    assert events.t.tolist() == [2500, 4500, 6500, 8500, 10_100, 10_500, 10_900, 11_300]
    assert events.polarity.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert set(events.x) == {4}
    assert set(events.y) == {2}


def test_a_frame_in_the_middle_of_a_ramp_changes_nothing():
    camera = plain(threshold=brightest(plain()) / 4.5)
    level = np.linspace(0, brightest(camera), 10)[:, np.newaxis, np.newaxis]
    times = np.arange(10) * 1000
    frames = light_of(level * np.ones((HEIGHT, WIDTH)), camera)
    often, seldom = record(camera, frames, times), record(camera, frames[[0, -1]], times[[0, -1]])
    assert np.array_equal(columns(often), columns(seldom))
    assert np.unique(often.t).tolist() == [2000, 4000, 6000, 8000]


def test_events_are_in_order_of_time_row_and_column():
    frames = np.random.default_rng(4).random((6, HEIGHT, WIDTH), dtype=np.float32)
    frames[3:, :, 1] = frames[3:, :, 3] = 0.5  # some at the same time
    frames[:3, :, 1] = frames[:3, :, 3] = 0.1
    events = record(plain(noise_rate_hz=2000.0), frames, np.arange(6) * 1000)
    order = np.lexsort((events.polarity, events.x, events.y, events.t))
    assert np.array_equal(order, np.arange(len(events)))
    assert (np.diff(events.t) == 0).any()


@settings(max_examples=60)
@given(
    levels=st.lists(st.floats(0, 1), min_size=2, max_size=12),
    threshold=st.floats(0.05, 1.5),
    mismatch=st.sampled_from([0.0, 0.1]),
    knee=st.sampled_from([0.001, 0.08, 2.0]),
)
def test_events_tell_the_level_to_within_a_threshold(levels, threshold, mismatch, knee):
    camera = plain(threshold=threshold, mismatch=mismatch, knee=knee)
    pixels = np.linspace(0.2, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    level = np.array(levels)[:, np.newaxis, np.newaxis] * pixels * brightest(camera)
    frames = np.clip(light_of(level, camera), 0, 1)
    found = counts(record(camera, frames, np.arange(len(levels)) * 1000))
    off, on = camera.thresholds
    truth = level_of(frames, camera)
    missing = truth[-1] - truth[0] - (found[1] * on - found[0] * off)
    rounding = 2e-5  # of float32 levels of up to 7
    assert (missing < on + rounding).all()
    assert (missing > -off - rounding).all()


def test_what_passes_by_leaves_as_many_off_as_on_events():
    passing = Motion(
        times_us=np.array([0, 50_000]), positions_px=np.array([(-9.0, 0.3), (9, -0.4)])
    )
    images = np.random.default_rng(6).random((3, 4, 4), dtype=np.float32)
    for events in film(images, passing, plain(threshold=0.21), rngs(3)):
        found = counts(events)
        assert np.array_equal(found[0], found[1])
        assert found.sum() > 100


@pytest.mark.parametrize("refractory_us", [1, 300, 2500])
def test_the_refractory_time_keeps_what_a_clock_would(refractory_us):
    frames = np.random.default_rng(7).random((40, HEIGHT, WIDTH), dtype=np.float32)
    times = np.arange(40) * 1000
    noisy = {"noise_rate_hz": 200.0, "threshold": 0.1}
    everything = columns(record(plain(**noisy), frames, times))
    rested = plain(refractory_us=refractory_us, **noisy)
    last: dict[tuple[int, int], int] = {}
    kept = []
    for event in everything.T.tolist():
        t, pixel = event[0], (event[1], event[2])
        if t - last.get(pixel, -refractory_us) >= refractory_us:
            kept.append(event)
            last[pixel] = t
    assert columns(record(rested, frames, times)).T.tolist() == kept
    assert len(kept) < everything.shape[1]
    per_pixel = counts(record(rested, frames, times)).sum(axis=0)
    assert per_pixel.max() <= 1 + 39_000 / refractory_us


def test_noise_comes_at_its_rate_everywhere_and_always():
    camera = plain(noise_rate_hz=40.0)
    frames = np.full((2, HEIGHT, WIDTH), 0.3, np.float32)
    events = record(camera, frames, np.array([1_000_000, 21_000_000]))
    expected = 40 * 20 * HEIGHT * WIDTH
    assert abs(len(events) - expected) < 4 * math.sqrt(expected)
    cells = counts(events)  # 400 are expected of each polarity and pixel
    assert np.abs(cells - 400).max() < 4 * math.sqrt(400)
    assert events.t.min() > 1_000_000
    assert events.t.max() <= 21_000_000
    half = int((events.t <= 11_000_000).sum())
    assert abs(half - expected / 2) < 4 * math.sqrt(expected / 2)


def test_a_leaking_memory_gives_on_events_at_its_rate():
    camera = plain(leak_rate_hz=2.5, mismatch=0.05, height=20, width=30)
    frames = np.full((11, 20, 30), 0.3, np.float32)
    events = record(camera, frames, np.arange(11) * 300_000)  # 7.5 events in 3 s
    found = counts(events)
    assert found[0].sum() == 0
    assert set(np.unique(found[1])) == {7, 8}
    assert abs(found[1].mean() - 7.5) < 4 * 0.5 / math.sqrt(600)
    tenths = np.histogram(events.t, bins=10, range=(0, 3_000_000))[0]
    assert np.abs(tenths - 450).max() < 4 * math.sqrt(450)


def test_mismatch_belongs_to_the_sensor():
    camera = plain(height=60, width=80, mismatch=0.05)
    assert camera.thresholds.shape == (2, 60, 80)
    assert camera.thresholds.dtype == np.float32
    assert abs(camera.thresholds.mean() - 0.3) < 4 * 0.05 / math.sqrt(9600)
    assert abs(camera.thresholds.std() - 0.05) < 4 * 0.05 / math.sqrt(2 * 9600)
    again = plain(height=60, width=80, mismatch=0.05)
    assert again == camera
    assert np.array_equal(again.thresholds, camera.thresholds)
    other = plain(height=60, width=80, mismatch=0.05, seed=1)
    assert not np.array_equal(other.thresholds, camera.thresholds)
    assert plain(threshold=0.01, mismatch=9.0).thresholds.min() == np.float32(0.01)


def test_a_sample_does_not_depend_on_the_others(digits):
    camera = Camera(noise_rate_hz=5.0, leak_rate_hz=3.0)
    images = digits[:40]
    together = film(images, saccades(), camera, rngs(40))
    for i in (0, 7, 31, 32, 39):  # more than are filmed in one go
        alone = film(images[i : i + 1], saccades(), camera, [np.random.default_rng([0, i])])
        assert np.array_equal(columns(alone[0]), columns(together[i]))
    again = film(images[:1], saccades(), camera, rngs(1, seed=9))
    assert not np.array_equal(columns(again[0]), columns(together[0]))


def test_film_is_render_and_record():
    images = np.random.default_rng(10).random((2, 4, 6), dtype=np.float32)
    motion, camera = saccades(saccade_us=3000), plain(threshold=0.2, mismatch=0.02)
    times = motion.frame_times(0.5)
    frames = render(images, motion.at(times), height=HEIGHT, width=WIDTH)
    recorded = camera.record(frames, times, rngs(2))
    for filmed, expected in zip(
        film(images, motion, camera, rngs(2), step_px=0.5), recorded, strict=True
    ):
        assert len(filmed) > 100
        assert np.array_equal(columns(filmed), columns(expected))


def test_a_digit_gives_as_many_events_as_in_n_mnist(digits):
    filmed = film(digits, saccades(), N_MNIST_CAMERA, rngs(100))
    mean = np.mean([len(events) for events in filmed])
    assert 3800 < mean < 4300
    assert max(events.t.max() for events in filmed) <= 300_000
    finer = film(digits[::10], saccades(), N_MNIST_CAMERA, rngs(10), step_px=0.03)
    few = sum(len(events) for events in filmed[::10])
    assert sum(len(events) for events in finer) == pytest.approx(few, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"height": 0}, "camera.height: expected an integer of at least 1, found 0"),
        ({"refractory_us": 0.5}, "camera.refractory_us: expected an integer in [0, 2147483647]"),
        ({"threshold": 0.002}, "camera.threshold: expected at least 0.01, found 0.002"),
        ({"threshold": True}, "camera.threshold: expected a finite number, not negative"),
        ({"mismatch": -0.1}, "camera.mismatch: expected a finite number, not negative, found -0.1"),
        ({"knee": 0.0}, "camera.knee: expected more than 0, found 0.0"),
        ({"noise_rate_hz": math.inf}, "camera.noise_rate_hz: expected a finite number"),
        ({"leak_rate_hz": "1"}, "camera.leak_rate_hz: expected a finite number"),
    ],
)
def test_bad_cameras_are_refused(changes, text):
    with pytest.raises(InputError) as caught:
        plain(**changes)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("frames", "times", "generators", "text"),
    [
        (
            np.zeros((2, 1, 3, 4)),
            [0, 9],
            1,
            "frame 0: expected [sample, height, width] = [1, 3, 5]",
        ),
        (np.zeros((2, 2, 3, 5)), [0, 9], 1, "= [1, 3, 5], found shape (2, 3, 5)"),
        (np.full((2, 1, 3, 5), 1.5), [0, 9], 1, "frame 0: expected values in [0, 1]"),
        (np.zeros((2, 1, 3, 5), int), [0, 9], 1, "frame 0: expected floats in [0, 1]"),
        (
            np.zeros((2, 1, 3, 5)),
            [0, 9, 20],
            1,
            "frames: expected as many as the times, 3, found 2",
        ),
        (np.zeros((0, 1, 3, 5)), [0, 9], 1, "frames: expected as many as the times, 2, found 0"),
        (np.zeros((3, 1, 3, 5)), [0, 9], 1, "frames: expected as many as the times, 2, found more"),
        (np.zeros((2, 1, 3, 5)), [9, 9], 1, "times_us: expected an array of two or more integers"),
        (np.zeros((2, 1, 3, 5)), [-1, 9], 1, "times_us: expected an array of two or more integers"),
        (np.zeros((2, 1, 3, 5)), [0, 9], None, "rngs[0]: expected a numpy.random.Generator"),
    ],
)
def test_bad_frames_are_refused(frames, times, generators, text):
    with pytest.raises(InputError) as caught:
        plain().record(frames, np.array(times), [4] if generators is None else rngs(generators))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("images", "generators", "step_px", "text"),
    [
        (np.zeros((2, 4, 4)), 2, 0.2, "images: expected float32 [sample, height, width]"),
        (np.zeros((2, 4), np.float32), 2, 0.2, "images: expected float32 [sample, height, width]"),
        (np.full((2, 4, 4), -1, np.float32), 2, 0.2, "images: expected values in [0, 1]"),
        (
            np.zeros((2, 4, 4), np.float32),
            3,
            0.2,
            "rngs: expected one for each of 2 images, found 3",
        ),
        (np.zeros((2, 4, 4), np.float32), 2, 0, "step_px: expected more than 0, found 0"),
        (np.zeros((2, 4, 4), np.float32), 2, -1, "step_px: expected a finite number, not negative"),
    ],
)
def test_bad_images_are_refused(images, generators, step_px, text):
    with pytest.raises(InputError) as caught:
        film(images, STILL, plain(), rngs(generators), step_px=step_px)
    assert text in str(caught.value)
