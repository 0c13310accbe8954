"""Sound to spikes: the filters are at their places, and spikes tell what levels do."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.sound import Hearing, erb_centres, erb_rate

RATE = 8000


def test_centres_lie_evenly_in_erbs() -> None:
    centres = erb_centres(100, 3600, 32)
    np.testing.assert_allclose(centres[[0, -1]], [100, 3600])
    np.testing.assert_allclose(np.diff(np.diff(erb_rate(centres))), 0, atol=1e-9)
    assert float(erb_rate(1000)) == pytest.approx(15.62, abs=0.01)  # Glasberg and Moore 1990


@pytest.mark.parametrize("band", [2, 15, 29])
def test_a_tone_is_loudest_in_its_own_band_and_at_its_own_level(band: int) -> None:
    hearing = Hearing()
    centre = erb_centres(100, 3600, 32)[band]
    tone = 0.1 * np.sin(2 * np.pi * centre * np.arange(RATE) / RATE)
    levels = hearing.levels(tone, RATE, 0.01)[:, 20]
    assert int(levels.argmax()) == band
    assert levels[band] == pytest.approx(10 * np.log10(0.1**2 / 2), abs=1.0)


@pytest.mark.parametrize(
    ("options", "rate", "dt_s", "said"),
    [
        ({}, 7200, 0.01, "more than 7200 samples a second.* high_hz below 3600"),
        ({}, RATE, 1e-6, "steps of at least 0.000125 s"),
        ({"bands": 0}, RATE, 0.01, "bands"),
        ({"low_hz": 0.0}, RATE, 0.01, "low_hz"),
    ],
)
def test_what_cannot_be_heard_is_said(
    options: dict[str, float], rate: int, dt_s: float, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Hearing(**options).levels(np.zeros(100), rate, dt_s)  # type: ignore[arg-type]


def test_what_is_quiet_at_the_beginning_is_left_out() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE // 5) / RATE)
    late = np.concatenate([0.001 * tone, tone, 0.001 * tone])
    whole, trimmed = (Hearing(trim_db=trim).levels(late, RATE, 0.01) for trim in (None, 30.0))
    assert (whole.shape[1], trimmed.shape[1]) == (60, 40)
    assert np.array_equal(trimmed, whole[:, 20:])
    assert Hearing(trim_db=30.0).levels(np.zeros(800), RATE, 0.01).shape == (32, 10)
