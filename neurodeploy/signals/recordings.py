"""Recordings of any signal behind one interface; each becomes spikes on a grid of steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message

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
    steps : int
        That hold all of them.
    guessed : bool
        The features are as many as the events need, for nobody said how many there are.
    """

    spikes: np.ndarray
    events: int
    merged: int
    cut: int
    steps: int
    guessed: bool = False


class Recording(Protocol):
    """One sample of a signal."""

    def encode(self, grid: Grid) -> Encoded:
        """Spikes on a grid."""


class Recordings(Protocol):
    """Recordings of one kind; each depends on its place alone."""

    @property
    def words(self) -> str:
        """What they are, for a person."""

    @property
    def names(self) -> Sequence[str]:
        """Where each came from."""

    @property
    def labels(self) -> Sequence[str | None]:
        """What each shows, where that is known."""

    @property
    def identity(self) -> str:
        """Digest of all that the recordings are made of, and of how they are read."""

    def read(self, indices: Sequence[int]) -> Iterator[Recording]:
        """Read some of them, one after another."""


def binned(recordings: Recordings, indices: Sequence[int], grid: Grid) -> np.ndarray:
    """Spikes of some recordings, uint8 [sample, *features, time].

    Raises
    ------
    FileFormatError
        A recording is damaged, or has other features than the first.
    InputError
        There are none, or more than any memory holds.
    """
    spikes: np.ndarray | None = None
    for place, made in enumerate(encoded(recordings, indices, grid)):
        if spikes is None:
            shape = (len(indices), *made.spikes.shape)
            require_size(math.prod(shape))
            spikes = np.empty(shape, np.uint8)
        spikes[place] = made.spikes
    if spikes is None:
        raise InputError(message(recordings.words, "at least one recording", "none"))
    return spikes


def encoded(recordings: Recordings, indices: Sequence[int], grid: Grid) -> Iterator[Encoded]:
    """Some recordings on a grid, one after another, all of the same features.

    Raises
    ------
    FileFormatError
        As `binned`.
    """
    shape: tuple[int, ...] | None = None
    for index, recording in zip(indices, recordings.read(indices), strict=True):
        made = recording.encode(grid)
        shape = shape or made.spikes.shape
        if made.spikes.shape != shape:
            wanted, other = list(shape[:-1]), list(made.spikes.shape[:-1])
            remedy = "Give the size of the sensor with --shape C,H,W."
            name = recordings.names[index]
            raise FileFormatError(message(name, f"features {wanted}", other, remedy))
        yield made


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


def on_grid(
    feature: np.ndarray, time_us: np.ndarray, features: tuple[int, ...], grid: Grid
) -> Encoded:
    """Spikes of events that are numbered by feature.

    Parameters
    ----------
    feature : int array [event]
        Place in an array of the features.
    time_us : int array [event]
        Microseconds from the beginning, not negative.
    features : tuple of int
    grid : Grid

    Returns
    -------
    Encoded
        With spikes uint8 [*features, time].
    """
    step = time_us // grid.step_us
    kept = step < grid.steps
    require_size(math.prod(features) * grid.steps)
    spikes = np.zeros((math.prod(features), grid.steps), np.uint8)
    spikes[feature[kept], step[kept]] = 1
    count = int(kept.sum())
    return Encoded(
        spikes=spikes.reshape(*features, grid.steps),
        events=len(step),
        merged=count - int(spikes.sum(dtype=np.int64)),
        cut=len(step) - count,
        steps=int(step.max(initial=-1)) + 1,
    )
