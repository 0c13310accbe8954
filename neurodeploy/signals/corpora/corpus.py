"""What every corpus gives: all of its recordings, which of them are for the test, and who spoke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from neurodeploy._io.digest import digest
from neurodeploy.signals.recordings import Recording, Recordings
from neurodeploy.signals.sources.find import Reading


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A corpus that was found.

    Parameters
    ----------
    recordings : Recordings
        All of them.
    test : bool array [recording], optional
        Those of the official test part, None where there is none.
    speakers : sequence of str [recording], optional
        Who is heard.
    """

    recordings: Recordings
    test: np.ndarray | None = None
    speakers: Sequence[str | None] | None = None


class Corpus(Protocol):
    """A set of labelled recordings in a person's folder; its ``repr`` says how it is read."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def reading(self) -> Reading:
        """How its files are read."""

    def open(self, data_dir: Path | str | None) -> Opened:
        """Find it in a folder, or in that of the environment variable.

        Raises
        ------
        InputError
            It is not there.
        FileFormatError
            A file is damaged.
        """


class Joined:
    """Recordings of several sources behind each other."""

    def __init__(self, *parts: Recordings) -> None:
        self._parts = parts
        self.words = parts[0].words
        self.names = [name for part in parts for name in part.names]
        self.labels = [label for part in parts for label in part.labels]
        self._places = [(part, i) for part in parts for i in range(len(part.names))]

    @cached_property
    def identity(self) -> str:
        """Digest of those of the parts."""
        return digest(" ".join(part.identity for part in self._parts).encode())

    def read(self, indices: Sequence[int]) -> Iterator[Recording]:
        """Read some of them, one after another."""
        for index in indices:
            part, place = self._places[index]
            yield from part.read([place])
