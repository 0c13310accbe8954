"""N-MNIST: MNIST as an event camera saw it, which moved in three saccades."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurodeploy.signals.corpora.corpus import Opened
from neurodeploy.signals.corpora.layouts import N_MNIST
from neurodeploy.signals.sources.files import Files
from neurodeploy.signals.sources.find import Reading
from neurodeploy.signals.sources.nmnist import SHAPE, read_nmnist


@dataclass(frozen=True, kw_only=True)
class NMnist:
    """The recordings of the folders ``Train`` and ``Test``."""

    name: str = field(default="nmnist", init=False)

    @property
    def reading(self) -> Reading:
        """As the files are."""
        return Reading(shape=SHAPE)

    def open(self, data_dir: Path | str | None) -> Opened:
        """Find the recordings; see `Corpus`."""
        folder = N_MNIST.find(data_dir)
        parts = [sorted((folder / part).glob("*/*.bin")) for part in ("Train", "Test")]
        paths = [path for part in parts for path in part]
        test = np.repeat([False, True], [len(part) for part in parts])
        return Opened(recordings=Files("N-MNIST events", paths, read_nmnist, ""), test=test)
