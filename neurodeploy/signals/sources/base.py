"""What every source gives: recordings, each of which becomes spikes on a grid of steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neurodeploy.errors import InputError, message

MICROSECONDS = 1_000_000

MOST_BYTES = 1 << 35
"""Of spikes, in a file or in memory."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The time axis that recordings are laid on.

    Parameters
    ----------
    steps : int
        How many; what comes later is cut off, and counted.
    dt_s : float, optional
        Seconds of a step; whole microseconds.

    Raises
    ------
    InputError
        ``steps`` is not positive, or ``dt_s`` no whole number of microseconds.
    """

    steps: int
    dt_s: float | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(message("option --steps", "at least 1", self.steps))
        if self.dt_s is not None:
            length = self.dt_s * MICROSECONDS
            if not (math.isfinite(length) and length > 0.5 and abs(length - round(length)) < 1e-6):
                expected = "seconds of a step, in whole microseconds"
                raise InputError(message("option --dt", expected, self.dt_s))

    @property
    def step_us(self) -> int:
        """Microseconds of a step.

        Raises
        ------
        InputError
            Nobody said how long a step is.
        """
        if self.dt_s is None:
            remedy = "Say how long a step is, such as --dt 1e-3."
            raise InputError(message("option --dt", "seconds of a step", "none", remedy))
        return round(self.dt_s * MICROSECONDS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """Spikes of one recording, and what the grid could not hold.

    Parameters
    ----------
    spikes : uint8 array [*features, time]
    events : int
        In the recording.
    merged : int
        Of them, those that share feature and step with another.
    cut : int
        Of them, those after the last step.
    """

    spikes: np.ndarray
    events: int
    merged: int
    cut: int


class Recording(Protocol):
    """One sample of a source."""

    def encode(self, grid: Grid) -> Encoded:
        """Spikes on a grid."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Named:
    """A recording, where it came from, and what it shows if that is known."""

    name: str
    recording: Recording
    label: str | None = None


class Source(Protocol):
    """Recordings of one kind."""

    words: str
    """What it is, for a person."""

    def __len__(self) -> int:
        """How many recordings there are."""

    def __iter__(self) -> Iterator[Named]:
        """Read them one after another."""


def require_size(cells: int) -> None:
    """Raise unless an array of so many bytes is worth a try.

    Raises
    ------
    InputError
        It is larger than any memory.
    """
    if cells > MOST_BYTES:
        remedy = "Take fewer samples or steps, or a smaller --shape."
        raise InputError(message("spikes", f"at most {MOST_BYTES} bytes", cells, remedy))


def on_grid(feature: np.ndarray, time_us: np.ndarray, features: int, grid: Grid) -> Encoded:
    """Spikes of events that are numbered by feature.

    Parameters
    ----------
    feature : int array [event]
        In ``[0, features)``.
    time_us : int array [event]
        Microseconds from the beginning, not negative.
    features : int
    grid : Grid

    Returns
    -------
    Encoded
        With spikes uint8 [feature, time].
    """
    step = time_us // grid.step_us
    kept = step < grid.steps
    require_size(features * grid.steps)
    spikes = np.zeros((features, grid.steps), np.uint8)
    spikes[feature[kept], step[kept]] = 1
    count = int(kept.sum())
    return Encoded(
        spikes=spikes,
        events=len(step),
        merged=count - int(spikes.sum(dtype=np.int64)),
        cut=len(step) - count,
    )
