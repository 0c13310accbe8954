"""Images and vectors -> spikes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.signals.encode import (
    Encoding,
    LatencyEncoding,
    LevelEncoding,
    RateEncoding,
    SpikeInput,
    encoding_from_dict,
)
from neurodeploy.signals.events import check_spikes

UNUSED = np.random.default_rng(0)


@st.composite
def batches(draw: st.DrawFn) -> np.ndarray:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=4)))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random(shape)
    if draw(st.booleans()):
        values = np.rint(values * 4) / 4  # hits 0, 1 and exact halves
    return values.astype(dtype)


@st.composite
def encodings(draw: st.DrawFn) -> Encoding:
    steps = draw(st.integers(1, 12))
    made: list[Encoding] = [
        RateEncoding(steps=steps, max_rate=draw(st.floats(0.01, 1))),
        LatencyEncoding(steps=steps, threshold=draw(st.floats(0, 0.99))),
        LevelEncoding(steps=steps, levels=draw(st.integers(1, steps))),
    ]
    return draw(st.sampled_from(made))


@settings(deadline=None, derandomize=True)
@given(encoding=encodings(), values=batches(), seed=st.integers(0, 1000))
def test_every_encoding_gives_spikes_and_repeats_itself(encoding, values, seed):
    before = values.copy()
    spikes = encoding(values, np.random.default_rng(seed))
    assert spikes.dtype == np.uint8
    assert spikes.shape == (*values.shape, encoding.steps)
    assert check_spikes(spikes, features=values.shape[1:]) is spikes
    assert np.array_equal(encoding(values, np.random.default_rng(seed)), spikes)
    assert np.array_equal(values, before)


@settings(deadline=None, derandomize=True)
@given(encoding=encodings())
def test_json_round_trip(encoding):
    text = json.dumps(encoding.to_dict())
    assert encoding_from_dict(json.loads(text)) == encoding


def test_the_written_form_is_fixed():
    assert RateEncoding(steps=30, max_rate=0.25).to_dict() == {
        "kind": "rate",
        "steps": 30,
        "max_rate": 0.25,
    }
    assert LatencyEncoding(steps=20, threshold=0.125).to_dict() == {
        "kind": "latency",
        "steps": 20,
        "threshold": 0.125,
    }
    assert LevelEncoding(steps=np.int32(10), levels=np.int64(7)).to_dict() == {
        "kind": "level",
        "steps": 10,
        "levels": 7,
    }


def test_defaults_may_be_left_out_of_the_written_form():
    assert encoding_from_dict({"kind": "rate", "steps": 4}) == RateEncoding(steps=4, max_rate=1)
    assert encoding_from_dict({"kind": "latency", "steps": 5}) == LatencyEncoding(steps=5)


@pytest.mark.parametrize("max_rate", [1.0, 0.4])
def test_rate_is_value_times_max_rate(max_rate):
    levels = np.array([0.0, 0.1, 0.35, 0.8, 1.0], dtype=np.float32)
    trials, steps = 100, 200
    values = np.broadcast_to(levels, (trials, 5))
    spikes = RateEncoding(steps=steps, max_rate=max_rate)(values, np.random.default_rng(11))
    p = levels * max_rate
    deviation = np.sqrt(p * (1 - p) / (trials * steps))  # of a mean of Bernoulli draws
    assert (np.abs(spikes.mean(axis=(0, 2)) - p) <= 5 * deviation + 1e-7).all()


def test_rate_draws_are_independent_between_steps_features_and_samples():
    spikes = RateEncoding(steps=2000)(np.full((2, 2), 0.5), np.random.default_rng(5))
    trains = spikes.reshape(4, -1).astype(float)
    pairs = [trains[:, :-1], trains[:, 1:]]
    correlation = np.corrcoef(np.concatenate(pairs))
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)  # 5 standard errors


class SameDraw(np.random.Generator):
    """A generator that always draws ``value``."""

    value = 0.0

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        return np.full(size, self.value, dtype=dtype)


@pytest.mark.parametrize("draw", [0.0, 1 - 2**-24])  # the ends of what float32 draws can be
def test_rate_extremes_are_certain(draw):
    rng = SameDraw(np.random.PCG64(0))
    rng.value = draw
    spikes = RateEncoding(steps=3)(np.array([[0.0, 1.0]]), rng)
    assert spikes.tolist() == [[[0, 0, 0], [1, 1, 1]]]


def test_rate_seeds_differ_and_the_generator_advances():
    values, encoding = np.full((3, 50), 0.5), RateEncoding(steps=20)
    rng = np.random.default_rng(8)
    first, second = encoding(values, rng), encoding(values, rng)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, encoding(values, np.random.default_rng(9)))


def test_rate_batch_equals_its_samples_in_order():
    values = np.random.default_rng(1).random((7, 1000))  # 7 * 1000 * 301 draws: several chunks
    encoding = RateEncoding(steps=301)
    whole = encoding(values, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    parts = [encoding(values[i : i + 1], rng) for i in range(7)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_rate_needs_a_generator():
    with pytest.raises(InputError) as caught:
        RateEncoding(steps=3)(np.zeros((1, 2)), 7)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "rng: expected a numpy.random.Generator, found a int. "
        "Make one with np.random.default_rng(seed)."
    )


def test_latency_by_hand():
    values = np.array([[1.0, 0.75, 0.5, 0.3, 0.2, 0.0]])
    spikes = LatencyEncoding(steps=9, threshold=0.2)(values, UNUSED)
    # times 0, 2, 4, round(5.6) = 6; 0.2 is not over the threshold
    assert spikes.sum(axis=-1).tolist() == [[1, 1, 1, 1, 0, 0]]
    assert spikes[0, :4].argmax(axis=-1).tolist() == [0, 2, 4, 6]


@settings(deadline=None, derandomize=True)
@given(values=batches(), steps=st.integers(1, 40), threshold=st.floats(0, 0.99))
def test_latency_formula(values, steps, threshold):
    spikes = LatencyEncoding(steps=steps, threshold=threshold)(values, UNUSED)
    for index, value in np.ndenumerate(values):
        time = round((1 - float(value)) * (steps - 1))
        expected = [time] if float(value) > threshold else []
        assert np.flatnonzero(spikes[index]).tolist() == expected


def test_level_by_hand():
    values = np.array([[0.0, 0.25, 0.5, 1.0]])
    spikes = LevelEncoding(steps=6, levels=4)(values, UNUSED)
    # integral after each step, in spikes: count * 1/6, 2/6, ... 6/6
    assert spikes[0].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 1, 0, 0, 1],
        [0, 1, 1, 0, 1, 1],  # 4/6, 8/6, 12/6, 16/6, 20/6, 24/6
    ]


@settings(deadline=None, derandomize=True)
@given(values=batches(), steps=st.integers(1, 40), data=st.data())
def test_level_integrates_exactly(values, steps, data):
    levels = data.draw(st.integers(1, steps))
    spikes = LevelEncoding(steps=steps, levels=levels)(values, UNUSED)
    for index, value in np.ndenumerate(values):
        count = round(float(value) * levels)
        integral = [count * (t + 1) // steps for t in range(steps)]
        assert np.cumsum(spikes[index]).tolist() == integral
    assert np.abs(spikes.sum(axis=-1) / levels - values).max() <= 0.5 / levels + 1e-3  # float16


@pytest.mark.parametrize("encoding", [LatencyEncoding(steps=4), LevelEncoding(steps=4, levels=3)])
def test_deterministic_encodings_leave_the_generator_alone(encoding):
    rng = np.random.default_rng(6)
    before = rng.bit_generator.state
    encoding(np.full((2, 3), 0.5), rng)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("make", "fields", "text"),
    [
        (RateEncoding, {"steps": 0}, "RateEncoding.steps: expected an integer of at least 1, fou"),
        (RateEncoding, {"steps": True}, "RateEncoding.steps: expected an integer of at least 1"),
        (
            RateEncoding,
            {"steps": 3, "max_rate": 0},
            "RateEncoding.max_rate: expected a number in (0, 1], found 0.0",
        ),
        (
            RateEncoding,
            {"steps": 3, "max_rate": 1.5},
            "RateEncoding.max_rate: expected a number in (0, 1], found 1.5",
        ),
        (
            RateEncoding,
            {"steps": 3, "max_rate": float("nan")},
            "RateEncoding.max_rate: expected a finite number, found nan",
        ),
        (
            LatencyEncoding,
            {"steps": 3.0},
            "LatencyEncoding.steps: expected an integer of at least 1, found 3.0",
        ),
        (
            LatencyEncoding,
            {"steps": 3, "threshold": 1},
            "LatencyEncoding.threshold: expected a number in [0, 1), found 1.0",
        ),
        (
            LatencyEncoding,
            {"steps": 3, "threshold": "low"},
            "LatencyEncoding.threshold: expected a finite number, found 'low'",
        ),
        (
            LevelEncoding,
            {"steps": -2, "levels": 1},
            "LevelEncoding.steps: expected an integer of at least 1, found -2",
        ),
        (
            LevelEncoding,
            {"steps": 5, "levels": 6},
            "LevelEncoding.levels: expected an integer in [1, 5], found 6",
        ),
        (
            LevelEncoding,
            {"steps": 5, "levels": 0},
            "LevelEncoding.levels: expected an integer in [1, 5], found 0",
        ),
    ],
)
def test_bad_fields_are_refused_in_code_and_in_files(make: Any, fields, text):
    with pytest.raises(InputError) as caught:
        make(**fields)
    assert text in str(caught.value)
    with pytest.raises(FileFormatError) as in_file:
        encoding_from_dict({"kind": make.kind, **fields})
    assert str(in_file.value) == f"encoding: {caught.value}"


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        (["rate", 30], "encoding: expected a mapping of fields, found a list"),
        (
            {"steps": 3},
            "encoding.kind: expected one of ['latency', 'level', 'rate', 'spikes'], found no suc",
        ),
        (
            {"kind": "phase", "steps": 3},
            "one of ['latency', 'level', 'rate', 'spikes'], found 'phase'",
        ),
        ({"kind": ["rate"], "steps": 3}, "['latency', 'level', 'rate', 'spikes'], found ['rate']"),
        (
            {"kind": "rate", "steps": 3, "levels": 2},
            "encoding.levels: expected only the fields ['kind', 'steps', 'max_rate'] "
            "for kind 'rate', found an unknown field",
        ),
        ({"kind": "rate"}, "encoding.steps: expected a value, found no such field"),
        (
            {"kind": "level", "steps": 4},
            "encoding.levels: expected a value, found no such field",
        ),
    ],
)
def test_bad_files_are_refused(mapping, text):
    with pytest.raises(FileFormatError) as caught:
        encoding_from_dict(mapping)
    assert text in str(caught.value)


def two_wrong(first: float, second: float) -> np.ndarray:
    values = np.full((3, 4), 0.5, dtype=np.float32)
    values[1, 2], values[2, 3] = first, second
    return values


BAD_VALUES = [
    ([[0.5]], "values: expected a numpy array of floats, found a list. Use np.asarray."),
    (
        np.full((2, 3), 7, np.uint8),
        "values: expected floats in [0, 1], found dtype uint8. Divide 8-bit pixels by 255.",
    ),
    (np.ones((2, 3), bool), "floats in [0, 1], found dtype bool. Convert with astype(np.float32)."),
    (np.zeros((2, 3), object), "values: expected floats in [0, 1], found dtype object"),
    (np.zeros((2, 3), complex), "values: expected floats in [0, 1], found dtype complex128"),
    (np.zeros(3), "[batch, *features], found shape (3,). values[np.newaxis] makes a batch of one."),
    (np.zeros((0, 3)), "at least one entry along every axis, found shape (0, 3)"),
    (np.zeros((2, 0)), "at least one entry along every axis, found shape (2, 0)"),
    (
        two_wrong(np.nan, np.inf),
        "values: expected finite numbers, found 2 NaN or infinite, the first nan at index [1, 2]",
    ),
    (two_wrong(-np.inf, 0.25), "found 1 NaN or infinite, the first -inf at index [1, 2]"),
    (
        two_wrong(254, 3),
        "values: expected values in [0, 1], found values from 0.5 to 254. "
        "Divide 8-bit pixels by 255.",
    ),
    (two_wrong(-0.25, 1), "found values from -0.25 to 1. Scale the values to [0, 1]."),
]


@pytest.mark.parametrize(
    "encoding",
    [RateEncoding(steps=3), LatencyEncoding(steps=3), LevelEncoding(steps=3, levels=2)],
    ids=lambda encoding: encoding.kind,
)
@pytest.mark.parametrize(("values", "text"), BAD_VALUES)
def test_bad_values_are_refused(encoding, values, text):
    with pytest.raises(InputError) as caught:
        encoding(values, UNUSED)
    assert text in str(caught.value)


def test_spikes_pass_as_they_are() -> None:
    encoding = SpikeInput(steps=5)
    rng = np.random.default_rng(0)
    spikes = rng.integers(0, 2, (3, 2, 4, 5)).astype(np.uint8)
    assert np.array_equal(encoding(spikes, rng), spikes)
    assert encoding_from_dict(encoding.to_dict()) == encoding
    with pytest.raises(InputError, match="5 steps, found 4"):
        encoding(spikes[..., :4], rng)
    with pytest.raises(InputError, match="spikes"):
        encoding(spikes * 2, rng)
