"""The ideal decoder against every path of the blobs, written out."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from blob_cases import BLOBS, WILD, interval, rng
from scipy.special import ndtri
from scipy.stats import qmc

from neurodeploy.errors import InputError
from neurodeploy.signals.blobs import blob_accuracy
from neurodeploy.signals.ideal import ideal_decoder


@pytest.fixture(scope="module")
def paths() -> np.ndarray:
    """Chance of each path of one wild blob over four steps: [input, input, input, input].

    The mean over the first phase and the noise of three steps, on 2^16 points of Sobol's sequence;
    a chance given the path so far is then off by 0.007 at most, compared with 2^20 points.
    """
    points = qmc.Sobol(4, seed=0).random_base2(16)
    phase = (2 * points[:, 0] - 1) * np.pi
    velocity, amplitude = np.full(len(phase), 1.2), np.full(len(phase), 0.5)
    chances = [lit(phase, amplitude)]
    for noise in ndtri(points[:, 1:]).T:
        phase = phase + velocity
        velocity, amplitude = 0.6 * velocity - 0.9 * noise, 0.9 * amplitude + 0.6 * noise
        chances.append(lit(phase, amplitude))
    return np.einsum("ni,nj,nk,nl->ijkl", *chances, optimize=True) / len(points)


def lit(phase: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
    deviation = 0.9 * np.abs(amplitude)
    return np.stack([interval(amplitude * phase, deviation, place, 4) for place in range(4)], -1)


def enumerated(paths: np.ndarray, seen: np.ndarray, starts: range, horizon: int) -> np.ndarray:
    """Posterior of the pair ``horizon`` steps after those seen, by every path of both blobs."""
    posterior = np.zeros(WILD.pairs)
    for start in starts:
        kept = range(start, start + len(seen) + horizon)
        chance = paths.sum(tuple(axis for axis in range(4) if axis not in kept))
        both = chance.reshape(-1, 1) * chance.reshape(1, -1)
        path = np.array(list(product(range(4), repeat=len(kept))))
        pairs = WILD.pair_index(np.stack(np.broadcast_arrays(path[:, None], path[None]), -1))
        fits = (pairs[..., : len(seen)] == seen).all(-1)
        posterior += np.bincount(pairs[fits][:, -1], both[fits], minlength=WILD.pairs)
    return posterior / posterior.sum()


@pytest.mark.parametrize(
    ("window", "steps", "horizon"),
    [(None, 3, 1), (None, 2, 2), (None, 1, 3), (1, 3, 1), (1, 2, 2), (2, 3, 1), (3, 3, 1)],
)
def test_the_filter_is_what_enumeration_gives(paths, window, steps, horizon):
    spikes, positions = WILD.sample(6, steps, rng(7))
    options: dict[str, Any] = {"delta": horizon, "window": window, "particles": 20_000}
    posterior = ideal_decoder(WILD, spikes, rng(8), **options)
    starts = range(1 if window is None else steps - window + 1)
    for sample, pairs in enumerate(WILD.pair_index(positions)):
        for step in range((window or 1) - 1, steps):
            seen = pairs[: step + 1][-(window or steps) :]
            error = posterior[sample, step] - enumerated(paths, seen, starts, horizon)
            assert np.abs(error).max() < 0.018  # standard deviation of one count: 0.0035 at most


@pytest.mark.parametrize("window", [None, 2])
def test_posteriors_are_distributions_where_enough_is_known(window):
    spikes, _ = BLOBS.sample(2, 12, rng(9))
    options: dict[str, Any] = {"latency": 1, "window": window, "particles": 50}
    posterior = ideal_decoder(BLOBS, spikes, rng(1), delta=1, **options)
    assert (posterior.dtype, posterior.shape) == (np.float32, (2, 12, 210))
    first = 1 if window is None else 2
    assert np.isnan(posterior[:, :first]).all()
    assert (posterior[:, first:] >= 0).all()
    assert np.allclose(posterior[:, first:].sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("delta", "latency", "window", "first"),
    [
        (0, 0, None, 0),
        (-1, 0, None, 1),
        (-1, 1, None, 1),
        (-1, 0, 5, 4),
        (-4, 0, 5, 4),
        (-3, 2, 3, 4),
    ],
)
def test_a_pair_that_was_seen_is_known(delta, latency, window, first):
    spikes, positions = BLOBS.sample(3, 30, rng(10))
    pairs = BLOBS.pair_index(positions)
    options: dict[str, Any] = {"delta": delta, "latency": latency, "window": window}
    posterior = ideal_decoder(BLOBS, spikes, rng(1), **options)
    assert np.isnan(posterior[:, :first]).all()
    known = pairs[:, first + delta : 30 + delta]
    assert np.array_equal(posterior[:, first:], np.eye(210)[known])
    assert blob_accuracy(posterior.argmax(-1), pairs, delta=delta) == 1


def test_only_delta_plus_latency_matters():
    spikes, _ = BLOBS.sample(2, 15, rng(11))
    ahead = ideal_decoder(BLOBS, spikes, rng(1), delta=1, particles=100)[0]
    late = ideal_decoder(BLOBS, spikes, rng(1), delta=0, latency=1, particles=100)[0]
    assert np.array_equal(ahead[:-1], late[1:])


@pytest.mark.parametrize("window", [None, 5])
def test_the_filter_knows_how_sure_it_is(window):
    spikes, positions = BLOBS.sample(3, 120, rng(12))
    pairs = BLOBS.pair_index(positions)[:, 5:].ravel()
    options: dict[str, Any] = {"delta": 1, "window": window, "particles": 400}
    posterior = ideal_decoder(BLOBS, spikes, rng(1), **options)[:, 4:-1].reshape(-1, 210)
    right, sure = posterior.argmax(-1) == pairs, posterior.max(-1)
    assert abs(right.mean() - sure.mean()) < 4 * np.sqrt(0.25 / pairs.size)
    share = np.bincount(pairs, minlength=210) / pairs.size
    assert posterior[np.arange(pairs.size), pairs].mean() > 2 * share @ share  # it has looked


SPIKES = BLOBS.sample(2, 6, rng(0))[0]
BAD_CALLS = [
    (lambda: decode(delta=0.5), "delta: expected an integer of at least -6, found 0.5"),
    (lambda: decode(delta=0, latency=-1), "latency: expected an integer of at least 0, found -1"),
    (lambda: decode(delta=0, particles=0), "particles: expected an integer of at least 1, found 0"),
    (lambda: decode(delta=0, window=0), "window: expected an integer of at least 1, found 0"),
    (
        lambda: decode(delta=0, latency=6),
        "fits into the sequence, found None with latency 6 in 6 s",
    ),
    (lambda: decode(delta=0, window=5, latency=2), "found 5 with latency 2 in 6 steps"),
    (lambda: decode(delta=-3, window=2, latency=1), "found window 2 with delta + latency -2"),
]


def decode(**options: Any) -> np.ndarray:
    return ideal_decoder(BLOBS, SPIKES, rng(0), **options)


@pytest.mark.parametrize(("call", "text"), BAD_CALLS)
def test_bad_calls_are_refused(call, text):
    with pytest.raises(InputError) as caught:
        call()
    assert text in str(caught.value)
