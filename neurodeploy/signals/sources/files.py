"""Files of one recording each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from neurodeploy._io.digest import digest_files
from neurodeploy.signals.recordings import Recording

MNIST_DVS = re.compile(r"mnist_(\d)_scale\d+_\d+", re.IGNORECASE)
"""Files of MNIST-DVS (Serrano-Gotarredona et al. 2015), in ``grabbed_data3/scale4`` of digit 3."""

PARTS = ("train", "validation", "test")
"""Folders of these names, in whatever case, are parts of a set and no labels."""


class Files:
    """Files of one recording each, labelled by their folder or by their name.

    The label is what MNIST-DVS has in its names, else the folder's name where the files lie in
    several folders, else what their name has before the first ``_``, if it has one.

    Parameters
    ----------
    words : str
        What they are, for a person.
    paths : sequence of Path
        In order.
    read : callable
        Reads one of them.
    read_as : str
        All that the reading depends on, beside the files.
    """

    def __init__(
        self, words: str, paths: Sequence[Path], read: Callable[[Path], Recording], read_as: str
    ) -> None:
        self.words = words
        self.names = [path.name for path in paths]
        self.paths, self._read, self._read_as = paths, read, read_as
        parents = {path.parent for path in paths}
        by_folder = len(parents) > 1 and any(each.name.lower() not in PARTS for each in parents)
        self.labels = [_label(path, by_folder) for path in paths]

    @cached_property
    def identity(self) -> str:
        """Digest of the files, and of how they are read."""
        return digest_files(self.paths, self.words, self._read_as)

    def read(self, indices: Sequence[int]) -> Iterator[Recording]:
        """Read some files, one after another."""
        for index in indices:
            yield self._read(self.paths[index])


def _label(path: Path, by_folder: bool) -> str | None:
    digit = MNIST_DVS.fullmatch(path.stem)
    if digit:
        return digit[1]
    label, underscore, _ = path.stem.partition("_")
    if by_folder:
        return path.parent.name
    return label if underscore else None
