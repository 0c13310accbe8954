"""The Free Spoken Digit Dataset: ten digits, six speakers, fifty takes each, as WAV files.

Takes 0 to 4 are the official test part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.corpora.corpus import Opened
from neurodeploy.signals.corpora.layouts import SPOKEN_DIGITS
from neurodeploy.signals.sound import Hearing
from neurodeploy.signals.sources.files import Files
from neurodeploy.signals.sources.find import Reading
from neurodeploy.signals.sources.sounds import read_wav

TEST_TAKES = 5


@dataclass(frozen=True, kw_only=True)
class SpokenDigits:
    """The recordings as spikes of a simulated ear.

    Parameters
    ----------
    hearing : Hearing
        Sound to spikes.
    """

    hearing: Hearing = field(default_factory=Hearing)
    name: str = field(default="spoken-digits", init=False)

    @property
    def reading(self) -> Reading:
        """By that hearing."""
        return Reading(hearing=self.hearing)

    def open(self, data_dir: Path | str | None) -> Opened:
        """Find the recordings; see `Corpus`."""
        folder = SPOKEN_DIGITS.find(data_dir)
        paths = sorted(folder.glob("*.wav"))
        parts = [path.stem.split("_") for path in paths]
        for path, words in zip(paths, parts, strict=True):
            if len(words) != 3 or not (words[0].isdecimal() and words[2].isdecimal()):
                raise FileFormatError(message(f"sound {path}", "DIGIT_SPEAKER_TAKE.wav", path.name))
        return Opened(
            recordings=Files(
                "sound", paths, lambda path: read_wav(path, self.hearing), repr(self.hearing)
            ),
            test=np.array([int(take) < TEST_TAKES for _, _, take in parts]),
            speakers=[speaker for _, speaker, _ in parts],
        )
