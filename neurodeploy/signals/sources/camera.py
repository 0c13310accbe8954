"""Events of an event camera, of whatever columns a file has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.recordings import Encoded, Grid, on_grid
from neurodeploy.signals.sources.units import (
    FIRST,
    MICROSECONDS_OF,
    UNIT_NAMES,
    ZERO,
    require_unit,
)

NAMES = {
    "t": ("t", "time", "timestamp", "timestamps", "ts"),
    "x": ("x",),
    "y": ("y",),
    "p": ("p", "pol", "polarity"),
}
"""Columns, and what people call them."""

OPTIONAL = "yp"
"""Columns that a sensor of one row, or one that only says that something changed, has not."""

LARGEST_SIDE = 1 << 14
"""Pixels of a sensor; more is a damaged file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraEvents:
    """Events of one recording.

    Parameters
    ----------
    x, y : int array [event]
        Column and row of the pixel.
    polarity : int array [event]
        0 for OFF, 1 for ON; 0 where the sensor or the grid has one channel.
    time_us : int array [event]
        Microseconds since time 0, in any order.
    shape : (int, int, int)
        Channels (1 or 2), height and width.
    guessed : bool
        Height and width are of the largest y and x of the events.
    """

    x: np.ndarray
    y: np.ndarray
    polarity: np.ndarray
    time_us: np.ndarray
    shape: tuple[int, int, int]
    guessed: bool = False

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [polarity, height, width, time]."""
        _, height, width = self.shape
        feature = (self.polarity * height + self.y) * width + self.x
        return replace(on_grid(feature, self.time_us, self.shape, grid), guessed=self.guessed)


def events_of(
    where: str,
    columns: Mapping[str, Any],
    *,
    time_unit: str | None,
    start: str = ZERO,
    shape: tuple[int, ...] | None,
) -> CameraEvents:
    """Events of named columns.

    Parameters
    ----------
    where : str
        The file, for errors.
    columns : mapping of str to array [event]
        Under one of `NAMES` each; polarity as 0 and 1, -1 and 1 or booleans, or not at all. A
        sensor without ``y`` is one row.
    time_unit : str
        One of `UNIT_NAMES`, of the times.
    start : str
        One of `STARTS`: what becomes time 0.
    shape : (channel, height, width), optional
        Of the sensor; the smallest that holds all events, if not given. With one channel
        polarity is not kept apart.

    Raises
    ------
    InputError
        The unit is missing or unknown, or the shape is no camera's.
    FileFormatError
        A column is missing, or its values are none of events.
    """
    found = {key: _column(where, key, names, columns) for key, names in NAMES.items()}
    if found["y"] is None:
        found["y"] = np.zeros(len(found["x"]), np.int64)
    time_us = times_us(where, found["t"], time_unit, start)
    x, y = (_whole(where, key, found[key]) for key in "xy")
    polarity = _polarity(where, found["p"], len(x))
    if len({len(each) for each in (x, y, time_us, polarity)}) > 1:
        raise FileFormatError(message(where, "columns of equal length", "others"))
    guessed = shape is None
    if shape is None:
        channels = 1 if found["p"] is None else 2
        shape = (channels, *(int(each.max(initial=0)) + 1 for each in (y, x)))
    if len(shape) != 3 or shape[0] not in (1, 2) or max(shape) > LARGEST_SIDE:
        expected = f"C,H,W with 1 or 2 channels and sides of up to {LARGEST_SIDE}"
        raise InputError(message("option --shape", expected, shape))
    channels, height, width = shape
    for name, each, side in (("x", x, width), ("y", y, height)):
        if (each >= side).any():
            expected = f"{name} from 0 to {side - 1}"
            raise FileFormatError(message(where, expected, _first(each >= side, each)))
    return CameraEvents(
        x=x,
        y=y,
        polarity=polarity if channels == 2 else np.zeros_like(polarity),
        time_us=time_us,
        shape=(channels, height, width),
        guessed=guessed,
    )


def _column(where: str, key: str, names: tuple[str, ...], columns: Mapping[str, Any]) -> Any:
    found = [name for name in columns if name.strip().lower() in names]
    if len(found) == 1:
        return np.asarray(columns[found[0]])
    if key in OPTIONAL and not found:
        return None
    expected = f"a column {key} ({', '.join(names)})"
    remedy = "Samples of channels, not events, become spikes with --delta." if key == "x" else ""
    raise FileFormatError(message(where, expected, ", ".join(columns) or "none", remedy))


def _whole(where: str, key: str, values: np.ndarray) -> np.ndarray:
    expected = f"whole numbers {key}, 0 or more"
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise FileFormatError(message(where, expected, f"{values.dtype} {values.shape}"))
    wrong = ~np.isfinite(values) | (values != np.rint(values)) | (values < 0)
    if wrong.any():
        raise FileFormatError(message(where, expected, _first(wrong, values)))
    if (values >= LARGEST_SIDE).any():
        found = _first(values >= LARGEST_SIDE, values)
        raise FileFormatError(message(where, f"{key} under {LARGEST_SIDE}", found))
    return values.astype(np.int64)


def _first(wrong: np.ndarray, values: np.ndarray) -> str:
    """The first wrong value of a column, and where it is."""
    place = int(np.argmax(wrong))
    return f"{values[place]} (event {place + 1:,} of {len(values):,})"


def times_us(where: str, values: np.ndarray, time_unit: str | None, start: str) -> np.ndarray:
    """Microseconds since time 0, int64.

    Raises
    ------
    InputError
        The unit is missing or unknown.
    FileFormatError
        They are no times.
    """
    if time_unit is None:
        remedy = f"Say in which the times are: --time-unit {', '.join(UNIT_NAMES)}."
        raise InputError(message(f"{where}, times", "a unit", "none", remedy))
    unit = MICROSECONDS_OF[str(require_unit(time_unit))]
    expected = "times in numbers"
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise FileFormatError(message(where, expected, f"{values.dtype} {values.shape}"))
    if not np.isfinite(values).all():
        raise FileFormatError(message(where, expected, _first(~np.isfinite(values), values)))
    if not values.size:
        return np.zeros(0, np.int64)
    if values.min() < 0 and start == ZERO:
        remedy = "Count from the first event: --start first."
        found = _first(values < 0, values)
        raise FileFormatError(message(where, "times of 0 or more", found, remedy))
    since = values - values.min() if start == FIRST else values
    longest = float(since.max()) * unit
    if longest >= 2.0**53:
        raise FileFormatError(message(where, "times under 285 years", f"{longest:g} us"))
    return np.floor(since * unit + 1e-6).astype(np.int64)


def _polarity(where: str, values: np.ndarray | None, events: int) -> np.ndarray:
    if values is None:
        return np.zeros(events, np.int64)
    expected = "polarity as 0 and 1, -1 and 1, or booleans"
    if values.dtype.kind not in "biuf":
        raise FileFormatError(message(where, expected, values.dtype))
    wrong = ~np.isin(values, (-1, 0, 1))
    if wrong.any():
        raise FileFormatError(message(where, expected, _first(wrong, values)))
    return (values > 0).astype(np.int64)
