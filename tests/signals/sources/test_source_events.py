"""Events of cameras: columns of every kind, N-MNIST's bytes, CSV, structured arrays."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.camera import events_of
from neurodeploy.signals.sources.nmnist import read_nmnist
from neurodeploy.signals.sources.tables import read_csv, read_structured

GRID = Grid(steps=4, dt_s=1e-3)
COLUMNS = {"x": [1, 0, 1, 1], "y": [0, 2, 0, 0], "p": [1, 0, 1, 1]}
SECONDS = np.array([0.0, 0.0021, 0.0009, 0.0049])


def columns(**changes: Any) -> dict[str, np.ndarray]:
    named = {**COLUMNS, "t": SECONDS, **changes}
    return {name: np.asarray(values) for name, values in named.items() if values is not None}


def places(spikes: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(map(int, place)) for place in np.argwhere(spikes)]


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("s", SECONDS),
        ("ms", SECONDS * 1e3),
        ("us", np.rint(SECONDS * 1e6).astype(np.int64)),
        ("ns", np.rint(SECONDS * 1e9).astype(np.uint64)),
    ],
)
def test_times_are_right_by_their_unit(unit: str, times: np.ndarray) -> None:
    made = events_of("a", columns(t=times), time_unit=unit, shape=None).encode(GRID)
    assert places(made.spikes) == [(0, 2, 0, 2), (1, 0, 1, 0)]
    assert (made.events, made.merged, made.cut) == (4, 1, 1)
    assert (made.spikes.shape, made.spikes.dtype) == ((2, 3, 2, 4), np.uint8)


@pytest.mark.parametrize(
    ("polarity", "shape"),
    [
        ([True, False, True, True], (2, 3, 2)),
        ([1, -1, 1, 1], (2, 3, 2)),
        ([1.0, 0.0, 1.0, 1.0], (2, 3, 2)),
        (None, (1, 3, 2)),
    ],
)
def test_polarity_may_be_of_any_kind_or_missing(polarity: Any, shape: tuple[int, ...]) -> None:
    made = events_of("a", columns(p=polarity), time_unit="s", shape=None).encode(GRID)
    assert made.spikes.shape[:-1] == shape
    assert made.spikes.sum() == 2
    if polarity is not None:
        assert places(made.spikes) == [(0, 2, 0, 2), (1, 0, 1, 0)]


def test_one_channel_takes_both_polarities_together() -> None:
    made = events_of("a", columns(), time_unit="s", shape=(1, 5, 4)).encode(GRID)
    assert places(made.spikes) == [(0, 0, 1, 0), (0, 2, 0, 2)]


def test_time_may_begin_at_the_first_event() -> None:
    late = columns(t=SECONDS + 7)
    assert events_of("a", late, time_unit="s", shape=None).encode(GRID).cut == 4
    first = events_of("a", late, time_unit="s", start="first", shape=None).encode(GRID)
    assert (first.cut, int(first.spikes.sum())) == (1, 2)


REFUSED = {
    "no unit": ({}, {"time_unit": None}, InputError, "times: expected a unit, found none"),
    "unit": ({}, {"time_unit": "sec"}, InputError, "--time-unit: expected one of s"),
    "shape": ({}, {"shape": (3, 4, 4)}, InputError, "--shape: expected C,H,W with 1 or 2"),
    "small": ({}, {"shape": (2, 2, 4)}, FileFormatError, "expected y from 0 to 1, found 2"),
    "x": ({"x": None}, {}, FileFormatError, r"expected a column x \(x\), found y, p, t"),
    "half": ({"x": [0.5, 0, 0, 0]}, {}, FileFormatError, "whole numbers x"),
    "negative": ({"y": [-1, 0, 0, 0]}, {}, FileFormatError, "whole numbers y, 0 or more, found -1"),
    "far": ({"x": [1, 1 << 40, 0, 0]}, {}, FileFormatError, r"x under 16384.*\(event 2 of 4\)"),
    "wide": ({}, {"shape": (2, 9, 99999)}, InputError, "--shape: expected C,H,W .* up to 16384"),
    "polarity": ({"p": [1, 0, 7, 1]}, {}, FileFormatError, r"booleans, found 7 \(event 3 of 4\)"),
    "times": ({"t": [0, np.nan, 1, 1]}, {}, FileFormatError, r"numbers, found nan \(event 2 of 4"),
    "before": ({"t": [-1.0, 0, 1, 1]}, {}, FileFormatError, "0 or more, found -1.0.*--start first"),
    "years": ({"t": [1e20, 0, 1, 1]}, {}, FileFormatError, "times under 285 years"),
    "short": ({"t": [1.0, 2.0]}, {}, FileFormatError, "columns of equal length"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_recording_is_refused(case: str) -> None:
    changes, options, error, said = REFUSED[case]
    with pytest.raises(error, match=said):
        events_of("a", columns(**changes), **{"time_unit": "s", "shape": None, **options})


@pytest.mark.parametrize(("steps", "dt_s"), [(0, 1e-3), (3, 0.0), (3, 1.5e-6), (3, float("nan"))])
def test_a_grid_is_of_whole_microseconds(steps: int, dt_s: float) -> None:
    with pytest.raises(InputError, match=r"--dt|--steps"):
        Grid(steps=steps, dt_s=dt_s)


def test_nmnists_bytes_are_read(tmp_path: Path) -> None:
    events = [(3, 33, 1, 100), (33, 0, 0, 2500), (0, 0, 1, 300_000)]
    path = tmp_path / "00001.bin"
    path.write_bytes(
        b"".join(
            struct.pack(">BB", x, y) + (p << 23 | t).to_bytes(3, "big") for x, y, p, t in events
        )
    )
    made = read_nmnist(path).encode(Grid(steps=10, dt_s=1e-3))
    assert places(made.spikes) == [(0, 0, 33, 2), (1, 33, 3, 0)]
    assert (made.spikes.shape, made.cut) == ((2, 34, 34, 10), 1)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(FileFormatError, match=r"a multiple of 5 bytes.*found 13 bytes"):
        read_nmnist(path)
    path.write_bytes(bytes([34, 0, 0, 0, 0]))
    with pytest.raises(FileFormatError, match="x from 0 to 33, found 34"):
        read_nmnist(path)


def test_tables_name_their_columns(tmp_path: Path) -> None:
    csv, array = tmp_path / "a.csv", tmp_path / "a.npy"
    csv.write_text("timestamp,x,y,polarity\n0.0,1,0,true\n0.0021,0,2,false\n")
    fields = [("t", "f8"), ("x", "i2"), ("y", "i2"), ("p", "?")]
    np.save(array, np.array([(0.0, 1, 0, True), (0.0021, 0, 2, False)], fields))
    for recording in (read_csv(csv, "s"), read_structured(array, "s")):
        assert places(recording.encode(GRID).spikes) == [(0, 2, 0, 2), (1, 0, 1, 0)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("1,2,3,1\n\n1,2,a,1\n", "a.csv, line 4: expected numbers t, x, y, p, found 'a'"),
        ("1,2,3,1 # one\n1,2,3\n", "line 3: expected numbers t, x, y, p, found 3 numbers"),
        ("1,2,3,1\n1,2,3,1,7\n", "line 3: .* found 5 numbers"),
        ("1,2,,1\n", "line 2: .* found ''"),
    ],
)
def test_the_line_that_is_wrong_is_named(lines: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,x,y,p\n" + lines)
    with pytest.raises(FileFormatError, match=said):
        read_csv(path, "s")


@pytest.mark.parametrize(
    "text", ["", "0,1,2,3\n1,2,3,4\n", "t,x,y,p\n1,2,a,4\n", "t,x\n1,2,3\n", "\x00"]
)
def test_what_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=r"events .*a\.csv"):
        read_csv(path, "s")


def test_an_array_without_fields_holds_no_events(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(FileFormatError, match="one axis of events with fields t, x, y, p"):
        read_structured(tmp_path / "a.npy", "s")
