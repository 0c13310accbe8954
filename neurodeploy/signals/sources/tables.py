"""Events as plain tables: CSV with a header, and structured arrays of numpy."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np

from neurodeploy._io.arrays import load_array
from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.sources.camera import CameraEvents, events_of
from neurodeploy.signals.sources.units import ZERO


def read_csv(
    path: Path,
    time_unit: str | None = None,
    start: str = ZERO,
    shape: tuple[int, ...] | None = None,
) -> CameraEvents:
    """Events of a CSV file whose first line names its columns.

    Raises
    ------
    FileFormatError
        It has no header, or a line is not of numbers.
    InputError
        As `events_of`.
    """
    where = f"events {path}"
    columns = read_columns(path, where)
    return events_of(where, columns, time_unit=time_unit, start=start, shape=shape)


def read_columns(path: Path, where: str) -> dict[str, np.ndarray]:
    """Columns float64 [line] of a CSV file, by the names in its first line.

    Raises
    ------
    FileFormatError
        It has no header, two columns of one name, or a line is not of numbers.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            first = file.readline(4096)
            delimiter = csv.Sniffer().sniff(first, ",;\t ").delimiter
            names = next(csv.reader([first], delimiter=delimiter))
        except (csv.Error, UnicodeDecodeError) as error:
            expected = "a header such as t,x,y,p and lines of numbers"
            raise FileFormatError(message(where, expected, error)) from error
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "loadtxt: input contained no data")
                table = np.loadtxt(file, delimiter=delimiter, ndmin=2, converters=_number)
        except ValueError as error:
            where, found = _wrong_line(path, where, delimiter, len(names), error)
            raise FileFormatError(message(where, f"numbers {', '.join(names)}", found)) from error
    if (table.size and table.shape[1] != len(names)) or len({*names}) < len(names):
        found = f"{table.shape[1]} columns under the names {', '.join(names)}"
        raise FileFormatError(message(where, "a name for each column", found))
    return dict(zip(names, table.reshape(-1, len(names)).T, strict=True))


def _wrong_line(
    path: Path, where: str, delimiter: str, columns: int, error: Exception
) -> tuple[str, object]:
    """Where a table has the first line that is not of so many numbers, and what is there."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        for line, text in enumerate(file, 1):
            words = text.partition("#")[0].strip("\r\n").split(delimiter)
            others = [word for word in words if not _is_number(word)]
            if line > 1 and words != [""] and (others or len(words) != columns):
                found = repr(others[0]) if others else f"{len(words)} numbers"
                return f"{where}, line {line}", found
    return where, error


def _is_number(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def read_structured(
    path: Path,
    time_unit: str | None = None,
    start: str = ZERO,
    shape: tuple[int, ...] | None = None,
) -> CameraEvents:
    """Events of a structured array, such as tonic's, in a ``.npy`` file.

    Raises
    ------
    FileFormatError
        It has no named fields.
    InputError
        As `events_of`.
    """
    array = load_array(path, "events")
    names = array.dtype.names
    if not names or array.ndim != 1:
        expected = "one axis of events with fields t, x, y, p"
        raise FileFormatError(message(f"events {path}", expected, f"{array.dtype} {array.shape}"))
    columns = {name: array[name] for name in names}
    return events_of(f"events {path}", columns, time_unit=time_unit, start=start, shape=shape)


def _number(text: str) -> float:
    """A number, or a boolean in words."""
    word = text.strip().lower()
    return float(word == "true") if word in ("true", "false") else float(word)
