"""Random changes of a voice, so that a training on few speakers serves for others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import not_negative, real_number, whole_number
from neurodeploy.signals.sound_codes import Loudness

SILENT_DB = 0.5
"""What is not above it stays silent however loud the rest becomes."""


@dataclass(frozen=True, kw_only=True)
class Voices:
    """Changes that another speaker would make to what `Loudness` says of a recording.

    The levels are read from the spikes, moved along bands and steps by linear interpolation, made
    louder or softer, and told again: as a vocal tract of another length (Jaitly and Hinton 2013),
    another tempo (Ko et al. 2015) and masked bands (SpecAugment, Park et al. 2019) would.

    Parameters
    ----------
    code : Loudness
        That of the `Hearing`.
    stretch : float
        Largest relative change of the tempo, in [0, 1).
    warp : float
        Largest relative change of the bands' distance from the middle one, in [0, 1).
    shift : float
        Largest shift along the bands, as a share of half of them, in [0, 1).
    later : float
        Largest shift in time, earlier or later, as a share of half of the steps, in [0, 1).
    tilt_db, volume_db, noise_db : float
        Standard deviations: of a gain that grows from its negative at the lowest band to itself at
        the highest, of the volume, and of each level.
    masked_bands : int
        Most bands, next to each other, that are silent.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    code: Loudness = field(default_factory=Loudness)
    stretch: float = 0.0
    warp: float = 0.0
    shift: float = 0.0
    later: float = 0.0
    tilt_db: float = 0.0
    volume_db: float = 0.0
    noise_db: float = 0.0
    masked_bands: int = 0

    def __post_init__(self) -> None:
        for name in ("stretch", "warp", "shift", "later"):
            if not 0 <= real_number(f"Voices.{name}", getattr(self, name)) < 1:
                raise InputError(message(f"Voices.{name}", "in [0, 1)", getattr(self, name)))
        for name in ("tilt_db", "volume_db", "noise_db"):
            not_negative(f"Voices.{name}", getattr(self, name))
        whole_number("Voices.masked_bands", self.masked_bands, least=0)

    def __call__(self, spikes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Spikes uint8 [sample, band at each threshold, step], changed.

        Parameters
        ----------
        spikes : uint8 array [sample, band at each threshold, step]
        rng : numpy.random.Generator
            Source of the changes; it is advanced.
        """
        heard = self._moved(self.code.heard(spikes), rng)
        samples, bands, _ = heard.shape
        gains = [
            self.tilt_db
            * np.linspace(-1, 1, bands)[:, None]
            * rng.standard_normal((samples, 1, 1)),
            self.volume_db * rng.standard_normal((samples, 1, 1)),
            self.noise_db * rng.standard_normal(heard.shape, np.float32),
        ]
        heard += sum(gains) * (heard > SILENT_DB)
        first = rng.integers(0, bands, (samples, 1, 1))
        behind = first + rng.integers(0, self.masked_bands + 1, (samples, 1, 1))
        band = np.arange(bands)[:, None]
        heard[np.broadcast_to((first <= band) & (band < behind), heard.shape)] = 0
        return self.code.above(heard)

    def _moved(self, heard: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Levels [sample, band, step] at other bands and steps; silence comes in."""
        from scipy.ndimage import map_coordinates

        samples, bands, steps = heard.shape

        def drawn(most: float) -> np.ndarray:
            return rng.uniform(-most, most, (samples, 1, 1))

        middle = (bands - 1) / 2
        band, step = np.mgrid[:bands, :steps]
        bands_from = (
            (band - middle) * (1 + drawn(self.warp)) + middle + drawn(self.shift) * bands / 2
        )
        steps_from = step / (1 + drawn(self.stretch)) + drawn(self.later) * steps / 2
        sample = np.broadcast_to(np.arange(samples)[:, None, None], heard.shape)
        places = [sample, bands_from, steps_from]
        moved: np.ndarray = map_coordinates(heard, places, order=1, mode="constant")
        return moved
