"""Sound to spikes: a bank of gammatone filters, and a code of how loud each band is.

The ear's filters are gammatones whose centres lie evenly on the ERB-rate scale (Glasberg and Moore
1990, Hearing Research 47, 103-138), ``21.4 log10(4.37 f / 1000 + 1)`` for f in hertz; scipy makes
them (Slaney 1993). A band's level is the mean square of its output over a step in decibels under
full scale. `sound_codes` has what turns levels into spikes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import real_number, whole_number
from neurodeploy.signals.sound_codes import Crossings, Loudness

FILTER_S = 0.025
"""Seconds of a filter's impulse response that are computed."""


def erb_rate(hertz: np.ndarray | float) -> np.ndarray:
    """Number of ERBs below a frequency (Glasberg and Moore 1990, equation 4)."""
    return 21.4 * np.log10(4.37e-3 * np.asarray(hertz, np.float64) + 1)


def erb_centres(low_hz: float, high_hz: float, bands: int) -> np.ndarray:
    """Frequencies evenly spaced on the ERB-rate scale, hertz, float64 [band], low ones first."""
    rates = np.linspace(erb_rate(low_hz), erb_rate(high_hz), bands)
    return (10 ** (rates / 21.4) - 1) / 4.37e-3


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """How sound becomes spikes.

    Parameters
    ----------
    bands : int
        Filters.
    low_hz, high_hz : float
        Centres of the first and the last filter.
    code : Crossings or Loudness
        Levels of bands to spikes.
    trim_db : float, optional
        Steps at the beginning that are quieter than the loudest one by more than this are left
        out, as by a voice activity detector before the network; none are, if not given.

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    bands: int = 32
    low_hz: float = 100.0
    high_hz: float = 3600.0
    code: Crossings | Loudness = field(default_factory=Crossings)
    trim_db: float | None = None

    def __post_init__(self) -> None:
        whole_number("Hearing.bands", self.bands, least=1)
        for name in ("low_hz", "high_hz"):
            real_number(f"Hearing.{name}", getattr(self, name))
        if not 0 < self.low_hz <= self.high_hz:
            found = f"{self.low_hz} to {self.high_hz}"
            raise InputError(message("Hearing, low_hz to high_hz", "0 < low_hz <= high_hz", found))
        if self.trim_db is not None and real_number("Hearing.trim_db", self.trim_db) <= 0:
            raise InputError(message("Hearing.trim_db", "more than 0", self.trim_db))

    @property
    def features(self) -> int:
        """Inputs of a network that hears so."""
        return self.code.features(self.bands)

    def levels(self, samples: np.ndarray, rate_hz: int, dt_s: float) -> np.ndarray:
        """Levels of all bands.

        Parameters
        ----------
        samples : float array [sample]
            Sound pressure, full scale -1 to 1.
        rate_hz : int
            Samples a second.
        dt_s : float
            Seconds of a step.

        Returns
        -------
        float64 array [band, step]
            Decibels under full scale, -300 where nothing is; a part of a step at the end is left
            out.

        Raises
        ------
        InputError
            The last band is above half the rate, or a step is shorter than a sample.
        """
        self.require_rate(rate_hz)
        length = round(dt_s * rate_hz)
        if length < 1:
            expected = f"steps of at least {1 / rate_hz:g} s, a sample"
            raise InputError(message("sound", expected, f"{dt_s:g}"))
        taps = max(15, round(FILTER_S * rate_hz))
        from scipy import signal

        bank = np.stack(
            [
                signal.gammatone(centre, "fir", fs=rate_hz, numtaps=taps)[0]
                for centre in erb_centres(self.low_hz, self.high_hz, self.bands)
            ]
        )
        heard = signal.oaconvolve(samples[None].astype(np.float64), bank, axes=1)
        steps = len(samples) // length
        power = np.square(heard[:, : steps * length]).reshape(self.bands, steps, length).mean(-1)
        return _decibels(power[:, self._onset(power.sum(0)) :])

    def require_rate(self, rate_hz: int, where: str = "sound") -> None:
        """Refuse a recording that does not reach the last band.

        Parameters
        ----------
        rate_hz : int
            Samples a second.
        where : str
            The recording, for the message.

        Raises
        ------
        InputError
            The last band is above half the rate.
        """
        if self.high_hz >= rate_hz / 2:
            expected = f"more than {2 * self.high_hz:g} samples a second, for its last band"
            remedy = f"Record it faster, or give Hearing a high_hz below {rate_hz / 2:g}."
            raise InputError(message(where, expected, rate_hz, remedy))

    def _onset(self, power: np.ndarray) -> int:
        """The first step [step] that is not left out."""
        if self.trim_db is None or not power.size:
            return 0
        return int(np.argmax(_decibels(power) >= _decibels(power.max()) - self.trim_db))


def _decibels(power: np.ndarray) -> np.ndarray:
    decibels: np.ndarray = 10 * np.log10(np.maximum(power, 1e-30))
    return decibels
