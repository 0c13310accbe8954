"""Samples of channels in CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.find import Reading, open_source
from neurodeploy.signals.sources.series import read_series

TABLE = """time,ax,gyro
0,0.0,10
1,0.2,10
2,1.1,10
4,1.1,30
9,0.0,30
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "imu.csv"
    path.write_text(TABLE)
    return path


def test_levels_are_means_of_steps_and_a_gap_keeps_the_last_one(file: Path) -> None:
    made = read_series(file, (0.5, 10.0), "ms").encode(Grid(steps=5, dt_s=2e-3))
    assert made.spikes.tolist() == [
        [0, 1, 1, 0, 0],  # ax: 0.1, 1.1, 1.1, 1.1 (no sample), 0
        [0, 0, 1, 1, 0],  # gyro: 10, 10, 30, 30, 30
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
    ]
    assert (made.spikes.dtype, made.events, made.merged, made.cut) == (np.uint8, 5, 0, 0)


def test_what_comes_after_the_last_step_is_counted(file: Path) -> None:
    series = read_series(file, (0.5,), "ms")
    made = series.encode(Grid(steps=2, dt_s=2e-3))
    assert made.spikes.tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]]
    assert made.cut == 2
    assert not read_series(file, (0.5,), "s").encode(Grid(steps=3, dt_s=1e-3)).spikes.any()


def test_a_source_of_csv_holds_samples_where_a_delta_is_given(file: Path) -> None:
    grid = Grid(steps=5, dt_s=2e-3)
    source = open_source(file, Reading(time_unit="ms", delta=(0.5, 10.0)), 5)
    (recording,) = source.read([0])
    series = read_series(file, (0.5, 10.0), "ms")
    assert np.array_equal(recording.encode(grid).spikes, series.encode(grid).spikes)
    coarse = open_source(file, Reading(time_unit="ms", delta=(1.0,)), 5)
    assert coarse.identity != source.identity
    with pytest.raises(FileFormatError, match=r"column x .* become spikes with --delta"):
        next(iter(open_source(file, Reading(time_unit="ms"), 5).read([0])))


@pytest.mark.parametrize(
    ("text", "delta", "unit", "error", "said"),
    [
        (TABLE, (1.0,), None, InputError, "times: expected a unit"),
        (TABLE, (1.0, 2.0, 3.0), "ms", InputError, "for each of 2 channels: ax, gyro"),
        ("a,b\n1,2\n", (1.0,), "s", FileFormatError, "one column of times"),
        ("t,time\n1,2\n", (1.0,), "s", FileFormatError, "a column a channel, found t, time"),
        ("t,a\n", (1.0,), "s", FileFormatError, "found no sample"),
        ("t,a\n0,nan\n", (1.0,), "s", FileFormatError, "NaN or infinity"),
        ("t,a,a\n0,1,2\n", (1.0,), "s", FileFormatError, "a name for each column"),
        ("t,a\n-1,2\n", (1.0,), "s", FileFormatError, "0 or more"),
    ],
)
def test_what_is_no_series_is_refused(
    tmp_path: Path, text: str, delta: tuple[float, ...], unit: str, error: type, said: str
) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(error, match=said):
        read_series(tmp_path / "x.csv", delta, unit)
