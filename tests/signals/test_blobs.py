"""The blobs against the authors' formulas, and their filter against enumeration of every path."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from blob_cases import BLOBS, WILD, interval, rng
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.blobs import BlobStates, MovingBlobs, blob_accuracy


def states(phase: float, velocity: float, amplitude: float, count: int) -> BlobStates:
    return BlobStates(*(np.full(count, value) for value in (phase, velocity, amplitude)))


@given(inputs=st.integers(2, 40))
def test_pair_index_is_a_bijection_in_the_authors_order(inputs):
    blobs = MovingBlobs(inputs=inputs)
    assert blobs.pairs == inputs * (inputs + 1) // 2
    every = np.array([(i, j) for i in range(inputs) for j in range(i, inputs)])
    assert blobs.pair_index(every).tolist() == list(range(blobs.pairs))
    assert np.array_equal(blobs.pair_positions(np.arange(blobs.pairs)), every)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), min_size=1))
def test_pair_index_does_not_see_the_order_of_the_blobs(pairs):
    index = BLOBS.pair_index(np.array(pairs))
    assert index.dtype == np.int64
    assert np.array_equal(index, BLOBS.pair_index(np.array(pairs)[:, ::-1]))
    assert np.array_equal(BLOBS.pair_positions(index), np.sort(pairs))


def test_the_paper_has_210_pairs():
    assert BLOBS.pairs == 210
    assert BLOBS.pair_index(np.array([[19, 19], [1, 0], [1, 1]])).tolist() == [209, 1, 20]


def test_spikes_are_the_positions():
    spikes, positions = BLOBS.sample(7, 50, rng(1))
    assert (spikes.dtype, positions.dtype) == (np.uint8, np.int64)
    expected = np.zeros((7, 20, 50), dtype=np.uint8)
    for (sample, step, _), place in np.ndenumerate(positions):
        expected[sample, place, step] = 1
    assert np.array_equal(spikes, expected)
    assert (spikes.sum(1) == 1).any()  # they meet
    assert np.array_equal(BLOBS.read(spikes), np.sort(positions))


def test_the_seed_decides():
    first, again, other = (BLOBS.sample(3, 40, rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("place", [-3.14, -3.0, -2.98, 0.16, 1.6, 2.82, 2.85, 3.14, 3.2, -40.0])
def test_the_nearest_input_is_the_authors(place):
    blobs = dataclasses.replace(BLOBS, spread=1e-9)
    bins = np.arange(-np.pi, np.pi, 2 * np.pi / 20)  # their two lines
    wrapped = np.arctan2(np.sin(place), np.cos(place))
    expected = np.argmin(np.abs(bins - wrapped))
    assert blobs.observe(states(2 * place, 0, 0.5, 3), rng(0)).tolist() == [expected] * 3


def test_one_step_follows_the_authors_recursion():
    moved = BLOBS.advance(states(2.0, 0.3, -0.2, 1), 1.5)
    assert np.allclose(np.concatenate(moved), [2.3, 0.9 * 0.3 - 0.14 * 1.5, -0.198 + 0.015])


def test_the_moments_of_the_hidden_states():
    count, steps = 20_000, 60
    path = np.array(list(BLOBS.walk((count,), steps, rng(2))))  # [step, state, blob]
    assert path.shape == (steps, 3, count)
    assert np.array_equal(path[0, 1:], np.full((2, count), [[1.0], [0.5]]))
    assert np.abs(path[0, 0]).max() <= np.pi
    error = 5 / np.sqrt(count)  # 5 standard errors of a mean, in standard deviations
    phase, velocity, amplitude = path[-1]
    decays = 0.9 ** np.arange(steps)
    assert np.isclose(velocity.std(), 0.14 * np.sqrt((decays[:-1] ** 2).sum()), rtol=error)
    assert abs(velocity.mean() - decays[-1]) < velocity.std() * error
    travelled = phase - path[0, 0]
    assert abs(travelled.mean() - decays[:-1].sum()) < travelled.std() * error
    # the noise of step k has moved the phase by the decays of all steps after it
    assert np.isclose(
        travelled.std(), 0.14 * np.sqrt((decays.cumsum()[:-2] ** 2).sum()), rtol=error
    )
    assert abs(amplitude.mean() - 0.5 * 0.99 ** (steps - 1)) < amplitude.std() * error
    variance = (0.99 ** (2 * np.arange(steps - 1))).sum()
    assert np.isclose(amplitude.std(), 0.01 * np.sqrt(variance), rtol=error)
    noise = (path[1:, 2] - 0.99 * path[:-1, 2]) / 0.01  # one noise drives both
    assert np.allclose((path[1:, 1] - 0.9 * path[:-1, 1]) / -0.14, noise)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 5 / np.sqrt(noise.size)


@given(
    phase=st.floats(-300, 300),
    amplitude=st.floats(-3, 3).filter(lambda value: abs(value) > 1e-3),
    inputs=st.integers(2, 30),
)
def test_a_blob_lights_some_input(phase, amplitude, inputs):
    blobs = MovingBlobs(inputs=inputs)
    chance = blobs.likelihood(states(phase, 0, amplitude, 1), np.arange(inputs))
    assert (chance >= 0).all()
    assert np.isclose(chance.sum(), 1, atol=1e-7)


@pytest.mark.parametrize("blobs", [BLOBS, dataclasses.replace(WILD, inputs=20)])
@pytest.mark.parametrize(("phase", "amplitude"), [(1.0, 0.5), (-40.0, 0.075), (6.2, -0.5), (3, 4)])
def test_the_likelihood_is_how_often_each_input_is_lit(blobs, phase, amplitude):
    count = 50_000
    lit = blobs.observe(states(phase, 0, amplitude, count), rng(3))
    frequency = np.bincount(lit, minlength=20) / count
    chance = blobs.likelihood(states(phase, 0, amplitude, 1), np.arange(20))
    assert (np.abs(frequency - chance) <= 5 * np.sqrt(chance / count) + 1e-4).all()


def test_the_rates_of_the_first_step():
    count = 20_000
    _, positions = BLOBS.sample(count, 1, rng(4))
    frequency = np.bincount(positions.ravel(), minlength=20) / (2 * count)
    phase = np.linspace(-np.pi, np.pi, 2001)
    rate = np.mean([interval(0.5 * phase, 0.225, place, 20) for place in range(20)], axis=1)
    assert (np.abs(frequency - rate) <= 5 * np.sqrt(rate / (2 * count)) + 1e-4).all()


def test_accuracy_by_hand():
    pairs = np.array([[3, 1, 4, 1, 5, 9, 2]])
    says = np.array([[0, 3, 1, 5, 1, 2, 9]])
    assert blob_accuracy(says, pairs, delta=-1, skip=1) == 4 / 6  # 3, 1, 1, 9 of steps 1 to 6
    assert blob_accuracy(says, pairs, delta=0, skip=2) == 0
    assert blob_accuracy(says, pairs, delta=1, skip=3) == 2 / 3  # 5 and 2, of steps 3 to 5
    assert blob_accuracy(pairs, pairs, delta=0) == 1


BAD_FIELDS = [
    ({"inputs": 1}, "MovingBlobs.inputs: expected an integer of at least 2, found 1"),
    ({"inputs": 20.0}, "MovingBlobs.inputs: expected an integer of at least 2, found 20.0"),
    ({"amplitude": "big"}, "MovingBlobs.amplitude: expected a finite number, found 'big'"),
    ({"velocity": np.inf}, "MovingBlobs.velocity: expected a finite number, found inf"),
    ({"velocity_decay": 1.5}, "MovingBlobs.velocity_decay: expected a number in [0, 1], found 1.5"),
    (
        {"amplitude_decay": -0.5},
        "MovingBlobs.amplitude_decay: expected a number in [0, 1], found -",
    ),
    ({"amplitude_noise": -1}, "MovingBlobs.amplitude_noise: expected 0 or more, found -1.0"),
    ({"velocity_noise": -2}, "MovingBlobs.velocity_noise: expected 0 or more, found -2.0"),
    ({"spread": 0}, "MovingBlobs.spread: expected more than 0, found 0.0"),
    ({"spread": True}, "MovingBlobs.spread: expected a finite number, found True"),
]


@pytest.mark.parametrize(("given_fields", "text"), BAD_FIELDS)
def test_bad_fields_are_refused(given_fields, text):
    with pytest.raises(InputError) as caught:
        MovingBlobs(**given_fields)
    assert text in str(caught.value)


SPIKES = BLOBS.sample(2, 6, rng(0))[0]
BAD_CALLS = [
    (lambda: BLOBS.sample(0, 6, rng(0)), "samples: expected an integer of at least 1, found 0"),
    (lambda: BLOBS.sample(2, 0, rng(0)), "steps: expected an integer of at least 1, found 0"),
    (lambda: BLOBS.sample(2, 6, 7), "rng: expected a numpy.random.Generator, found a int. Make"),  # type: ignore[arg-type]
    (lambda: BLOBS.pair_index(np.zeros(2)), "positions: expected integers, found dtype float64"),
    (lambda: BLOBS.pair_index(np.array([3, 20])), "integers in [0, 19], found 3 to 20"),
    (lambda: BLOBS.pair_index(np.zeros((2, 3), int)), "expected [..., 2], found shape (2, 3)"),
    (lambda: BLOBS.pair_positions(np.array([-1])), "integers in [0, 209], found -1 to -1"),
    (
        lambda: BLOBS.read(SPIKES[:, 1:]),
        "spikes: expected [batch, 20, time], found shape (2, 19, 6",
    ),
    (lambda: BLOBS.read(0 * SPIKES), "spikes: expected one or two at each step, found 0 to 0"),
    (lambda: score(np.zeros((2, 5), int)), "one shape [sample, time], found (2, 5) and (2, 6)"),
    (lambda: score(delta=-2, skip=1), "skip: expected an integer of at least 2, found 1"),
    (lambda: score(delta=1), "a step that counts, found 6 steps, skip 5 and delta 1"),
]


def score(says: np.ndarray = np.zeros((2, 6), int), delta: int = 0, skip: int = 5) -> float:  # noqa: B008
    return blob_accuracy(says, np.zeros((2, 6), int), delta=delta, skip=skip)


@pytest.mark.parametrize(("call", "text"), BAD_CALLS)
def test_bad_calls_are_refused(call, text):
    with pytest.raises(InputError) as caught:
        call()
    assert text in str(caught.value)
