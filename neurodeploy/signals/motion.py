"""How an image moves before a camera, and what the camera is shown.

- N-MNIST: Orchard, Jayawant, Cohen, Thakor, Front. Neurosci. 9:437, 2015.
- MNIST-DVS: Serrano-Gotarredona, Linares-Barranco, Front. Neurosci. 9:481, 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import not_negative, whole_number

LONGEST_US = 2**31 - 1
"""Of a recording, in microseconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Where an image is: at the knots, and on straight lines in between.

    Parameters
    ----------
    times_us : int64 [knot]
        From 0, increasing.
    positions_px : float64 [knot, 2]
        Displacement (right, down) from the middle of the sensor.

    Raises
    ------
    InputError
        Fewer than two knots, times that do not increase from 0, or positions that are not finite
        or not of this shape.
    """

    times_us: np.ndarray
    positions_px: np.ndarray

    def __post_init__(self) -> None:
        times = checked_times("motion.times_us", self.times_us)
        if times[0] != 0:
            raise InputError(message("motion.times_us", "a first time of 0", times[0]))
        positions = np.asarray(self.positions_px)
        fits = positions.shape == (len(times), 2) and positions.dtype.kind in "iuf"
        if not fits or not np.isfinite(positions).all():
            expected = f"finite numbers of shape ({len(times)}, 2)"
            raise InputError(message("motion.positions_px", expected, positions.tolist()))
        object.__setattr__(self, "times_us", times)
        object.__setattr__(self, "positions_px", positions.astype(np.float64))

    def at(self, times_us: np.ndarray) -> np.ndarray:
        """Displacement (right, down) at any times: float64 [time, 2]."""
        return np.stack([np.interp(times_us, self.times_us, p) for p in self.positions_px.T], -1)

    def frame_times(self, step_px: float) -> np.ndarray:
        """Times of all knots and of frames in between, at most a step apart: int64 [time]."""
        lengths = np.hypot(*np.diff(self.positions_px, axis=0).T)
        frames = np.maximum(1, np.ceil(lengths / step_px)).astype(int) + 1
        legs = zip(pairwise(self.times_us), frames, strict=True)
        times = [np.linspace(*leg, count) for leg, count in legs]
        return np.unique(np.rint(np.concatenate(times)).astype(np.int64))


def saccades(*, saccade_us: int = 100_000, size_px: float = 7.0) -> Motion:
    """Three saccades around a triangle, as N-MNIST was recorded.

    Down and half to the right, up and half to the right, back to the left, at constant speed. So
    the authors describe and undo the motion, with these defaults
    (gorchard/Matlab_AER_vision_functions, movingContour.m); their motors speed up and slow down.
    That the triangle is in the middle of the sensor is our assumption.

    Parameters
    ----------
    saccade_us : int
        Time of one saccade.
    size_px : float
        Width and height of the triangle.
    """
    time = whole_number("saccade_us", saccade_us, least=1, most=LONGEST_US // 3)
    corners = np.array([(-0.5, -0.5), (0.0, 0.5), (0.5, -0.5), (-0.5, -0.5)])
    return Motion(
        times_us=np.arange(4) * time, positions_px=not_negative("size_px", size_px) * corners
    )


def slow_motion(*, duration_us: int = 2_500_000, radius_px: float = 3.5) -> Motion:
    """Once around a circle, slowly, as the digits of MNIST-DVS moved on a monitor.

    There each moved for 2 to 3 s; that it was a circle, and how large, is our assumption.

    Parameters
    ----------
    duration_us : int
        Time of the turn.
    radius_px : float
        Of the circle around the middle of the sensor.
    """
    knots = 73  # one for every 5 degrees: at most a thousandth of the radius off the circle
    duration = whole_number("duration_us", duration_us, least=knots, most=LONGEST_US)
    angles = np.linspace(0, 2 * np.pi, knots)
    circle = np.stack([np.cos(angles), np.sin(angles)], -1)
    times = np.rint(np.linspace(0, duration, knots)).astype(np.int64)
    return Motion(times_us=times, positions_px=not_negative("radius_px", radius_px) * circle)


def render(
    images: np.ndarray, positions_px: np.ndarray, *, height: int, width: int
) -> Iterator[np.ndarray]:
    """Show images on a black screen, as large as the sensor, at one position after another.

    Between pixels they are interpolated bilinearly.

    Parameters
    ----------
    images : float32 [sample, height, width]
        In [0, 1].
    positions_px : float64 [time, 2]
        Displacement (right, down) of all images from the middle of the sensor.
    height, width : int
        Of the sensor.

    Yields
    ------
    float32 [sample, height, width]
        The next frame, of the sensor's size.
    """
    size = np.array([height, width])
    corner = (np.array(images.shape[1:]) - size) / 2 - positions_px[:, ::-1]
    whole = np.floor(corner).astype(np.int64)
    before = np.maximum(0, -whole.min(axis=0))
    after = np.maximum(0, whole.max(axis=0) + size + 1 - images.shape[1:])
    border = [*zip(before, after, strict=True), (0, 0)]
    screen = np.ascontiguousarray(np.pad(np.moveaxis(images, 0, -1), border))
    steps = screen[:, 1:] - screen[:, :-1]
    fractions = (corner - whole).tolist()
    for (i, j), (down, right) in zip((whole + before).tolist(), fractions, strict=True):
        shown = slice(i, i + height + 1), slice(j, j + width)
        rows = screen[shown] + steps[shown] * np.float32(right)
        yield np.moveaxis(rows[:-1] + (rows[1:] - rows[:-1]) * np.float32(down), -1, 0)


def checked_times(where: str, times: np.ndarray) -> np.ndarray:
    """Return times in microseconds as int64 [time], if they are whole and increase."""
    expected = "an array of two or more integers, in microseconds, not negative and increasing"
    if not isinstance(times, np.ndarray) or times.dtype.kind not in "iu" or times.ndim != 1:
        raise InputError(message(where, expected, repr(times)))
    if (
        len(times) < 2
        or times.min() < 0
        or times.max() > LONGEST_US
        or (times[1:] <= times[:-1]).any()
    ):
        raise InputError(message(where, expected, times.tolist()))
    return times.astype(np.int64)
