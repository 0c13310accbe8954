"""A simulated event camera: images move past a sensor whose pixels report change.

A pixel sees the log intensity ``L = log(1 + I / knee)`` of light ``I`` in [0, 1]: linear below the
knee, logarithmic above. It remembers the L of its last event; where L is a threshold away from
that, it sends an event, ON for brighter and OFF for darker. Between two frames L is linear in
time, so one frame may bring several events, each at its own time. To this come thresholds that
differ from pixel to pixel, memories that leak, events of noise, and a refractory time.

- The pixel: Lichtsteiner, Posch, Delbruck, IEEE JSSC 43(2), 2008; as a model: Gallego et al.,
  "Event-based vision: a survey", IEEE TPAMI 44(1), 2022.
- ESIM: Rebecq, Gehrig, Scaramuzza, CoRL 2018, and its code (uzh-rpg/rpg_esim): L linear between
  frames; an event in the refractory time is lost, yet remembered.
- v2e: Hu, Liu, Delbruck, CVPR workshops 2021, and its code (SensorsINI/v2e): mismatch, noise, the
  leak of Nozaki, Delbruck, IEEE TED 64(8), 2017, and our default values.
- N-MNIST: Orchard, Jayawant, Cohen, Thakor, Front. Neurosci. 9:437, 2015.
- MNIST-DVS: Serrano-Gotarredona, Linares-Barranco, Front. Neurosci. 9:481, 2015.

Not modelled: the finite bandwidth of a photoreceptor, noise that depends on light, the readout.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.encode import check_values
from neurodeploy.signals.events import POLARITIES, Events, whole_number

_LEAST_THRESHOLD = 0.01  # of v2e: no mismatch makes a threshold smaller
_ROUNDING = 1e-5  # of L: float32 may be off by less, where L comes back to what it was
_LONGEST_US = 2**31 - 1
_SAMPLES_AT_ONCE = 32  # a frame of 34 x 34 pixels is then 148 kB and stays in cache


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
        times = _times("motion.times_us", self.times_us)
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
    time = whole_number("saccade_us", saccade_us, least=1, most=_LONGEST_US // 3)
    corners = np.array([(-0.5, -0.5), (0.0, 0.5), (0.5, -0.5), (-0.5, -0.5)])
    return Motion(times_us=np.arange(4) * time, positions_px=_number("size_px", size_px) * corners)


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
    duration = whole_number("duration_us", duration_us, least=knots, most=_LONGEST_US)
    angles = np.linspace(0, 2 * np.pi, knots)
    circle = np.stack([np.cos(angles), np.sin(angles)], -1)
    times = np.rint(np.linspace(0, duration, knots)).astype(np.int64)
    return Motion(times_us=times, positions_px=_number("radius_px", radius_px) * circle)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A sensor; two cameras of equal fields are the same piece of silicon.

    Parameters
    ----------
    height, width : int
        Pixels of the sensor.
    threshold : float
        Change of L that makes an event, at least 0.01.
    mismatch : float
        Standard deviation of the thresholds, drawn for ON and OFF of each pixel.
    knee : float
        Light at which L turns from linear to logarithmic: gradually, as ESIM's log(eps + I) does,
        and at the 20 of 255 grey levels of v2e.
    refractory_us : int
        Time after an event in which its pixel sends no other; 0 for none.
    noise_rate_hz : float
        Events that a pixel sends and does not remember: Poisson, half of them ON.
    leak_rate_hz : float
        ON events of a pixel that sees no change: by so many ON thresholds a second its memory
        falls. How far it is when the recording begins is drawn.
    seed : int
        Of the mismatch.

    Raises
    ------
    InputError
        A field is of another type or out of bounds.
    """

    height: int = 34
    width: int = 34
    threshold: float = 0.2
    mismatch: float = 0.03
    knee: float = 20 / 255
    refractory_us: int = 500
    noise_rate_hz: float = 0.001
    leak_rate_hz: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        whole = {"height": (1, None), "width": (1, None), "seed": (0, None)}
        for name, (least, most) in {**whole, "refractory_us": (0, _LONGEST_US)}.items():
            number = whole_number(f"camera.{name}", getattr(self, name), least=least, most=most)
            object.__setattr__(self, name, number)
        for name in ("threshold", "mismatch", "knee", "noise_rate_hz", "leak_rate_hz"):
            object.__setattr__(self, name, _number(f"camera.{name}", getattr(self, name)))
        if self.threshold < _LEAST_THRESHOLD:
            expected = f"at least {_LEAST_THRESHOLD}"
            raise InputError(message("camera.threshold", expected, self.threshold))
        if self.knee == 0:
            raise InputError(message("camera.knee", "more than 0", self.knee))

    @cached_property
    def thresholds(self) -> np.ndarray:
        """Of every pixel, OFF and ON: float32 [polarity, height, width]."""
        rng = np.random.default_rng(self.seed)
        drawn = rng.normal(self.threshold, self.mismatch, (POLARITIES, self.height, self.width))
        return np.maximum(drawn, _LEAST_THRESHOLD).astype(np.float32)

    def record(
        self,
        frames: Iterable[np.ndarray],
        times_us: np.ndarray,
        rngs: Sequence[np.random.Generator],
    ) -> list[Events]:
        """Record several samples at once; none depends on the others.

        Parameters
        ----------
        frames : iterable of float [sample, height, width]
            Light in [0, 1]; the first frame is what the pixels remember at the start.
        times_us : int64 [time]
            When each frame was, increasing.
        rngs : sequence of numpy.random.Generator [sample]
            Source of each sample's leak and noise; they are advanced.

        Returns
        -------
        list of Events
            Of each sample, in order of t, then y, x and polarity.

        Raises
        ------
        InputError
            Frames of another shape, with values out of [0, 1] or not as many as the times, times
            that do not increase, or no generators.
        """
        times = _times("times_us", times_us)
        _check_generators(rngs)
        samples = len(rngs)
        light = _checked_frames(frames, (samples, self.height, self.width), len(times))
        # From here on arrays are [height, width, sample], which is faster.
        off, on = (np.repeat(each[..., np.newaxis], samples, -1) for each in self.thresholds)
        enough_on, enough_off = on - _ROUNDING, _ROUNDING - off
        level = self._level(next(light))
        memory = level - on * self._leaked(rngs)
        stream = [self._noise(times, rngs)]
        for (start, stop), frame in zip(pairwise(times), light, strict=True):
            before, level = level, self._level(frame)
            level += on * np.float32(self.leak_rate_hz * 1e-6 * (stop - times[0]))
            change = level - memory
            cells = np.flatnonzero((change >= enough_on) | (change <= enough_off))
            cells, late, polarity = _crossings(cells, memory, before, level, on, off)
            t = np.rint(start + (stop - start) * late).astype(np.int64)
            stream.append(np.stack([cells, t, polarity]))
        return self._events(np.concatenate(stream, axis=1), samples)

    def _level(self, light: np.ndarray) -> np.ndarray:
        level = np.ascontiguousarray(np.moveaxis(light, 0, -1), np.float32) / np.float32(self.knee)
        level += 1
        return np.log(level, out=level)

    def _leaked(self, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """What each memory has lost when the recording begins, in ON thresholds."""
        if self.leak_rate_hz == 0:
            return np.zeros(1, np.float32)
        shape = (self.height, self.width)
        return np.stack([rng.random(shape, dtype=np.float32) for rng in rngs], -1)

    def _noise(self, times: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Events of noise: cell, time and polarity, int64 [3, event]."""
        pixels = self.height * self.width
        mean = self.noise_rate_hz * 1e-6 * (times[-1] - times[0]) * pixels
        drawn = [np.zeros((3, 0), np.int64)]
        for sample, rng in enumerate(rngs):
            count = rng.poisson(mean)
            cells = rng.integers(pixels, size=count) * len(rngs) + sample
            t = rng.integers(times[0] + 1, times[-1] + 1, size=count)
            drawn.append(np.stack([cells, t, rng.integers(POLARITIES, size=count)]))
        return np.concatenate(drawn, axis=1)

    def _events(self, stream: np.ndarray, samples: int) -> list[Events]:
        """Drop refractory ones of events [cell, time, polarity]; the others by sample, in order."""
        cell, t, polarity = stream
        span = int(t.max(initial=0)) + 1 + self.refractory_us
        key = np.sort((cell * span + t) * POLARITIES + polarity)
        if self.refractory_us:
            key = key[_rested(key // POLARITIES, span, self.refractory_us)]
        moment, polarity = np.divmod(key, POLARITIES)
        cell, t = np.divmod(moment, span)
        pixel, sample = np.divmod(cell, samples)
        pixels = self.height * self.width
        key = np.sort(((sample * span + t) * pixels + pixel) * POLARITIES + polarity)
        moment, place = np.divmod(key, pixels * POLARITIES)
        ends = np.searchsorted(moment, np.arange(samples + 1) * span)
        pixel, polarity = np.divmod(place, POLARITIES)
        y, x = np.divmod(pixel, self.width)
        return [
            Events(
                x=x[a:b],
                y=y[a:b],
                polarity=polarity[a:b],
                t=moment[a:b] - i * span,
                height=self.height,
                width=self.width,
            )
            for i, (a, b) in enumerate(pairwise(ends))
        ]


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


def film(
    images: np.ndarray,
    motion: Motion,
    camera: Camera,
    rngs: Sequence[np.random.Generator],
    *,
    step_px: float = 0.15,
) -> list[Events]:
    """Film images that move past a camera; none depends on the others.

    Parameters
    ----------
    images : float32 [sample, height, width]
        In [0, 1].
    motion : Motion
        Of all images.
    camera : Camera
        What they move past.
    rngs : sequence of numpy.random.Generator [sample]
        Source of each sample's leak and noise; they are advanced.
    step_px : float
        Longest way from one frame to the next.

    Returns
    -------
    list of Events
        Of each sample.

    Raises
    ------
    InputError
        Images of another dtype or shape or out of [0, 1], not one generator for each of them, or
        a step that is not positive.
    """
    check_values(images, where="images")
    if images.ndim != 3 or images.dtype != np.float32:
        found = f"{images.dtype} of shape {images.shape}"
        raise InputError(message("images", "float32 [sample, height, width]", found))
    if len(rngs) != len(images):
        raise InputError(message("rngs", f"one for each of {len(images)} images", len(rngs)))
    if _number("step_px", step_px) == 0:
        raise InputError(message("step_px", "more than 0", step_px))
    times = motion.frame_times(step_px)
    positions = motion.at(times)
    events: list[Events] = []
    for first in range(0, len(images), _SAMPLES_AT_ONCE):
        chunk = slice(first, first + _SAMPLES_AT_ONCE)
        frames = render(images[chunk], positions, height=camera.height, width=camera.width)
        events += camera.record(frames, times, rngs[chunk])
    return events


def _crossings(
    cells: np.ndarray,
    memory: np.ndarray,
    before: np.ndarray,
    level: np.ndarray,
    on: np.ndarray,
    off: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell, lateness in the frame (0 to 1) and polarity of each event; memory follows them."""
    rise: np.ndarray = level.take(cells) - before.take(cells).astype(np.float64)
    cells, rise = cells[rise != 0], rise[rise != 0]  # where nothing changes only rounding is left
    known = memory.take(cells).astype(np.float64)
    change = level.take(cells) - known
    step = np.where(change > 0, on.take(cells), -off.take(cells)).astype(np.float64)
    count = np.floor((np.abs(change) + _ROUNDING) / np.abs(step)).astype(np.int64)
    memory.put(cells, known + count * step)
    each = np.repeat(np.arange(cells.size), count)
    rank = 1 + np.arange(each.size) - np.repeat(np.cumsum(count) - count, count)
    climbed = (known - before.take(cells))[each] + rank * step[each]
    return cells[each], np.clip(climbed / rise[each], 0, 1), change[each] > 0


def _rested(moments: np.ndarray, span: int, refractory_us: int) -> np.ndarray:
    """Which of the sorted ``cell * span + t`` come late enough after the last that is kept."""
    next_rested = np.searchsorted(moments, moments + refractory_us)
    kept = np.zeros(len(moments), np.bool_)
    current = np.flatnonzero(np.diff(moments // span, prepend=-1))
    while current.size:  # in every cell from one kept event to the next, up to another cell
        kept[current] = True
        current = next_rested[current]
        current = current[current < len(moments)]
        current = current[~kept[current]]
    return kept


def _checked_frames(
    frames: Iterable[np.ndarray], shape: tuple[int, ...], count: int
) -> Iterator[np.ndarray]:
    shown = 0
    for shown, frame in enumerate(frames, start=1):
        where = f"frame {shown - 1}"
        if shown > count:
            raise InputError(message("frames", f"as many as the times, {count}", "more"))
        check_values(frame, where=where)
        if frame.shape != shape:
            expected = f"[sample, height, width] = {list(shape)}"
            raise InputError(message(where, expected, f"shape {frame.shape}"))
        yield frame
    if shown < count:
        raise InputError(message("frames", f"as many as the times, {count}", shown))


def _check_generators(rngs: Sequence[np.random.Generator]) -> None:
    for i, rng in enumerate(rngs):
        if not isinstance(rng, np.random.Generator):
            remedy = "Make each with np.random.default_rng([seed, sample])."
            found = f"a {type(rng).__name__}"
            raise InputError(message(f"rngs[{i}]", "a numpy.random.Generator", found, remedy))


def _times(where: str, times: np.ndarray) -> np.ndarray:
    expected = "an array of two or more integers, in microseconds, not negative and increasing"
    if not isinstance(times, np.ndarray) or times.dtype.kind not in "iu" or times.ndim != 1:
        raise InputError(message(where, expected, repr(times)))
    if (
        len(times) < 2
        or times.min() < 0
        or times.max() > _LONGEST_US
        or (times[1:] <= times[:-1]).any()
    ):
        raise InputError(message(where, expected, times.tolist()))
    return times.astype(np.int64)


def _number(where: str, value: object) -> float:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]
        raise InputError(message(where, "a finite number, not negative", repr(value)))
    return float(value)  # type: ignore[arg-type]


N_MNIST_CAMERA = Camera(threshold=0.58)
"""With `saccades`, as many events a digit as N-MNIST has, about 4,000.

Its threshold was fitted to that number, with the digits of `load_mnist`. It is no measurement of
the sensor that N-MNIST was recorded with.
"""
