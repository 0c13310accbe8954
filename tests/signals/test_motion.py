"""How images move, and what a camera is shown of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.ndimage

from neurodeploy.errors import InputError
from neurodeploy.signals.motion import Motion, render, saccades, slow_motion


def test_saccades_are_those_by_which_n_mnist_is_stabilised():
    motion = saccades()
    t = np.arange(0, 300_001, 2500)
    first, second = t <= 100_000, (t > 100_000) & (t <= 200_000)
    right = np.where(t <= 200_000, 7 * t / 200e3, 7 - 7 * (t - 200e3) / 100e3)
    down = np.select([first, second], [7 * t / 100e3, 7 - 7 * (t - 100e3) / 100e3], 0)
    moved = motion.at(t) - motion.at(np.array([0]))
    assert np.allclose(moved, np.stack([right, down], -1), atol=1e-12)
    assert np.allclose(motion.at(np.array([0, 100_000])), [(-3.5, -3.5), (0, 3.5)])
    half = saccades(saccade_us=40_000, size_px=3.5)
    assert np.allclose(half.at(t / 2.5), motion.at(t) / 2)


def test_slow_motion_is_a_closed_circle():
    motion = slow_motion()
    places = motion.at(np.linspace(0, 2_500_000, 1001))
    assert np.abs(np.hypot(*places.T) - 3.5).max() < 3.5e-3
    assert np.allclose(places[0], places[-1])
    speed_px_s = np.hypot(*np.diff(places, axis=0).T) / 2.5e-3
    assert np.allclose(speed_px_s, 2 * np.pi * 3.5 / 2.5, rtol=5e-3)
    assert np.allclose(slow_motion(duration_us=500, radius_px=2.0).at(np.array([125.0])), [(0, 2)])


def test_frames_are_close_enough_and_hit_every_knot():
    motion = Motion(
        times_us=np.array([0, 800, 1400, 1900]),
        positions_px=np.array([(0, 0), (3, 4), (3, 4), (3, 3.9)]),
    )
    times = motion.frame_times(0.7)
    assert set(motion.times_us) <= set(times)
    assert (np.diff(times) > 0).all()
    assert len(times) == 1 + 8 + 1 + 1
    steps = np.hypot(*np.diff(motion.at(times), axis=0).T)
    assert steps.max() == pytest.approx(5 / 8)
    assert 5 / 8 < 0.7 < 5 / 7


def test_render_shows_the_image_in_the_middle_then_displaced():
    images = np.random.default_rng(8).random((2, 4, 6), dtype=np.float32)
    positions = np.array([(0.0, 0.0), (2, -1), (-40, 0), (1.25, 0.4), (-3.3, 2.75)])
    frames = list(render(images, positions, height=8, width=12))
    assert frames[0].shape == (2, 8, 12)
    assert frames[0].dtype == np.float32
    expected = np.pad(images, ((0, 0), (2, 2), (3, 3)))
    assert np.array_equal(frames[0], expected)
    assert np.array_equal(frames[1][:, 1:5, 5:11], images)
    assert frames[1].sum() == pytest.approx(images.sum(), rel=1e-5)
    assert (frames[2] == 0).all()
    for frame, (right, down) in zip(frames[3:], positions[3:], strict=True):
        shifted = scipy.ndimage.shift(expected, (0, down, right), order=1, mode="grid-constant")
        assert np.allclose(frame, shifted, atol=1e-6)


def test_render_crops_what_the_sensor_is_too_small_for():
    images = np.random.default_rng(9).random((1, 5, 6), dtype=np.float32)
    (frame,) = render(images, np.array([(1.0, 0.0)]), height=3, width=4)
    assert np.array_equal(frame, images[:, 1:4, 0:4])
    (between,) = render(images, np.zeros((1, 2)), height=4, width=4)
    rows = (images[:, :-1] + images[:, 1:]) / 2
    assert np.allclose(between, rows[:, :, 1:5])


@pytest.mark.parametrize(
    ("times", "positions", "text"),
    [
        ([0, 5], np.zeros((2, 2)), "motion.times_us: expected an array of two or more integers"),
        (np.array([0.0, 5.0]), np.zeros((2, 2)), "expected an array of two or more integers"),
        (np.array([0]), np.zeros((1, 2)), "expected an array of two or more integers"),
        (np.array([0, 5, 5]), np.zeros((3, 2)), "increasing, found [0, 5, 5]"),
        (np.array([0, 2**31]), np.zeros((2, 2)), "found [0, 2147483648]"),
        (
            np.array([1, 5]),
            np.zeros((2, 2)),
            "motion.times_us: expected a first time of 0, found 1",
        ),
        (np.array([0, 5]), np.zeros((3, 2)), "expected finite numbers of shape (2, 2)"),
        (np.array([0, 5]), [(0, 0), (0, np.nan)], "expected finite numbers of shape (2, 2)"),
        (np.array([0, 5]), [("a", "b")] * 2, "expected finite numbers of shape (2, 2)"),
    ],
)
def test_bad_motions_are_refused(times, positions, text):
    with pytest.raises(InputError) as caught:
        Motion(times_us=times, positions_px=positions)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: saccades(saccade_us=0), "saccade_us: expected an integer in [1, "),
        (lambda: saccades(size_px=-1.0), "size_px: expected a finite number, not negative"),
        (lambda: slow_motion(duration_us=9), "duration_us: expected an integer in [73, "),
        (lambda: slow_motion(radius_px=math.nan), "radius_px: expected a finite number"),
    ],
)
def test_bad_ways_are_refused(make, text):
    with pytest.raises(InputError) as caught:
        make()
    assert text in str(caught.value)
