"""The best that any decoder could know of moving blobs: their law, and what was seen of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import check_generator, whole_number
from neurodeploy.signals.blobs import BlobStates, MovingBlobs, mass_within

_TINY = 1e-300  # keeps a weight above zero and a width off it
_LIBRARY = 2**20  # states of both blobs at any step, 50 MB; some 5,000 of them for a pair


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
    check_generator(rng)
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
    chance = mass_within(offset, half, width[..., np.newaxis, np.newaxis])
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
    drawn = mass_within(missed, half, rest)
    ratio = np.divide(
        mass_within(missed, half, true), drawn, out=np.zeros_like(drawn), where=drawn > 0
    )
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


def _normal_within(
    offset: np.ndarray, half: np.ndarray, deviation: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw from a centred normal, cut to within ``half`` of ``offset``."""
    from scipy.special import ndtr, ndtri

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
