"""The Spiking Heidelberg Digits (Cramer et al. 2020): spike trains of a model of the ear.

Twenty spoken digits, English and German; two of the twelve speakers are in the test part only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurodeploy.signals.corpora.corpus import Joined, Opened
from neurodeploy.signals.corpora.layouts import SPIKING_DIGITS
from neurodeploy.signals.sources.find import Reading
from neurodeploy.signals.sources.spike_trains import SpikeTrains


@dataclass(frozen=True, kw_only=True)
class SpikingDigits:
    """The recordings of ``shd_train.h5`` and ``shd_test.h5``."""

    name: str = field(default="shd", init=False)

    @property
    def reading(self) -> Reading:
        """As the files are."""
        return Reading()

    def open(self, data_dir: Path | str | None) -> Opened:
        """Find the recordings; see `Corpus`."""
        folder = SPIKING_DIGITS.find(data_dir)
        train, test = (SpikeTrains(folder / f"shd_{part}.h5") for part in ("train", "test"))
        return Opened(
            recordings=Joined(train, test),
            test=np.repeat([False, True], [len(train.names), len(test.names)]),
            speakers=[*train.speakers, *test.speakers],
        )
