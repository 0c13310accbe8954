"""Spike trains in HDF5: the Spiking Heidelberg Digits and Speech Commands (Cramer et al. 2020).

``spikes/times`` has seconds, ``spikes/units`` which of 700 channels, ``labels`` a number a
recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.sources.base import MICROSECONDS, Encoded, Grid, Named, on_grid

CHANNELS = 700
FIELDS = ("spikes/times", "spikes/units", "labels")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trains:
    """Spikes of one recording: channels int [event], seconds float [event]."""

    units: np.ndarray
    times_s: np.ndarray

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [channel, time]."""
        time_us = np.floor(self.times_s.astype(np.float64) * MICROSECONDS + 1e-6).astype(np.int64)
        return on_grid(self.units.astype(np.int64), time_us, CHANNELS, grid)


class SpikeTrains:
    """All recordings of a file."""

    words = "spike trains of 700 channels"

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            missing = [name for name in FIELDS if not isinstance(file.get(name), h5py.Dataset)]
            if missing:
                expected = f"{', '.join(FIELDS)}, as SHD and SSC have them"
                raise FileFormatError(message(f"spikes {path}", expected, f"no {missing[0]}"))
            lengths = {file[name].shape for name in FIELDS}
            if len(lengths) > 1 or len(next(iter(lengths))) != 1:
                raise FileFormatError(message(f"spikes {path}", "one axis of recordings", lengths))
            self._count = next(iter(lengths))[0]

    def __len__(self) -> int:
        return int(self._count)

    def __iter__(self) -> Iterator[Named]:
        with self._open() as file:
            times, units, labels = (file[name] for name in FIELDS)
            for place in range(len(self)):
                yield Named(
                    name=f"{self._path.name}[{place}]",
                    recording=self._trains(place, units[place], times[place]),
                    label=str(labels[place]),
                )

    def _trains(self, place: int, units: object, times: object) -> Trains:
        unit, time = np.asarray(units), np.asarray(times)
        where = f"spikes {self._path}, recording {place}"
        if unit.ndim != 1 or unit.shape != time.shape or unit.dtype.kind not in "iu":
            raise FileFormatError(message(where, "a channel for each time", unit.shape))
        if unit.size and not 0 <= unit.min() <= unit.max() < CHANNELS:
            raise FileFormatError(message(where, f"channels 0 to {CHANNELS - 1}", unit.max()))
        if not (np.isfinite(time).all() and (time >= 0).all()):
            raise FileFormatError(message(where, "seconds, 0 or more", "others"))
        return Trains(units=unit, times_s=time)

    def _open(self) -> h5py.File:
        try:
            return h5py.File(self._path, "r")
        except OSError as error:
            expected = "a whole HDF5 file"
            raise FileFormatError(message(f"spikes {self._path}", expected, error)) from error
