"""Signals that were sampled channel by channel, in CSV files: sensors of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.crossings import level_crossings
from neurodeploy.signals.recordings import Encoded, Grid
from neurodeploy.signals.sources.camera import NAMES, times_us
from neurodeploy.signals.sources.tables import read_columns
from neurodeploy.signals.sources.units import ZERO


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One recording.

    Parameters
    ----------
    values : float array [channel, sample]
    time_us : int array [sample]
        Microseconds since time 0, in any order.
    delta : float array [channel]
        How far a channel moves for a spike.
    """

    values: np.ndarray
    time_us: np.ndarray
    delta: np.ndarray

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [up or down of each channel, time].

        The level of a step is the mean of its samples, and without any that of the step before.
        The first level is known without a spike. What `Encoded` counts are samples.
        """
        step = self.time_us // grid.step_us
        inside = step < grid.steps
        counts = np.bincount(step[inside], minlength=grid.steps)
        sums = [np.bincount(step[inside], each[inside], grid.steps) for each in self.values]
        heard, spikes = np.flatnonzero(counts), np.zeros((2 * len(sums), grid.steps), np.uint8)
        if heard.size:
            means = np.stack(sums)[:, heard] / counts[heard]
            latest = np.searchsorted(heard, np.arange(grid.steps), "right") - 1
            levels = means[:, np.maximum(latest, 0)]
            spikes = level_crossings(levels, self.delta, levels[:, 0])
        cut = int(np.count_nonzero(~inside))
        return Encoded(
            spikes=spikes, events=len(step), merged=0, cut=cut, steps=int(step.max()) + 1
        )


def read_series(
    path: Path, delta: Sequence[float], time_unit: str | None = None, start: str = ZERO
) -> Series:
    """Samples of a CSV file with a header: a column of times, and one for each channel.

    Parameters
    ----------
    path : path
    delta : sequence of float
        In units of the channels, one for each or one for all.
    time_unit : str
        Of the times.
    start : str
        What becomes time 0.

    Raises
    ------
    FileFormatError
        It has no header, no times, no samples, or others than numbers.
    InputError
        The unit is missing, or the deltas are not as many as the channels.
    """
    where = f"samples {path}"
    columns = read_columns(path, where)
    named = [name for name in columns if name.strip().lower() in NAMES["t"]]
    channels = [name for name in columns if name not in named]
    if len(named) != 1 or not channels:
        expected = f"one column of times ({', '.join(NAMES['t'])}) and a column a channel"
        raise FileFormatError(message(where, expected, ", ".join(columns)))
    if len(delta) not in (1, len(channels)):
        expected = f"one for all or for each of {len(channels)} channels: {', '.join(channels)}"
        raise InputError(message("option --delta", expected, f"{len(delta)} of them"))
    values = np.stack([columns[name] for name in channels])
    if not values.size or not np.isfinite(values).all():
        found = "NaN or infinity" if values.size else "no sample"
        raise FileFormatError(message(where, "finite numbers", found))
    return Series(
        values=values,
        time_us=times_us(where, columns[named[0]], time_unit, start),
        delta=np.broadcast_to(np.asarray(delta, np.float64), len(channels)),
    )
