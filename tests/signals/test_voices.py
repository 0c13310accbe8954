"""Voices change what levels say, within their bounds, and nothing if they are not asked to."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.sound_codes import Loudness
from neurodeploy.signals.voices import Voices

BANDS, STEPS = 24, 40
CODE = Loudness(range_db=60, step_db=10)


def tone(band: int, first: int, behind: int) -> np.ndarray:
    """Loud in one band for some steps, as spikes [8 samples, feature, step]."""
    levels = np.zeros((8, BANDS, STEPS))
    levels[:, band, first:behind] = 45
    return CODE.above(levels)


def changed(spikes: np.ndarray, **changes: float) -> np.ndarray:
    """Decibels [sample, band, step] after the changes."""
    voices = Voices(code=CODE, **changes)  # type: ignore[arg-type]
    return CODE.heard(voices(spikes, np.random.default_rng(1)))


def test_without_changes_spikes_stay() -> None:
    spikes = CODE.above(np.random.default_rng(0).uniform(0, 60, (3, BANDS, STEPS)))
    assert np.array_equal(Voices(code=CODE)(spikes, np.random.default_rng(0)), spikes)


def test_a_band_moves_and_stays_in_time() -> None:
    found = changed(tone(12, 10, 20), shift=0.5)
    assert {tuple(np.flatnonzero(sample.any(0))) for sample in found} == {tuple(range(10, 20))}
    places = [np.flatnonzero(sample.any(1)).mean() for sample in found]
    assert len({round(place) for place in places}) > 1
    assert max(abs(place - 12) for place in places) <= 0.5 * BANDS / 2 + 1


def test_a_warp_leaves_the_middle_and_moves_the_ends_apart() -> None:
    spikes = CODE.above(
        np.where(np.isin(np.arange(BANDS), (3, 4, 11, 12))[:, None], 45.0, 0.0)[None]
        * np.ones((8, 1, STEPS))
    )
    found = changed(spikes, warp=0.3)
    for sample in found:
        assert sample[11:13].all()
    lowest = [np.flatnonzero(sample[:10].any(1)).mean() for sample in found]
    assert max(lowest) - min(lowest) > 1


def test_a_tempo_moves_the_end_and_not_the_beginning() -> None:
    lengths = changed(tone(12, 0, 20), stretch=0.4)[:, 12].astype(bool).sum(1)
    assert len(set(lengths.tolist())) > 1
    assert lengths.min() >= 20 * 0.6 - 1
    assert lengths.max() <= 20 * 1.4 + 1
    assert (changed(tone(12, 0, 20), stretch=0.4)[:, 12, 0] > 0).all()


def test_volume_and_tilt_leave_silence() -> None:
    for changes in ({"volume_db": 30.0}, {"tilt_db": 30.0}, {"noise_db": 30.0}):
        found = changed(tone(20, 10, 20), **changes)
        assert not found[:, :20].any()
        assert not found[:, :, 20:].any()
        assert len(np.unique(found[:, 20, 10:20])) > 1


def test_a_tilt_grows_with_the_bands() -> None:
    flat = CODE.above(np.full((20, BANDS, STEPS), 35.0))
    found = changed(flat, tilt_db=20.0)[:, [0, BANDS - 1], 0]
    assert (np.sign(found[:, 0] - 35) == -np.sign(found[:, 1] - 35)).all()


def test_masked_bands_are_neighbours_and_as_many_as_said() -> None:
    found = changed(CODE.above(np.full((50, BANDS, STEPS), 35.0)), masked_bands=4)
    silent = ~found.any(2)
    assert silent.sum(1).max() == 4
    for sample in silent:
        places = np.flatnonzero(sample)
        assert not len(places) or places[-1] - places[0] + 1 == len(places)


def test_the_seed_sets_all_of_it() -> None:
    voices = Voices(code=CODE, stretch=0.2, warp=0.2, shift=0.1, later=0.1, noise_db=2.0)
    first, again, other = (
        voices(tone(12, 10, 20), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "fields", [{"stretch": 1.0}, {"warp": -0.1}, {"tilt_db": -1.0}, {"masked_bands": 0.5}]
)
def test_bad_voices_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"Voices.{next(iter(fields))}"):
        Voices(**fields)  # type: ignore[arg-type]
