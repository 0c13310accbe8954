"""Jitter moves whole samples, within its bounds, and leaves out what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.jitter import Jitter

SPIKES = (np.random.default_rng(0).random((6, 8, 20)) < 0.3).astype(np.uint8)


def moved(array: np.ndarray, by: int, axis: int) -> np.ndarray:
    """What numpy's roll gives, with 0 where it comes round."""
    rolled = np.roll(array, by, axis)
    ends = np.moveaxis(rolled, axis, 0)
    ends[slice(0, by) if by > 0 else slice(len(ends) + by, None)] = 0
    return rolled


def test_without_changes_spikes_stay() -> None:
    assert Jitter()(SPIKES, np.random.default_rng(0)) is SPIKES


@given(steps=st.integers(1, 25), seed=st.integers(0, 99))
def test_all_features_of_a_sample_move_by_the_same_steps(steps: int, seed: int) -> None:
    found = Jitter(steps=steps)(SPIKES, np.random.default_rng(seed))
    for sample, was in zip(found, SPIKES, strict=True):
        shifts = range(-min(steps, 20), min(steps, 20) + 1)
        assert any(np.array_equal(sample, moved(was, by, 1)) for by in shifts)


def test_bands_move_within_their_group() -> None:
    found = Jitter(bands=2, groups=2)(SPIKES, np.random.default_rng(1))
    for sample, was in zip(found, SPIKES, strict=True):
        halves = was.reshape(2, 4, 20)
        candidates = [moved(halves, by, 1).reshape(8, 20) for by in range(-2, 3)]
        assert any(np.array_equal(sample, each) for each in candidates)
    assert not np.array_equal(found, SPIKES)


def test_spikes_are_left_out_at_random_and_none_comes_in() -> None:
    spikes = np.ones((4, 50, 50), np.uint8)
    found = Jitter(drop=0.2)(spikes, np.random.default_rng(0))
    assert found.dtype == np.uint8
    assert found.mean() == pytest.approx(0.8, abs=0.02)
    assert (Jitter(drop=0.5)(SPIKES, np.random.default_rng(0)) <= SPIKES).all()


@pytest.mark.parametrize(
    "fields", [{"steps": -1}, {"bands": 0.5}, {"groups": 0}, {"drop": 1.0}, {"drop": -0.1}]
)
def test_bad_jitter_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"Jitter.{next(iter(fields))}"):
        Jitter(**fields)  # type: ignore[arg-type]
