"""WAV files, read by scipy."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.recordings import MICROSECONDS, Encoded, Grid
from neurodeploy.signals.sound import Hearing

UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    ZeroDivisionError,
    UnboundLocalError,  # of chunks that are missing
    MemoryError,
    struct.error,
    UserWarning,  # scipy's own, where one is made an error
)
"""What scipy raises for a damaged file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound:
    """One recording: pressure float64 [sample], full scale -1 to 1, channels averaged."""

    samples: np.ndarray
    rate_hz: int
    hearing: Hearing

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [feature, time]; silence behind a short recording."""
        levels = self.hearing.levels(self.samples, self.rate_hz, grid.step_us / MICROSECONDS)
        sent = self.hearing.code.spikes(levels)
        spikes = np.zeros((len(sent), grid.steps), np.uint8)
        kept = sent[:, : grid.steps]
        spikes[:, : kept.shape[1]] = kept
        total = int(sent.sum())
        return Encoded(
            spikes=spikes,
            events=total,
            merged=0,
            cut=total - int(kept.sum()),
            steps=int(np.flatnonzero(sent.any(0)).max(initial=-1)) + 1,
        )


def read_wav(path: Path, hearing: Hearing) -> Sound:
    """Read one file.

    Raises
    ------
    FileFormatError
        It is damaged or empty.
    InputError
        It does not reach the last band.
    """
    from scipy.io import wavfile

    where = f"sound {path}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks that are no sound
            warnings.filterwarnings("error", "Reached EOF prematurely")
            rate, samples = wavfile.read(path)
    except UNREADABLE as error:
        raise FileFormatError(message(where, "a whole WAV file", error)) from error
    if not samples.size or rate < 1:
        raise FileFormatError(message(where, "sound", f"{samples.size} samples at {rate} Hz"))
    hearing.require_rate(rate, where)
    if samples.dtype.kind == "f":
        pressure = samples.astype(np.float64)
    elif samples.dtype == np.uint8:
        pressure = (samples.astype(np.float64) - 128) / 128
    else:
        pressure = samples / -float(np.iinfo(samples.dtype).min)
    if not np.isfinite(pressure).all():
        raise FileFormatError(message(where, "finite numbers", "NaN or infinity"))
    if pressure.ndim > 1:
        pressure = pressure.mean(1)
    return Sound(samples=pressure, rate_hz=int(rate), hearing=hearing)
