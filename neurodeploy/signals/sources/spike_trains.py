"""Spike trains in HDF5: the Spiking Heidelberg Digits and Speech Commands (Cramer et al. 2020).

``spikes/times`` has seconds, ``spikes/units`` which of 700 channels, ``labels`` a number a
recording, and ``extra/speaker``, where it is there, who spoke.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from neurodeploy._io.digest import digest_files
from neurodeploy._io.hdf5 import Group, Node, Rows, read_hdf5
from neurodeploy._io.limits import Limits
from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.recordings import MICROSECONDS, MOST_BYTES, Encoded, Grid, on_grid

CHANNELS = 700
LIMITS = Limits(memory_bytes=MOST_BYTES, seconds=60.0)
"""A whole set is a few GiB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trains:
    """Spikes of one recording: channels int [event], seconds float [event]."""

    units: np.ndarray
    times_s: np.ndarray

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [channel, time]."""
        time_us = np.floor(self.times_s.astype(np.float64) * MICROSECONDS + 1e-6).astype(np.int64)
        return on_grid(self.units.astype(np.int64), time_us, (CHANNELS,), grid)


class SpikeTrains:
    """All recordings of a file.

    Raises
    ------
    FileFormatError
        It is damaged, or is not as SHD and SSC are.
    """

    words = "spike trains of 700 channels"

    def __init__(self, path: Path) -> None:
        self._path, where = path, f"spikes {path}"
        root = read_hdf5(path, "spikes", LIMITS)
        self._times, self._units = (_rows(root, name, where) for name in ("times", "units"))
        labels = root.fields.get("labels")
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
            raise FileFormatError(message(f"{where}, labels", "whole numbers", _named(labels)))
        shapes = {labels.shape, (len(self._times),), (len(self._units),)}
        if len(shapes) > 1 or not np.array_equal(self._times.ends, self._units.ends):
            expected = "a label for each recording, a channel for each time"
            raise FileFormatError(message(where, expected, "others"))
        _check(self._times, self._units, where)
        self.names = [f"{path.name}[{place}]" for place in range(len(labels))]
        self.labels = [str(label) for label in labels.tolist()]
        extra = root.fields.get("extra")
        said = extra.fields.get("speaker") if isinstance(extra, Group) else None
        self.speakers: list[str | None] = [None] * len(self.names)
        if isinstance(said, np.ndarray) and said.shape == labels.shape:
            self.speakers = [str(speaker) for speaker in said.tolist()]

    @cached_property
    def identity(self) -> str:
        """Digest of the file."""
        return digest_files([self._path], self.words)

    def read(self, indices: Sequence[int]) -> Iterator[Trains]:
        """Some recordings, one after another."""
        for index in indices:
            yield Trains(units=self._units[index], times_s=self._times[index])


def _rows(root: Group, name: str, where: str) -> Rows:
    spikes = root.fields.get("spikes")
    found = spikes.fields.get(name) if isinstance(spikes, Group) else None
    if not isinstance(found, Rows):
        expected = "rows of numbers, as SHD and SSC have them"
        raise FileFormatError(message(f"{where}, spikes/{name}", expected, _named(found)))
    return found


def _check(times: Rows, units: Rows, where: str) -> None:
    if units.values.dtype.kind not in "iu" or times.values.dtype.kind != "f":
        found = f"{units.values.dtype} and {times.values.dtype}"
        raise FileFormatError(message(where, "whole channels and times in seconds", found))
    for rows, expected, right in (
        (units, f"channels 0 to {CHANNELS - 1}", (units.values >= 0) & (units.values < CHANNELS)),
        (times, "seconds, 0 or more", np.isfinite(times.values) & (times.values >= 0)),
    ):
        if not right.all():
            wrong = int(np.argmin(right))
            place = int(np.searchsorted(rows.ends, wrong, side="right"))
            inside = f"{where}, recording {place}"
            raise FileFormatError(message(inside, expected, rows.values[wrong]))


def _named(found: Node | None) -> str:
    if found is None:
        return "no such field"
    return str(found) if not isinstance(found, np.ndarray) else f"{found.dtype} {found.shape}"
