"""Spikes of many recordings, eight steps a byte, made once and kept by content in the cache.

The name of a file in the cache is a digest of the recordings' files, of how they are read, and of
the grid. What is there can be deleted at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neurodeploy._io.arrays import UNREADABLE
from neurodeploy._io.digest import digest
from neurodeploy._io.files import atomic_path, cache_folder
from neurodeploy.errors import InputError, message
from neurodeploy.signals.recordings import Grid, Recordings, encoded, require_size

FORMAT = 1
"""Of the files; it rises when the same recordings would give other spikes."""

DIGESTED_AT_ONCE = 1 << 26
"""Bytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedSpikes:
    """Some samples of spikes, which may lie on disk until they are asked for.

    Parameters
    ----------
    bits : uint8 array [recording, *features, byte]
        The first step of a byte in its highest bit.
    steps : int
        Of a sample.
    places : int64 array [sample]
        Which recordings.
    """

    bits: np.ndarray
    steps: int
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, picked: np.ndarray) -> np.ndarray:
        """Spikes uint8 [picked, *features, time]."""
        return np.unpackbits(self.bits[self.places[picked]], axis=-1, count=self.steps)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all samples, [sample, *features, time]."""
        return (len(self), *self.bits.shape[1:-1], self.steps)

    def at(self, samples: np.ndarray) -> PackedSpikes:
        """Some of the samples."""
        return replace(self, places=self.places[samples])

    def digest(self) -> str:
        """Of all samples."""
        at_once = max(1, DIGESTED_AT_ONCE // max(1, self.bits[:1].nbytes))
        starts = range(0, len(self), at_once)
        parts = [digest(self.bits[self.places[start : start + at_once]]) for start in starts]
        return digest("".join(parts).encode(), f"{self.places.shape}".encode())


def pack(recordings: Recordings, grid: Grid) -> PackedSpikes:
    """Spikes of all recordings, from the cache if they were made before.

    Raises
    ------
    FileFormatError
        A recording is damaged, or has other features than the first.
    InputError
        There are none, or more than any memory holds.
    """
    count, folder = len(recordings.names), cache_folder()
    if not count:
        raise InputError(message(recordings.words, "at least one recording", "none"))
    places = np.arange(count)
    if folder is None:
        return PackedSpikes(bits=_bits(recordings, grid), steps=grid.steps, places=places)
    name = digest(f"{FORMAT} {recordings.identity} {grid.steps} {grid.dt_s}".encode())
    path = folder / f"spikes-{name}.npy"
    bits = _kept(path, count, grid)
    if bits is None:
        bits = _bits(recordings, grid)
        _keep(path, bits)
    return PackedSpikes(bits=bits, steps=grid.steps, places=places)


def _bits(recordings: Recordings, grid: Grid) -> np.ndarray:
    count = len(recordings.names)
    bits: np.ndarray | None = None
    for place, made in enumerate(encoded(recordings, range(count), grid)):
        row = np.packbits(made.spikes, axis=-1)
        if bits is None:
            require_size(count * row.nbytes)
            bits = np.empty((count, *row.shape), np.uint8)
        bits[place] = row
    assert bits is not None
    return bits


def _kept(path: Path, count: int, grid: Grid) -> np.ndarray | None:
    """What is in the cache, or None where it is not there or not whole."""
    try:
        bits = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE:
        return None
    whole = (
        isinstance(bits, np.ndarray)
        and bits.dtype == np.uint8
        and bits.ndim > 2
        and len(bits) == count
    )
    return bits if whole and bits.shape[-1] == -(-grid.steps // 8) else None


def _keep(path: Path, bits: np.ndarray) -> None:
    """Put spikes into the cache, if it can be written."""
    try:
        with atomic_path(path) as draft, draft.open("wb") as file:
            np.save(file, bits, allow_pickle=False)
    except (InputError, OSError):
        return
