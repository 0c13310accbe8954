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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import check_generator, not_negative, whole_number
from neurodeploy.signals.encode import check_values
from neurodeploy.signals.events import POLARITIES, Events
from neurodeploy.signals.motion import LONGEST_US, Motion, checked_times, render

_LEAST_THRESHOLD = 0.01  # of v2e: no mismatch makes a threshold smaller
_ROUNDING = 1e-5  # of L: float32 may be off by less, where L comes back to what it was
_SAMPLES_AT_ONCE = 32  # a frame of 34 x 34 pixels is then 148 kB and stays in cache


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
        for name, (least, most) in {**whole, "refractory_us": (0, LONGEST_US)}.items():
            number = whole_number(f"camera.{name}", getattr(self, name), least=least, most=most)
            object.__setattr__(self, name, number)
        for name in ("threshold", "mismatch", "knee", "noise_rate_hz", "leak_rate_hz"):
            object.__setattr__(self, name, not_negative(f"camera.{name}", getattr(self, name)))
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
        times = checked_times("times_us", times_us)
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
    if not_negative("step_px", step_px) == 0:
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
        check_generator(rng, f"rngs[{i}]", "Make each with np.random.default_rng([seed, sample]).")


N_MNIST_CAMERA = Camera(threshold=0.58)
"""With `saccades`, as many events a digit as N-MNIST has, about 4,000.

Its threshold was fitted to that number, with the digits of `load_mnist`. It is no measurement of
the sensor that N-MNIST was recorded with.
"""
