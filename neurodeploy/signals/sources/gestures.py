"""Parts of long AEDAT recordings, as DVS Gesture (Amir et al. 2017) names them in tables beside.

Beside ``user01_led.aedat`` lies ``user01_led_labels.csv``: a class, and the microseconds of the
camera's clock at which it begins and ends, ``class,startTime_usec,endTime_usec``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from neurodeploy._io.digest import digest_files
from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.sources.camera import CameraEvents, events_of
from neurodeploy.signals.sources.tables import read_columns
from neurodeploy.signals.sources.vendors import read_columns_of

FORMAT = "AEDAT 3.1"
COLUMNS = ("class", "startTime_usec", "endTime_usec")


class Gestures:
    """Every row of the tables is a recording; time 0 is its beginning.

    Parameters
    ----------
    files : sequence of Path
        AEDAT 3.1, in order, each with a table beside it.
    shape : (channel, height, width), optional
        Of the sensor; a DVS128's if not given.

    Raises
    ------
    FileFormatError
        A table is none of classes and times.
    """

    words = "gestures of AEDAT 3.1 events"

    def __init__(self, files: Sequence[Path], shape: tuple[int, ...] | None) -> None:
        self._files, self._shape = files, shape
        self.paths: list[Path] = []
        self.names: list[str] = []
        self.labels: list[str] = []
        self._spans: list[tuple[int, int]] = []
        for path in files:
            for row, (label, start, end) in enumerate(_spans(table_beside(path)).tolist()):
                self.paths.append(path)
                self.names.append(f"{path.name}[{row}]")
                self.labels.append(str(label))
                self._spans.append((start, end))

    @cached_property
    def identity(self) -> str:
        """Digest of the files and tables, and of how they are read."""
        tables = [table_beside(path) for path in self._files]
        return digest_files([*self._files, *tables], self.words, repr(self._shape))

    def read(self, indices: Sequence[int]) -> Iterator[CameraEvents]:
        """Read some of them; a file is read once for those that follow each other."""
        held: Path | None = None
        for index in indices:
            path, (start, end) = self.paths[index], self._spans[index]
            if path != held:
                (sensor, columns), held = read_columns_of(path, FORMAT), path
            inside = (columns["t"] >= start) & (columns["t"] < end)
            cut = {name: values[inside] for name, values in columns.items()}
            cut["t"] = cut["t"] - start
            where = f"events {path}, {self.names[index]}"
            yield events_of(where, cut, time_unit="us", shape=self._shape or sensor)


def table_beside(path: Path) -> Path:
    """Where the classes and times of a recording are, if it has any."""
    return path.with_name(f"{path.stem}_labels.csv")


def _spans(path: Path) -> np.ndarray:
    """Class, beginning and end, int64 [row, 3]."""
    where = f"labels {path}"
    columns = read_columns(path, where)
    if not {*COLUMNS} <= {*columns}:
        expected = f"columns {', '.join(COLUMNS)}"
        raise FileFormatError(message(where, expected, ", ".join(columns)))
    rows = np.stack([columns[name] for name in COLUMNS], 1)
    whole = np.isfinite(rows) & (rows == np.rint(rows)) & (rows >= 0)
    wrong = ~(whole.all(1) & (rows[:, 1] < rows[:, 2]))
    if wrong.any():
        place = int(np.argmax(wrong))
        expected = "whole numbers, the beginning before the end"
        raise FileFormatError(message(f"{where}, row {place + 1}", expected, rows[place].tolist()))
    return rows.astype(np.int64)
