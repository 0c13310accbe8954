"""Spikes tell what levels do, and how loud they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.sound_codes import Crossings, Loudness


@given(st.lists(st.floats(-80, 0), min_size=1, max_size=30), st.sampled_from((0.5, 3.0)))
def test_spikes_tell_a_level_to_within_a_delta_once_they_caught_up(
    levels: list[float], delta: float
) -> None:
    held = np.repeat(np.array([levels]), 200, axis=1)
    up, down = Crossings(delta_db=delta).spikes(held)
    told = -80 + delta * np.cumsum(up.astype(int) - down.astype(int))
    assert not (up & down).any()
    np.testing.assert_array_less(np.abs(told[199::200] - levels), delta + 1e-9)


def test_silence_is_silent() -> None:
    silence = np.full((3, 50), -300.0)
    assert not Crossings().spikes(silence).any()


LEVELS = np.array([[-10.0, -19.9, -20.1, -300.0], [-40.0, -59.9, -60.0, -69.0]])


def test_loudness_by_hand() -> None:
    code = Loudness(range_db=60, step_db=20)  # thresholds 20 and 40 above silence, at -70
    assert code.thresholds_db.tolist() == [20, 40]
    assert code.features(2) == 4
    low, high = code.spikes(LEVELS).reshape(2, 2, 4)
    assert low.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
    assert high.tolist() == [[1, 1, 1, 0], [0, 0, 0, 0]]


@given(st.floats(-40, 40))
def test_volume_changes_nothing(gain: float) -> None:
    steady = np.array([[-10.0, -19.0, -23.0, -300.0], [-41.0, -57.0, -62.0, -68.0]])
    code = Loudness()  # no level lies on one of its thresholds
    assert np.array_equal(code.spikes(steady + gain), code.spikes(steady))


@given(st.integers(0, 1000), st.sampled_from((5.0, 10.0)))
def test_what_is_told_is_heard_within_half_a_step_and_told_again(seed: int, step: float) -> None:
    code, rng = Loudness(step_db=step), np.random.default_rng(seed)
    levels = rng.uniform(0, 60, (2, 3, 20))
    spikes = code.above(levels)
    heard = code.heard(spikes)
    passed = levels >= step
    assert (np.abs(heard - levels)[passed] <= step / 2 + 1e-6).all()
    assert not heard[~passed].any()
    assert np.array_equal(code.above(heard), spikes)


def test_silence_is_not_loud() -> None:
    assert not Loudness().above(np.zeros((1, 2, 3))).any()
    assert not Loudness().spikes(np.full((2, 3), -300.0)).any()
    assert Loudness().spikes(np.zeros((2, 0))).shape == (10, 0)


@pytest.mark.parametrize(
    ("code", "options", "said"),
    [
        (Crossings, {"delta_db": 0.0}, "delta_db above 0"),
        (Crossings, {"floor_db": 3.0}, "floor_db below"),
        (Loudness, {"step_db": 0.0}, "0 < step_db"),
        (Loudness, {"range_db": 10.0}, "step_db < range_db"),
        (Loudness, {"step_db": 0.001}, "step_db of at least 0.06, 1000 thresholds"),
        (Loudness, {"step_db": float("nan")}, "Loudness.step_db"),
    ],
)
def test_bad_codes_are_refused(code: type, options: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        code(**options)
