"""A person's own labelled recordings, in any format that `neurodeploy encode` reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.corpora.corpus import Opened
from neurodeploy.signals.corpora.layouts import REMEDY, data_folder
from neurodeploy.signals.sources.find import Reading, open_folder


@dataclass(frozen=True, kw_only=True)
class OwnRecordings:
    """Files of one recording each, labelled by their folder, or by what stands before a ``_``.

    Where the folder has folders ``train`` and ``test``, these are the parts; else the task draws
    its test part.

    Parameters
    ----------
    name : str
        What reports call them.
    reading : Reading
        What the files do not say themselves.
    """

    name: str
    reading: Reading = field(default_factory=Reading)

    def open(self, data_dir: Path | str | None) -> Opened:
        """Find the recordings; see `Corpus`."""
        folder = data_folder(data_dir)
        if folder is None:
            raise InputError(message(f"data, {self.name}", "a folder", "none named", REMEDY))
        recordings = open_folder(folder, self.reading)
        parts = [path.relative_to(folder).parts[0].lower() for path in recordings.paths]
        official = {"train", "test"} <= set(parts)
        test = np.array([part == "test" for part in parts]) if official else None
        return Opened(recordings=recordings, test=test)
