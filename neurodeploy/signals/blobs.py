"""Two moving blobs on a ring of inputs, and the best that any decoder could know of them.

The signal of the predictive coding task of VDIB (Skatchkovsky, Simeone, Jang, NeurIPS 2021), as
the authors' code makes it (kclip/VDIB, ``make_blob`` and ``predictive_coding_softmax.py``; after
Chalk, Marre, Tkacik, PNAS 115(1), 2018). A blob has a phase, a velocity and an amplitude; with
``eta``, ``xi`` standard normal and drawn anew at each step::

    phase(t)     = phase(t-1) + velocity(t-1)               phase(0) uniform in [-pi, pi)
    velocity(t)  = 0.9  velocity(t-1)  - 0.14 eta(t)        velocity(0) = 1
    amplitude(t) = 0.99 amplitude(t-1) + 0.01 eta(t)        amplitude(0) = 0.5
    place(t)     = amplitude(t) (phase(t) + 0.45 xi(t))     wrapped to [-pi, pi]

and lights, at each step, the one input nearest to its place: there are no rates and no tuning
curves. The phase is never wrapped, one ``eta`` drives both velocity and amplitude, and the
nearest of the inputs at ``-pi + 2 pi k / 20`` is not sought around the ring, so that the last
input has 1.5 times the share of the others and the first has half of it. All of that is theirs
and is kept. Where both blobs light one input there is one spike. So the spikes of a step name its
pair exactly, and only a pair that is yet to come has to be guessed.

Two things differ from theirs, without effect: random numbers come in another order, and the place
at step 0 is wrapped too (they do not; it is further out than pi once in some 10^13 blobs).

The process never settles: the amplitude falls for the first 300 steps, while the phase spreads
without bound, so that a step moves a blob further and further. A decoder trained on 100 steps
meets another signal in a test on 1,000.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from neurodeploy.errors import InputError, message
from neurodeploy.signals.events import check_spikes, whole_number

_TURN = 2 * math.pi
_TINY = 1e-300  # keeps a weight above zero and a width off it
_LIBRARY = 2**20  # states of both blobs at any step, 50 MB; some 5,000 of them for a pair


class BlobStates(NamedTuple):
    """What is hidden: float64 arrays of one shape; the last axis is the blob."""

    phase: np.ndarray
    velocity: np.ndarray
    amplitude: np.ndarray

    def take(self, index: Any) -> BlobStates:
        """Return the states at an index of the arrays."""
        return BlobStates(*(array[index] for array in self))


@dataclass(frozen=True, kw_only=True)
class MovingBlobs:
    """The process; the defaults are the authors'.

    Parameters
    ----------
    inputs : int
        Inputs on the ring, at least 2.
    amplitude, amplitude_decay, amplitude_noise : float
        Amplitude at step 0, what stays of it after a step, in [0, 1], and what ``eta`` adds.
    velocity, velocity_decay, velocity_noise : float
        Velocity at step 0 in radians per step, what stays of it, and what ``eta`` takes away.
    spread : float
        Standard deviation of the phase that is seen, in radians, more than 0.

    Raises
    ------
    InputError
        A field is of another type or out of bounds.
    """

    inputs: int = 20
    amplitude: float = 0.5
    amplitude_decay: float = 0.99
    amplitude_noise: float = 0.01
    velocity: float = 1.0
    velocity_decay: float = 0.9
    velocity_noise: float = 0.14
    spread: float = 0.45

    def __post_init__(self) -> None:
        inputs = whole_number("MovingBlobs.inputs", self.inputs, least=2)
        object.__setattr__(self, "inputs", inputs)
        for field in fields(self)[1:]:
            where, value = f"MovingBlobs.{field.name}", getattr(self, field.name)
            real = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not real or not math.isfinite(value):
                raise InputError(message(where, "a finite number", repr(value)))
            object.__setattr__(self, field.name, float(value))
        for name in ("amplitude_decay", "velocity_decay"):
            if not 0 <= getattr(self, name) <= 1:
                found = getattr(self, name)
                raise InputError(message(f"MovingBlobs.{name}", "a number in [0, 1]", found))
        for name in ("amplitude_noise", "velocity_noise"):
            if getattr(self, name) < 0:
                found = getattr(self, name)
                raise InputError(message(f"MovingBlobs.{name}", "0 or more", found))
        if self.spread <= 0:
            raise InputError(message("MovingBlobs.spread", "more than 0", self.spread))

    @property
    def pairs(self) -> int:
        """Unordered pairs of inputs, an input with itself too: the classes of the decoder."""
        return self.inputs * (self.inputs + 1) // 2

    @cached_property
    def _cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half width of the places that light each input: float64 [input]."""
        inner = -math.pi + (np.arange(1, self.inputs) - 0.5) * _TURN / self.inputs
        edges = np.concatenate([[-math.pi], inner, [math.pi]])
        return (edges[:-1] + edges[1:]) / 2, np.diff(edges) / 2

    def sample(
        self, samples: int, steps: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw sequences of two blobs.

        Parameters
        ----------
        samples, steps : int
            How many sequences and how long, at least 1. The authors train on 100 steps and test
            on 1,000.
        rng : np.random.Generator
            It is advanced.

        Returns
        -------
        spikes : uint8 [sample, input, time]
            One or two spikes a step.
        positions : int64 [sample, time, 2]
            The input that each blob lights.

        Raises
        ------
        InputError
            A number is out of bounds, or ``rng`` is no generator.
        """
        samples = whole_number("samples", samples, least=1)
        steps = whole_number("steps", steps, least=1)
        path = self.walk((samples, 2), steps, _checked(rng))
        positions = np.stack([self.observe(states, rng) for states in path], 1)
        spikes = np.zeros((samples, self.inputs, steps), dtype=np.uint8)
        row, time = np.ogrid[:samples, :steps]
        for blob in range(2):
            spikes[row, positions[..., blob], time] = 1
        return spikes, positions

    def walk(
        self, shape: tuple[int, ...], steps: int, rng: np.random.Generator
    ) -> Iterator[BlobStates]:
        """Yield the states of independent blobs at step 0, 1, ... ``steps - 1``."""
        phase = rng.uniform(-math.pi, math.pi, shape)
        states = BlobStates(phase, np.full(shape, self.velocity), np.full(shape, self.amplitude))
        yield states
        for _ in range(1, steps):
            states = self.advance(states, rng.standard_normal(shape))
            yield states

    def advance(self, states: BlobStates, noise: np.ndarray | float) -> BlobStates:
        """Return the states one step on; ``noise`` is ``eta``."""
        return BlobStates(
            phase=states.phase + states.velocity,
            velocity=self.velocity_decay * states.velocity - self.velocity_noise * noise,
            amplitude=self.amplitude_decay * states.amplitude + self.amplitude_noise * noise,
        )

    def observe(self, states: BlobStates, rng: np.random.Generator) -> np.ndarray:
        """Draw the input that each blob lights: int64 of the states' shape."""
        place = states.amplitude * rng.normal(states.phase, self.spread)
        nearest = np.rint((_wrapped(place) + math.pi) * self.inputs / _TURN).astype(np.int64)
        return np.minimum(nearest, self.inputs - 1)

    def likelihood(self, states: BlobStates, positions: np.ndarray) -> np.ndarray:
        """Return the probability that a blob lights an input; both broadcast to the result."""
        deviation = self.spread * np.abs(states.amplitude)
        offset, half = self.images(positions, states.amplitude * states.phase, deviation)
        return _mass(offset, half, deviation[..., np.newaxis]).sum(-1)

    def images(
        self, positions: np.ndarray, mean: np.ndarray, deviation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Unwrap inputs around places: offsets of their middles [..., image], half widths [..., 1].

        The images are a turn apart; beyond them is less than 2e-9 of a normal distribution with
        that mean and deviation.
        """
        middle, half = self._cells
        reach = math.ceil(6 * deviation.max() / _TURN)
        turns = _TURN * np.arange(-reach, reach + 1)
        nearest = _wrapped(middle[positions] - mean)
        return nearest[..., np.newaxis] + turns, half[positions][..., np.newaxis]

    def pair_index(self, positions: np.ndarray) -> np.ndarray:
        """Number the pairs as the authors do: (0, 0), (0, 1), ... (1, 1), (1, 2), ...

        Parameters
        ----------
        positions : int [..., 2]
            Inputs in any order.

        Returns
        -------
        int64 [...]
            In ``[0, pairs)``.

        Raises
        ------
        InputError
            Other numbers, or another shape.
        """
        positions = _integers("positions", positions, self.inputs)
        if positions.shape[-1:] != (2,):
            raise InputError(message("positions", "[..., 2]", f"shape {positions.shape}"))
        low, high = positions.min(-1), positions.max(-1)
        return low * (2 * self.inputs - low - 1) // 2 + high

    def pair_positions(self, index: np.ndarray) -> np.ndarray:
        """Undo :meth:`pair_index`: int64 [..., 2], the lower input first.

        Raises
        ------
        InputError
            ``index`` is not of integers in ``[0, pairs)``.
        """
        table = np.stack(np.triu_indices(self.inputs), -1)
        return table[_integers("index", index, self.pairs)]

    def read(self, spikes: np.ndarray) -> np.ndarray:
        """Read the positions off the spikes: int64 [sample, time, 2], the lower input first.

        Raises
        ------
        InputError
            ``spikes`` are no dense spikes on these inputs, or not one or two at each step.
        """
        spikes = check_spikes(spikes, features=(self.inputs,))
        counts = spikes.sum(1)
        if counts.min() < 1 or counts.max() > 2:
            found = f"{counts.min()} to {counts.max()}"
            raise InputError(message("spikes", "one or two at each step", found))
        low, high = spikes.argmax(1), self.inputs - 1 - spikes[:, ::-1].argmax(1)
        return np.stack([low, high], -1).astype(np.int64)


def accuracy(predicted: np.ndarray, pairs: np.ndarray, *, delta: int, skip: int = 5) -> float:
    """Share of steps t at which the pair of step t + delta is named, counted as the authors do.

    The first ``skip`` steps (theirs: tau) are left out, and so are those whose target would be
    after the end. Theirs is this number of one sequence, the best of 25 tests in a training.

    Parameters
    ----------
    predicted : int [sample, time]
        What a decoder says at step t.
    pairs : int [sample, time]
        The pair of each step.
    delta : int
        -1 for the pair before, 0, or 1 for the pair to come, and so on.
    skip : int
        Steps at the start that do not count, at least ``-delta``.

    Raises
    ------
    InputError
        The shapes differ, or no step is left.
    """
    if predicted.shape != pairs.shape or pairs.ndim != 2:
        found = f"{predicted.shape} and {pairs.shape}"
        raise InputError(message("predicted and pairs", "one shape [sample, time]", found))
    delta = whole_number("delta", delta, least=-pairs.shape[1])
    skip = whole_number("skip", skip, least=max(0, -delta))
    stop = pairs.shape[1] - max(0, delta)
    if stop <= skip:
        found = f"{pairs.shape[1]} steps, skip {skip} and delta {delta}"
        raise InputError(message("pairs", "a step that counts", found))
    return float((predicted[:, skip:stop] == pairs[:, skip + delta : stop + delta]).mean())


def ideal_decoder(
    blobs: MovingBlobs,
    spikes: np.ndarray,
    rng: np.random.Generator,
    *,
    delta: int,
    latency: int = 0,
    window: int | None = None,
    particles: int = 4000,
) -> np.ndarray:
    """Posterior of the pair at step t + delta, given the input spikes up to step t - latency.

    Only ``delta + latency`` matters: 0 or less asks for a pair that the inputs have named, which
    is exact; 1 or more asks for one to come. The state of the blobs is continuous and unbounded,
    so that the Bayes filter over both is a particle filter, exact as particles grow in number: a
    particle holds a state of each blob; it is drawn in the light of the next pair, with either
    blob at either place, and weighted for what that draw neglects (auxiliary particle filter, Pitt
    and Shephard, JASA 94, 1999).

    Parameters
    ----------
    blobs : MovingBlobs
        What made the spikes.
    spikes : [sample, input, time]
        One or two at each step.
    rng : np.random.Generator
        Of the particles; it is advanced.
    delta : int
        Which pair is asked for.
    latency : int
        Steps by which what the decoder sees lags the input: 1 behind one layer of spiking neurons.
    window : int, optional
        The decoder knows only that many inputs and not which step it is: its prior is the mean
        over the steps at which a window can begin (there is no stationary distribution). Without
        it, every input since step 0, and the step.
    particles : int
        How many. For the defaults of `MovingBlobs` 4,000 are enough (6 s for 1,000 steps), 2,000
        may lose a blob for hundreds of steps; for a window of 5, 500 are enough (4 s).

    Returns
    -------
    float32 [sample, time, pair]
        A distribution over the pairs at each step t; NaN where the window is not yet full or
        t + delta is before the start.

    Raises
    ------
    InputError
        The spikes are not of such blobs, a number is out of bounds, the window does not fit or
        has lost the pair that is asked for.
    """
    rng = _checked(rng)
    positions = blobs.read(spikes)
    samples, steps, _ = positions.shape
    latency = whole_number("latency", latency, least=0)
    particles = whole_number("particles", particles, least=1)
    seen = whole_number("window", 1 if window is None else window, least=1)
    first = latency + seen - 1
    if first >= steps:
        found = f"{window} with latency {latency} in {steps} steps"
        raise InputError(message("window", "one that fits into the sequence", found))
    horizon = whole_number("delta", delta, least=-steps) + latency
    if window is not None and horizon <= -window:
        found = f"window {window} with delta + latency {horizon}"
        raise InputError(message("window", "one that holds the pair that is asked for", found))
    posterior = np.full((samples, steps, blobs.pairs), np.nan, dtype=np.float32)
    if horizon <= 0:
        first = max(first, -delta)
        known = blobs.pair_index(positions[:, first + delta : steps + delta])
        posterior[:, first:] = np.eye(blobs.pairs, dtype=np.float32)[known]
        return posterior
    library = None if window is None else _Library(blobs, steps - window + 1, rng)
    for places, answer in zip(positions, posterior, strict=True):
        if library is None:
            clouds = _follow(blobs, _start(blobs, places[0], particles, rng), places[1:], rng)
        else:
            clouds = _windows(blobs, library, places, seen, particles, rng)
        for row, cloud in zip(answer[first:], clouds, strict=False):
            row[:] = _forecast(blobs, cloud, horizon, rng)
    return posterior


class _Cloud(NamedTuple):
    """Weighted states of both blobs: arrays [particle, 2], and weights [particle]."""

    states: BlobStates
    weights: np.ndarray


def _start(
    blobs: MovingBlobs, places: np.ndarray, particles: int, rng: np.random.Generator
) -> _Cloud:
    """Return the states at step 0, given the first pair; the first blob is the lower of the two."""
    states = next(blobs.walk((16 * particles, 2), 1, rng))
    fit = blobs.likelihood(states, places)
    chosen = [_systematic(fit[:, blob], particles, rng) for blob in range(2)]
    return _Cloud(states.take((np.stack(chosen, -1), [0, 1])), np.ones(particles))


class _Library:
    """States of both blobs at any step, found by the pair that they showed."""

    def __init__(self, blobs: MovingBlobs, steps: int, rng: np.random.Generator) -> None:
        walks = -(-_LIBRARY // steps)
        path = [(s, blobs.observe(s, rng)) for s in blobs.walk((walks, 2), steps, rng)]
        self._states = BlobStates(*map(np.concatenate, zip(*(s for s, _ in path), strict=True)))
        shown = blobs.pair_index(np.concatenate([positions for _, positions in path]))
        self._order = np.argsort(shown, kind="stable")
        self._ends = np.concatenate([[0], np.bincount(shown, minlength=blobs.pairs).cumsum()])

    def draw(self, pair: int, particles: int, rng: np.random.Generator) -> _Cloud:
        """Draw states that showed a pair; of all, where none did, for it then tells nothing."""
        start, stop = self._ends[pair : pair + 2]
        members = self._order[start:stop] if stop > start else self._order
        return _Cloud(self._states.take(rng.choice(members, particles)), np.ones(particles))


def _windows(
    blobs: MovingBlobs,
    library: _Library,
    places: np.ndarray,
    length: int,
    particles: int,
    rng: np.random.Generator,
) -> Iterator[_Cloud]:
    """Yield what each window of a sequence tells of the blobs at its last step."""
    for start, pair in enumerate(blobs.pair_index(places[: len(places) - length + 1])):
        cloud = library.draw(pair, particles, rng)
        *_, last = _follow(blobs, cloud, places[start + 1 : start + length], rng)
        yield last


def _follow(
    blobs: MovingBlobs, cloud: _Cloud, places: np.ndarray, rng: np.random.Generator
) -> Iterator[_Cloud]:
    """Yield a cloud and, after each further pair, what became of it."""
    yield cloud
    for pair in places:
        cloud = _update(blobs, cloud, pair, rng)
        yield cloud


def _update(
    blobs: MovingBlobs, cloud: _Cloud, pair: np.ndarray, rng: np.random.Generator
) -> _Cloud:
    """Move a cloud to the next step, where a pair is seen.

    With ``A`` the amplitude without its noise, a place is ``A phase + slope eta + spread A xi``,
    but for a product of eta and xi: normal, and so is eta given the place. That is what is drawn
    from, with a last term that is a little too wide, since what is missed in a tail would come back
    as a huge weight; the weight is the true chance of the place, given eta, by that of the draw.
    """
    expected = blobs.advance(cloud.states, 0.0)
    slope = blobs.amplitude_noise * expected.phase
    rest = blobs.spread * (np.abs(expected.amplitude) + blobs.amplitude_noise) + _TINY
    width = np.hypot(slope, rest)
    mean = expected.amplitude * expected.phase
    offset, half = blobs.images(pair, mean[..., np.newaxis], width)  # [particle, blob, seen, image]
    chance = _mass(offset, half, width[..., np.newaxis, np.newaxis])
    one, other = np.moveaxis(chance.sum(-1), 1, 0)  # each [particle, seen]
    either = np.stack([one[:, 0] * other[:, 1], one[:, 1] * other[:, 0]], -1)
    weighted = cloud.weights[:, np.newaxis] * either
    particle, swapped = np.divmod(_systematic(weighted.ravel(), len(weighted), rng), 2)
    seen = np.stack([swapped, 1 - swapped], -1)
    chosen = (particle[:, np.newaxis], [0, 1], seen)
    image = _categorical(chance[chosen], rng)
    offset = np.take_along_axis(offset[chosen], image[..., np.newaxis], -1)[..., 0]
    half, slope, rest, width = half[seen, 0], slope[particle], rest[particle], width[particle]
    moved = _normal_within(offset, half, width, rng)
    noise = (slope * moved / width + rest * rng.standard_normal(moved.shape)) / width
    states = blobs.advance(cloud.states.take(particle), noise)
    missed, true = offset - slope * noise, blobs.spread * np.abs(states.amplitude) + _TINY
    drawn = _mass(missed, half, rest)
    ratio = np.divide(_mass(missed, half, true), drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return _Cloud(states, ratio.prod(-1))


def _forecast(
    blobs: MovingBlobs, cloud: _Cloud, horizon: int, rng: np.random.Generator
) -> np.ndarray:
    """Probabilities of the pairs some steps on: float64 [pair]."""
    states = cloud.states
    for _ in range(horizon):
        states = blobs.advance(states, rng.standard_normal(states.phase.shape))
    pairs = blobs.pair_index(blobs.observe(states, rng))
    counts = np.bincount(pairs, weights=cloud.weights + _TINY, minlength=blobs.pairs)
    return counts / counts.sum()


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return angle - _TURN * np.rint(angle / _TURN)


def _mass(offset: np.ndarray, half: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Mass of a centred normal within ``half`` of ``offset``, exact far out in its tail."""
    distance = np.abs(offset)
    return ndtr((half - distance) / deviation) - ndtr((-half - distance) / deviation)


def _normal_within(
    offset: np.ndarray, half: np.ndarray, deviation: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw from a centred normal, cut to within ``half`` of ``offset``."""
    distance = np.abs(offset)
    low, high = ndtr((-half - distance) / deviation), ndtr((half - distance) / deviation)
    tail = np.maximum(rng.uniform(low, high), _TINY)
    return np.where(offset < 0, 1, -1) * deviation * ndtri(tail)


def _systematic(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw indices in proportion to their weights, at even steps through their sum."""
    sums = np.cumsum(weights + _TINY)
    return np.searchsorted(sums, (np.arange(count) + rng.random()) * (sums[-1] / count))


def _categorical(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw an index of the last axis in proportion to the weights."""
    sums = np.cumsum(weights, -1)
    return (sums[..., :-1] < rng.random(sums.shape[:-1])[..., np.newaxis] * sums[..., -1:]).sum(-1)


def _integers(where: str, array: np.ndarray, count: int) -> np.ndarray:
    """Return an array as int64, if it holds integers in ``[0, count)``."""
    array = np.asarray(array)
    if array.dtype.kind not in "iu":
        raise InputError(message(where, "integers", f"dtype {array.dtype}"))
    if array.size and (array.min() < 0 or array.max() >= count):
        found = f"{array.min()} to {array.max()}"
        raise InputError(message(where, f"integers in [0, {count - 1}]", found))
    return array.astype(np.int64)


def _checked(rng: np.random.Generator) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        found = f"a {type(rng).__name__}"
        remedy = "Make one with np.random.default_rng(seed)."
        raise InputError(message("rng", "a numpy.random.Generator", found, remedy))
    return rng
