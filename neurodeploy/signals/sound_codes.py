"""How the levels of bands become spikes: by level crossings, or by how loud each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import real_number
from neurodeploy.signals.crossings import level_crossings

DEAD_DB = -150.0
"""Under full scale: no recorder's noise is below it, so a recording without more is silent."""

MAX_THRESHOLDS = 1000
"""Of a band: finer than any ear, and still no burden on memory."""


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Two features a band, up and down: few spikes, which say what changes.

    Parameters
    ----------
    delta_db : float
        Decibels that a level must move for a spike.
    floor_db : float
        Levels below it count as it: silence. Before a recording every level is there.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    delta_db: float = 3.0
    floor_db: float = -80.0

    def __post_init__(self) -> None:
        delta, floor = (
            real_number(f"Crossings.{name}", getattr(self, name))
            for name in ("delta_db", "floor_db")
        )
        if delta <= 0 or floor >= 0:
            found = f"delta {delta:g}, floor {floor:g}"
            raise InputError(message("Crossings", "delta_db above 0, floor_db below", found))

    def features(self, bands: int) -> int:
        """Inputs of a network: all bands up, then all bands down."""
        return 2 * bands

    def spikes(self, levels: np.ndarray) -> np.ndarray:
        """Spikes uint8 [up or down of each band, step] of levels float [band, step] in decibels."""
        delta, told = (np.full(len(levels), number) for number in (self.delta_db, self.floor_db))
        return level_crossings(np.maximum(levels, self.floor_db), delta, told)


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """A feature for each of several thresholds of each band: spikes at all steps above it.

    Thresholds lie under the loudest band and step of the recording, so that its volume changes
    nothing; the whole of it must be there. There are several times as many spikes as crossings.

    Parameters
    ----------
    range_db : float
        What is further below the loudest is silence.
    step_db : float
        From one threshold to the next; the first is so much above silence.

    Raises
    ------
    InputError
        A parameter is out of bounds, no threshold lies in the range, or more than `MAX_THRESHOLDS`.
    """

    range_db: float = 60.0
    step_db: float = 10.0

    def __post_init__(self) -> None:
        full, step = (
            real_number(f"Loudness.{name}", getattr(self, name)) for name in ("range_db", "step_db")
        )
        if not 0 < step < full:
            found = f"step {step:g}, range {full:g}"
            raise InputError(message("Loudness", "0 < step_db < range_db", found))
        if full > MAX_THRESHOLDS * step:
            expected = f"step_db of at least {full / MAX_THRESHOLDS:g}, {MAX_THRESHOLDS} thresholds"
            raise InputError(message("Loudness", expected, f"{step:g}"))

    @property
    def thresholds_db(self) -> np.ndarray:
        """Decibels above silence, float64 [threshold], low ones first."""
        return np.arange(self.step_db, self.range_db, self.step_db)

    def features(self, bands: int) -> int:
        """Inputs of a network: all bands at the lowest threshold first."""
        return len(self.thresholds_db) * bands

    def spikes(self, levels: np.ndarray) -> np.ndarray:
        """Spikes uint8 [band at each threshold, step] of levels float [band, step] in decibels."""
        loudest = levels.max(initial=DEAD_DB)
        return self.above((levels - loudest + self.range_db)[None])[0]

    def above(self, heard: np.ndarray) -> np.ndarray:
        """The same of decibels above silence, float [sample, band, step]."""
        samples, bands, steps = heard.shape
        over = heard[:, None] >= self.thresholds_db[:, None, None]
        return over.reshape(samples, self.features(bands), steps).astype(np.uint8)

    def heard(self, spikes: np.ndarray) -> np.ndarray:
        """Decibels above silence, float32 [sample, band, step], as well as spikes tell them.

        That is half a step above the highest threshold that is passed.

        Parameters
        ----------
        spikes : uint8 array [sample, band at each threshold, step]
        """
        samples, features, steps = spikes.shape
        thresholds = len(self.thresholds_db)
        passed = spikes.reshape(samples, thresholds, features // thresholds, steps).sum(1)
        middle = (passed + 0.5) * np.float32(self.step_db)
        return np.where(passed > 0, middle, np.float32(0)).astype(np.float32)
