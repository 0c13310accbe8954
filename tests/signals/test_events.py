"""Events <-> dense spikes, and what counts as spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.events import (
    Events,
    check_spikes,
    from_spikes,
    merged_events,
    to_spikes,
    window,
)


def make(**changes: Any) -> Events:
    """Four events on a sensor of 3 rows and 5 columns; the middle two share a 100 us bin."""
    fields: dict[str, Any] = {
        "x": np.array([4, 1, 1, 0]),
        "y": np.array([0, 2, 2, 1]),
        "polarity": np.array([0, 1, 1, 0]),
        "t": np.array([7, 210, 299, 300]),
        "height": 3,
        "width": 5,
    }
    return Events(**{**fields, **changes})


def spike_set(spikes: np.ndarray) -> set[tuple[int, ...]]:
    return set(zip(*(axis.tolist() for axis in np.nonzero(spikes)), strict=True))


@st.composite
def dense(draw: st.DrawFn) -> np.ndarray:
    height, width, steps = (draw(st.integers(1, n)) for n in (4, 5, 6))
    seed, rate = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))
    draws = np.random.default_rng(seed).random((2, height, width, steps))
    return (draws < rate).astype(np.uint8)


def test_events_are_stored_with_their_documented_dtypes():
    events = make(x=np.array([4, 1, 1, 0], np.uint8), t=np.array([7, 210, 299, 300], np.uint64))
    dtypes = [events.x.dtype, events.y.dtype, events.polarity.dtype, events.t.dtype]
    assert dtypes == [np.int32, np.int32, np.int8, np.int64]
    assert len(events) == 4


def test_binning_by_hand():
    spikes = to_spikes(make(), step_us=100)
    assert spikes.dtype == np.uint8
    assert spikes.shape == (2, 3, 5, 4)  # the last event is in step 3
    assert spike_set(spikes) == {(0, 0, 4, 0), (1, 2, 1, 2), (0, 1, 0, 3)}


def test_steps_pad_with_silence():
    spikes = to_spikes(make(), step_us=100, steps=9)
    assert spikes.shape == (2, 3, 5, 9)
    assert np.array_equal(spikes[..., :4], to_spikes(make(), step_us=100))
    assert spikes[..., 4:].sum() == 0


@pytest.mark.parametrize(("step_us", "merged"), [(1, 0), (100, 1), (10_000, 1)])
def test_merged_events_by_hand(step_us, merged):
    assert merged_events(make(), step_us=step_us) == merged


def test_merged_events_of_none():
    nothing = from_spikes(np.zeros((2, 3, 4, 5)), step_us=9)
    assert len(nothing) == 0
    assert merged_events(nothing, step_us=9) == 0


@settings(deadline=None, derandomize=True)
@given(data=st.data(), step_us=st.integers(1, 50))
def test_every_event_is_a_spike_or_counted_as_merged(data, step_us):
    n = data.draw(st.integers(1, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    events = Events(
        x=rng.integers(0, 3, n),
        y=rng.integers(0, 2, n),
        polarity=rng.integers(0, 2, n),
        t=np.sort(rng.integers(0, 120, n)),
        height=2,
        width=3,
    )
    spikes = to_spikes(events, step_us=step_us)
    counted = {
        (int(p), int(y), int(x), int(t) // step_us)
        for p, y, x, t in zip(events.polarity, events.y, events.x, events.t, strict=True)
    }
    assert spike_set(spikes) == counted
    assert spikes.sum() + merged_events(events, step_us=step_us) == n


def test_merged_events_far_in_time_do_not_overflow():
    t = np.array([0, 2**63 - 2, 2**63 - 1])
    events = make(x=np.array([2, 3, 3]), y=np.full(3, 1), polarity=np.zeros(3, int), t=t)
    assert merged_events(events, step_us=1) == 0
    assert merged_events(events, step_us=2) == 1


@settings(deadline=None, derandomize=True)
@given(spikes=dense(), step_us=st.integers(1, 2000))
def test_round_trip_is_exact(spikes, step_us):
    events = from_spikes(spikes, step_us=step_us)
    assert (np.diff(events.t) >= 0).all()
    assert (events.height, events.width) == spikes.shape[1:3]
    back = to_spikes(events, step_us=step_us, steps=spikes.shape[-1])
    assert back.dtype == np.uint8
    assert np.array_equal(back, spikes)
    assert merged_events(events, step_us=step_us) == 0


def test_from_spikes_by_hand():
    spikes = np.zeros((2, 3, 5, 7), dtype=bool)
    spikes[1, 2, 4, 3] = spikes[0, 1, 3, 6] = True
    events = from_spikes(spikes, step_us=250)
    found = (events.polarity.tolist(), events.y.tolist(), events.x.tolist(), events.t.tolist())
    assert found == ([1, 0], [2, 1], [4, 3], [750, 1500])


def test_window_crops_and_shifts():
    cropped = window(make(), start_us=210, stop_us=300)
    assert cropped.t.tolist() == [0, 89]
    assert cropped.x.tolist() == [1, 1]
    assert (cropped.height, cropped.width) == (3, 5)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"height": 0}, "events.height: expected an integer of at least 1, found 0"),
        ({"width": True}, "events.width: expected an integer of at least 1, found True"),
        ({"width": 5.0}, "events.width: expected an integer of at least 1, found 5.0"),
        ({"x": [4, 1, 1, 0]}, "events.x: expected a 1-D integer array, found a list"),
        ({"x": np.array([[4, 1]])}, "expected a 1-D integer array, found int64 of shape (1, 2)"),
        (
            {"x": np.array([4, 5, 6, 0])},
            "events.x: expected integers in [0, 4], found 5 at event 1 (2 such in all)",
        ),
        (
            {"y": np.array([0, 2, 2, -1])},
            "events.y: expected integers in [0, 2], found -1 at event 3 (1 such in all)",
        ),
        (
            {"polarity": np.array([-1, 1, 1, -1])},
            "events.polarity: expected integers in [0, 1], found -1 at event 0 (2 such in all)",
        ),
        (
            {"t": np.array([7.5, 210.0, 299.0, 300.0])},
            "events.t: expected a 1-D integer array, found float64 of shape (4,). "
            "Convert with astype(np.int64)",
        ),
        (
            {"t": np.array([7, np.nan, 299, np.nan], np.float32)},
            "events.t: expected a 1-D integer array, found float32 of shape (4,) with 2 NaN",
        ),
        (
            {"t": np.array([0, 0, 0, 2**63], np.uint64)},
            "found 9223372036854775808 at event 3 (1 such in all)",
        ),
        (
            {"t": np.array([7, 210, 209, 208])},
            "events.t: expected times that never decrease, "
            "found t[2] = 209 after 210 (2 such in all). Sort",
        ),
        (
            {"y": np.array([0, 2, 2])},
            "events: expected x, y, polarity and t of equal length, "
            "found x with 4, y with 3, polarity with 4, t with 4",
        ),
    ],
)
def test_bad_events_are_refused(changes, text):
    with pytest.raises(InputError) as caught:
        make(**changes)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"step_us": 0}, "step_us: expected an integer in [1, 2147483647], found 0"),
        ({"step_us": 2**31}, "step_us: expected an integer in [1, 2147483647], found 2147483648"),
        ({"step_us": 100.0}, "step_us: expected an integer in [1, 2147483647], found 100.0"),
        ({"step_us": 100, "steps": 0}, "steps: expected an integer in [1, "),
        (
            {"step_us": 100, "steps": 2},
            "events.t: expected times under 2 steps of 100 us = 200 us, "
            "found 3 later events, the last at 300 us. Crop with window(...) or raise steps.",
        ),
    ],
)
def test_bad_binning_is_refused(options, text):
    with pytest.raises(InputError) as caught:
        to_spikes(make(), **options)
    assert text in str(caught.value)


def test_no_events_need_steps():
    nothing = from_spikes(np.zeros((2, 3, 4, 5)), step_us=9)
    with pytest.raises(InputError, match="steps: expected a number, since there are no events"):
        to_spikes(nothing, step_us=9)
    assert to_spikes(nothing, step_us=9, steps=8).shape == (2, 3, 4, 8)


def test_unix_time_does_not_fit_and_says_what_to_do():
    now = make(t=np.array([7, 210, 299, 300]) + 1_600_000_000_000_000)
    with pytest.raises(InputError) as caught:
        to_spikes(now, step_us=1)
    assert "expected dense spikes that fit in memory" in str(caught.value)
    assert "Crop with window(...)" in str(caught.value)


@pytest.mark.parametrize(
    ("start_us", "stop_us", "text"),
    [
        (-1, 5, "start_us: expected an integer in [0, 9223372036854775806], found -1"),
        (6, 6, "stop_us: expected an integer in [7, 9223372036854775807], found 6"),
    ],
)
def test_bad_window_is_refused(start_us, stop_us, text):
    with pytest.raises(InputError) as caught:
        window(make(), start_us=start_us, stop_us=stop_us)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("spikes", "text"),
    [
        ([[[[1]]]], "spikes: expected a numpy array of booleans, integers or floats, found a list"),
        (np.zeros((2, 3, 4)), "a non-empty [polarity=2, height, width, time], found shape (2, 3,"),
        (np.zeros((3, 4, 5, 6)), "[polarity=2, height, width, time], found shape (3, 4, 5, 6)"),
        (np.zeros((2, 4, 5, 0)), "[polarity=2, height, width, time], found shape (2, 4, 5, 0)"),
        (np.full((2, 1, 1, 3), 4), "found 6 other values, the first 4 at index [0, 0, 0, 0]"),
    ],
)
def test_from_spikes_refuses(spikes, text):
    with pytest.raises(InputError) as caught:
        from_spikes(spikes, step_us=10)
    assert text in str(caught.value)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("features", [None, (3, 4)])
def test_check_spikes_takes_any_dtype_of_zeros_and_ones(dtype, features):
    truth = np.random.default_rng(3).integers(0, 2, (2, 3, 4, 5))
    checked = check_spikes(truth.astype(dtype), features=features)
    assert checked.dtype == np.uint8
    assert np.array_equal(checked, truth)


def test_check_spikes_does_not_copy_uint8():
    spikes = np.ones((2, 3, 4), dtype=np.uint8)
    assert check_spikes(spikes) is spikes


def one_wrong(value: float, dtype: Any) -> np.ndarray:
    spikes = np.zeros((2, 3, 4), dtype=dtype)
    spikes[1, 0, 2] = spikes[1, 2, 3] = value
    return spikes


@pytest.mark.parametrize(
    ("spikes", "features", "text"),
    [
        (None, None, "expected a numpy array of booleans, integers or floats, found a NoneType"),
        (np.zeros((2, 3, 4), object), None, "booleans, integers or floats, found dtype object"),
        (np.zeros((2, 3, 4), complex), None, "integers or floats, found dtype complex128"),
        (np.zeros((2, 3, 4), str), None, "integers or floats, found dtype <U1"),
        (np.zeros((2, 3, 4), "m8[us]"), None, "floats, found dtype timedelta64[us]"),
        (
            np.zeros((3, 4)),
            None,
            "[batch, *features, time], found shape (3, 4). spikes[np.newaxis] makes",
        ),
        (np.zeros(3), None, "expected [batch, *features, time], found shape (3,)"),
        (np.zeros(()), (3,), "expected [batch, 3, time], found shape ()"),
        (np.zeros((2, 5, 4)), (3,), "expected [batch, 3, time], found shape (2, 5, 4)"),
        (
            np.zeros((3, 5, 4)),
            (3, 5),
            "expected [batch, 3, 5, time], found shape (3, 5, 4). spikes[np.newaxis] makes",
        ),
        (np.zeros((2, 3, 5, 4)), (15,), "expected [batch, 15, time], found shape (2, 3, 5, 4)"),
        (np.zeros((0, 3, 4)), (3,), "at least one entry along every axis, found shape (0, 3, 4)"),
        (np.zeros((2, 3, 0)), None, "at least one entry along every axis, found shape (2, 3, 0)"),
        (np.zeros((2, 0, 4)), None, "at least one entry along every axis, found shape (2, 0, 4)"),
        (
            one_wrong(np.nan, np.float32),
            None,
            "only the values 0 and 1, found 2 other values, "
            "the first nan at index [1, 0, 2], 2 of them NaN",
        ),
        (one_wrong(0.5, float), None, "found 2 other values, the first 0.5 at index [1, 0, 2]"),
        (one_wrong(255, np.uint8), (3,), "found 2 other values, the first 255 at index [1, 0, 2]"),
        (one_wrong(-1, np.int8), (3,), "found 2 other values, the first -1 at index [1, 0, 2]"),
        (one_wrong(256, np.int16), None, "found 2 other values, the first 256 at index [1, 0, 2]"),
    ],
)
def test_check_spikes_refuses(spikes, features, text):
    with pytest.raises(InputError) as caught:
        check_spikes(spikes, features=features, where="the input")
    assert str(caught.value).startswith("the input: expected ")
    assert text in str(caught.value)


@pytest.mark.parametrize("shape", [(3,), (2, 5, 4)])
def test_the_remedy_is_given_only_where_it_helps(shape):
    with pytest.raises(InputError) as caught:
        check_spikes(np.zeros(shape), features=(3,))
    assert "newaxis" not in str(caught.value)


def test_masks_and_booleans_that_are_neither_are_refused() -> None:
    masked = np.ma.masked_array(np.ones((1, 2, 3), np.uint8), mask=True)
    with pytest.raises(InputError, match="found a masked array"):
        check_spikes(masked)
    wrong = np.full((1, 2, 3), 7, np.uint8).view(np.bool_)
    with pytest.raises(InputError, match="only the values 0 and 1, found 6 other values"):
        check_spikes(wrong)
