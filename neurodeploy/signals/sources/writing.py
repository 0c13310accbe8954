"""Recordings to one file of spikes, a recording at a time."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.arrays import save_array
from neurodeploy._io.files import atomic_path
from neurodeploy.errors import InputError, message
from neurodeploy.signals.recordings import Grid, Recordings, encoded, require_size
from neurodeploy.signals.sources.find import options_of


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of a source.

    Parameters
    ----------
    output : str
        The file.
    source : str
        What it was, in words.
    shape : tuple of int
        Of the array, [sample, *features, time].
    dt_s : float or None
        Seconds of a step.
    spikes : int
        In all samples.
    events : int
        In all recordings.
    merged, cut : int
        Events that share a spike with another one, and events after the last step.
    steps_of_all : int
        So many steps would hold every event.
    shape_guessed : bool
        Nobody said the features; they are as many as the events need.
    labels : tuple of str
        Of the samples, if all have one.
    """

    output: str
    source: str
    shape: tuple[int, ...]
    dt_s: float | None
    spikes: int
    events: int
    merged: int
    cut: int
    steps_of_all: int
    shape_guessed: bool
    labels: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """What a person wants to know of it."""
        said = (
            f"{self.source}, {list(self.shape)}, {self.spikes:,} spikes of {self.events:,} events"
        )
        if not self.spikes:
            said += f": nothing spiked, look at {', '.join(options_of(self.source))}"
        elif self.steps_of_all == 1 < self.shape[-1] and self.spikes > self.shape[0]:
            said += f", all in the first step, look at {', '.join(options_of(self.source)[:2])}"
        if self.merged:
            said += f", {self.merged:,} merged into one with another"
        if self.cut:
            said += f", {self.cut:,} after the last step; --steps {self.steps_of_all} holds all"
        if self.shape_guessed:
            shape = ",".join(map(str, self.shape[1:-1]))
            said += f"; shape {shape} taken from the largest x and y, --shape gives it"
        return said


def write_spikes(
    source: Recordings,
    grid: Grid,
    output: Path,
    *,
    labels: Path | None = None,
    samples: int | None = None,
) -> Written:
    """Write spikes uint8 [sample, *features, time], whole or not at all.

    Parameters
    ----------
    source : Recordings
        Recordings of the same features.
    grid : Grid
        Time steps.
    output : path
    labels : path, optional
        Where labels go: int64 if all are whole numbers, else text.
    samples : int, optional
        The first so many.

    Raises
    ------
    InputError
        A file cannot be written, or labels are asked for and unknown.
    FileFormatError
        A recording is damaged, or has other features than the first.
    """
    count = min(len(source.names), samples or len(source.names))
    if not count:
        raise InputError(message("source", "at least one recording", "none"))
    known = [label for label in source.labels[:count] if label is not None]
    if labels is not None and len(known) < count:
        expected = "a label for each recording, by folder or name"
        raise InputError(message("option --labels", expected, f"{len(known)} of {count}"))
    totals, steps, guessed = np.zeros(4, np.int64), 0, False
    with atomic_path(output) as draft:
        array = None
        for place, made in enumerate(encoded(source, range(count), grid)):
            if array is None:
                shape = (count, *made.spikes.shape)
                array = _opened(draft, shape)
            array[place] = made.spikes
            totals += (int(made.spikes.sum(dtype=np.int64)), made.events, made.merged, made.cut)
            steps, guessed = max(steps, made.steps), made.guessed
        assert array is not None
        array.flush()
        if labels is not None:
            save_array(labels, as_array(known))
    spikes, events, merged, cut = totals.tolist()
    return Written(
        output=str(output),
        source=source.words,
        shape=shape,
        dt_s=grid.dt_s,
        spikes=spikes,
        events=events,
        merged=merged,
        cut=cut,
        steps_of_all=steps,
        shape_guessed=guessed,
        labels=tuple(known) if len(known) == count else (),
    )


def _opened(path: Path, shape: tuple[int, ...]) -> Any:
    size, free = math.prod(shape), shutil.disk_usage(path.parent).free
    require_size(size)
    if size > free:
        remedy = "Take fewer samples or steps, or a smaller --shape."
        where = f"output in {path.parent}"
        raise InputError(message(where, f"at most {free} bytes, which are free", size, remedy))
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def as_array(labels: Sequence[str]) -> np.ndarray:
    """Labels as int64 if all are whole numbers, else as text."""
    whole = all(label.lstrip("-").isdecimal() for label in labels)
    return np.array(labels, np.int64) if whole else np.array(labels)
