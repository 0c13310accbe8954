"""Event streams ``(x, y, polarity, t)`` and dense spikes, and the way between them.

An event camera reports single events; a network takes dense binary spikes. :func:`to_spikes`
bins, :func:`from_spikes` undoes it, and :func:`check_spikes` is where the package decides
whether an array is spikes at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy._io.reprs import ShortRepr
from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import whole_number
from neurodeploy.signals.recordings import Encoded, Grid, on_grid

POLARITIES = 2
"""OFF events (0, darker) and ON events (1, brighter)."""

_LATEST_US = 2**63 - 1  # what int64 holds
_LONGEST_STEP_US = 2**31 - 1  # 36 minutes: bin times then fit int64 for every array in memory


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Events(ShortRepr):
    """Events of one recording, in order of time.

    Integer arrays of any width are taken and stored with the dtypes below.

    Parameters
    ----------
    x, y : int32 [event]
        Column in ``[0, width)`` and row in ``[0, height)`` of the pixel.
    polarity : int8 [event]
        0 for OFF, 1 for ON.
    t : int64 [event]
        Microseconds since the recording began: not negative, never decreasing.
    height, width : int
        Size of the sensor in pixels.

    Raises
    ------
    InputError
        An array is not 1-D, not of integers, not as long as the others, out of bounds, or ``t``
        goes back.
    """

    x: np.ndarray
    y: np.ndarray
    polarity: np.ndarray
    t: np.ndarray
    height: int
    width: int

    def __post_init__(self) -> None:
        height = whole_number("events.height", self.height, least=1)
        width = whole_number("events.width", self.width, least=1)
        columns = (
            ("x", np.int32, width - 1),
            ("y", np.int32, height - 1),
            ("polarity", np.int8, POLARITIES - 1),
            ("t", np.int64, _LATEST_US),
        )
        for name, dtype, most in columns:
            column = _event_column(f"events.{name}", getattr(self, name), most=most)
            object.__setattr__(self, name, column.astype(dtype, copy=False))
        lengths = {name: getattr(self, name).size for name, _, _ in columns}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} with {size}" for name, size in lengths.items())
            raise InputError(message("events", "x, y, polarity and t of equal length", found))
        backward = np.flatnonzero(self.t[1:] < self.t[:-1])
        if backward.size:
            i = int(backward[0]) + 1
            found = f"t[{i}] = {self.t[i]} after {self.t[i - 1]} ({backward.size} such in all)"
            remedy = "Sort all four arrays by np.argsort(t, kind='stable')."
            raise InputError(message("events.t", "times that never decrease", found, remedy))
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)

    def __len__(self) -> int:
        """Return how many events there are."""
        return int(self.t.size)

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [polarity, height, width, time]; what comes after the grid is cut off."""
        feature = (self.polarity.astype(np.int64) * self.height + self.y) * self.width + self.x
        features = (POLARITIES, self.height, self.width)
        return on_grid(feature, self.t, features, grid)


def window(events: Events, *, start_us: int, stop_us: int) -> Events:
    """Return the events with ``start_us <= t < stop_us``, their times counted from ``start_us``.

    Raises
    ------
    InputError
        ``start_us`` is negative or ``stop_us`` is not after it.
    """
    start = whole_number("start_us", start_us, least=0, most=_LATEST_US - 1)
    stop = whole_number("stop_us", stop_us, least=start + 1, most=_LATEST_US)
    first, last = np.searchsorted(events.t, [start, stop])
    kept = slice(int(first), int(last))
    return Events(
        x=events.x[kept],
        y=events.y[kept],
        polarity=events.polarity[kept],
        t=events.t[kept] - start,
        height=events.height,
        width=events.width,
    )


def to_spikes(events: Events, *, step_us: int, steps: int | None = None) -> np.ndarray:
    """Bin events: step ``k`` holds the events with ``k * step_us <= t < (k + 1) * step_us``.

    A bin is binary, so several events of one pixel and polarity in one step become one spike;
    :func:`merged_events` tells how many were lost in that way. No event is lost in another way.

    Parameters
    ----------
    events : Events
        The recording.
    step_us : int
        Length of a time step in microseconds.
    steps : int, optional
        Number of time steps. Without it the last event is in the last step.

    Returns
    -------
    uint8 [polarity, height, width, time]
        1 where at least one event fell.

    Raises
    ------
    InputError
        ``step_us`` or ``steps`` is not a positive integer, an event is later than ``steps``,
        there are no events to derive ``steps`` from, or the result does not fit in memory.
    """
    bins = events.t // _step_length(step_us)
    if steps is None:
        if not len(events):
            expected = "a number, since there are no events to count steps from"
            raise InputError(message("steps", expected, "None"))
        steps = int(bins[-1]) + 1
    steps = whole_number("steps", steps, least=1, most=_LATEST_US)
    late = int(np.count_nonzero(bins >= steps))
    if late:
        raise InputError(
            message(
                "events.t",
                f"times under {steps} steps of {step_us} us = {steps * step_us} us",
                f"{late} later events, the last at {events.t[-1]} us",
                "Crop with window(...) or raise steps.",
            )
        )
    shape = (POLARITIES, events.height, events.width, steps)
    try:
        spikes = np.zeros(shape, dtype=np.uint8)
    except (MemoryError, ValueError) as error:
        raise InputError(
            message(
                "events",
                "dense spikes that fit in memory",
                f"{steps} steps of {step_us} us, shape {shape}",
                "Crop with window(...), so that time starts near 0, or use a longer step.",
            )
        ) from error
    spikes[events.polarity, events.y, events.x, bins] = 1
    return spikes


def merged_events(events: Events, *, step_us: int) -> int:
    """Count the events that :func:`to_spikes` cannot show since their bin already has a spike.

    Returns
    -------
    int
        ``len(events) - to_spikes(events, step_us=step_us).sum()``, without the dense array.

    Raises
    ------
    InputError
        ``step_us`` is not a positive integer.
    """
    bins = events.t // _step_length(step_us)
    rank = np.cumsum(np.diff(bins, prepend=bins[:1]) > 0)  # bins renumbered: no overflow below
    pixel = (events.polarity.astype(np.int64) * events.height + events.y) * events.width + events.x
    cells = rank * (POLARITIES * events.height * events.width) + pixel
    return len(events) - int(np.unique(cells).size)


def from_spikes(spikes: np.ndarray, *, step_us: int) -> Events:
    """Turn dense spikes into events at the start of their time steps.

    ``to_spikes(from_spikes(s, step_us=d), step_us=d, steps=s.shape[-1])`` is ``s`` exactly.

    Parameters
    ----------
    spikes : [polarity, height, width, time]
        Values 0 and 1 of any boolean, integer or float dtype.
    step_us : int
        Length of a time step in microseconds.

    Returns
    -------
    Events
        In order of t, then polarity, y and x.

    Raises
    ------
    InputError
        ``spikes`` is not binary, not of that shape or empty, or ``step_us`` is not a positive
        integer.
    """
    step = _step_length(step_us)
    array = numeric_array(spikes, "spikes")
    if array.ndim != 4 or array.shape[0] != POLARITIES or 0 in array.shape:
        expected = f"a non-empty [polarity={POLARITIES}, height, width, time]"
        raise InputError(message("spikes", expected, f"shape {array.shape}"))
    binary = _binary(array, "spikes")
    bins, polarity, y, x = np.nonzero(np.moveaxis(binary, -1, 0))
    _, height, width, _ = binary.shape
    return Events(x=x, y=y, polarity=polarity, t=bins * step, height=height, width=width)


def check_spikes(
    spikes: np.ndarray, *, features: tuple[int, ...] | None = None, where: str = "spikes"
) -> np.ndarray:
    """Return dense spikes as the package wants them, or say why they are none.

    Parameters
    ----------
    spikes : [batch, *features, time]
        A numpy array of any boolean, integer or float dtype whose values are exactly 0 or 1.
    features : tuple of int, optional
        The shape between batch and time that is asked for; without it any is taken.
    where : str
        What the array is called in an error.

    Returns
    -------
    uint8 [batch, *features, time]
        The array itself if it already is uint8, a view if it is boolean, a copy otherwise.

    Raises
    ------
    InputError
        Not a numpy array, not numeric, another shape, an axis of length zero, NaN, or a value
        that is neither 0 nor 1.
    """
    array = numeric_array(spikes, where)
    axes = "*features" if features is None else ", ".join(str(size) for size in features)
    fits = array.ndim >= 3 and (features is None or array.shape[1:-1] == tuple(features))
    if not fits:
        no_batch = array.ndim == 2 if features is None else array.shape[:-1] == tuple(features)
        remedy = "spikes[np.newaxis] makes a batch of one." if no_batch else ""
        found = f"shape {array.shape}"
        raise InputError(message(where, f"[batch, {axes}, time]", found, remedy))
    if 0 in array.shape:
        expected = f"[batch, {axes}, time] with at least one entry along every axis"
        raise InputError(message(where, expected, f"shape {array.shape}"))
    return _binary(array, where)


def _step_length(step_us: object) -> int:
    return whole_number("step_us", step_us, least=1, most=_LONGEST_STEP_US)


def _event_column(where: str, column: object, *, most: int) -> np.ndarray:
    """Check one of the four arrays of `Events`: 1-D, integers, in ``[0, most]``."""
    if not isinstance(column, np.ndarray):
        raise InputError(message(where, "a 1-D integer array", f"a {type(column).__name__}"))
    if column.ndim != 1 or column.dtype.kind not in "iu":
        found = f"{column.dtype} of shape {column.shape}"
        remedy = ""
        if column.dtype.kind == "f" and np.isnan(column).any():
            found += f" with {int(np.isnan(column).sum())} NaN"
        elif column.dtype.kind in "fb" and column.ndim == 1:
            remedy = "Convert with astype(np.int64); times must be in microseconds."
        raise InputError(message(where, "a 1-D integer array", found, remedy))
    wrong = np.flatnonzero((column < 0) | (column > most))
    if wrong.size:
        i = int(wrong[0])
        found = f"{column[i]} at event {i} ({wrong.size} such in all)"
        raise InputError(message(where, f"integers in [0, {most}]", found))
    return column


def numeric_array(array: object, where: str) -> np.ndarray:
    """Return a numpy array of numbers as it is.

    Raises
    ------
    InputError
        It is no array, or one of objects, strings, complex numbers, times or events.
    """
    expected = "a numpy array of booleans, integers or floats"
    if not isinstance(array, np.ndarray):
        found = f"a {type(array).__name__}"
        raise InputError(message(where, expected, found, "Convert with np.asarray."))
    if isinstance(array, np.ma.MaskedArray):
        remedy = "Say what stands behind the mask: array.filled(0)."
        raise InputError(message(where, expected, "a masked array", remedy))
    if array.dtype.kind not in "biuf":
        remedy = ""
        if array.dtype.names:
            typed = "neurodeploy encode EVENTS.npy SPIKES.npy --steps N --dt S --time-unit us"
            remedy = f"Make spikes of events: {typed} (or s, ms, ns)."
        raise InputError(message(where, expected, f"dtype {array.dtype}", remedy))
    return array


def _binary(array: np.ndarray, where: str) -> np.ndarray:
    """Return a non-empty numeric array as uint8 if every value is exactly 0 or 1."""
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    if array.dtype == np.uint8 and array.max() <= 1:
        return array
    wrong = (array != 0) & (array != 1)
    count = int(np.count_nonzero(wrong))
    if count:
        index = tuple(int(i) for i in np.unravel_index(np.argmax(wrong), array.shape))
        found = f"{count} other values, the first {array[index]} at index {list(index)}"
        if array.dtype.kind == "f" and np.isnan(array).any():
            found += f", {int(np.isnan(array).sum())} of them NaN"
        raise InputError(message(where, "only the values 0 and 1", found))
    return array.astype(np.uint8)
