"""Recordings in the formats of camera makers, by the readers of tonic (an extra, for it is GPL).

AEDAT 2.0 (MNIST-DVS), AEDAT 3.1 (DVS Gesture), AEDAT 4, and EVT2 and EVT3. What the bits of an
address mean is iniVation's documentation of AEDAT 1.0 (DVS128, as AEDAT 2.0 has it) and 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, MissingPackageError, message
from neurodeploy.signals.sources.camera import CameraEvents, events_of
from neurodeploy.signals.sources.units import FIRST

EVT = re.compile(rb"^%\s*(?:evt\s+|format\s+evt)([23])\b", re.IGNORECASE | re.MULTILINE)
"""A line of the header that names the version."""

DVS128 = (2, 128, 128)
INSTALL = "pip install 'neurodeploy[events]'"


def vendor_format(head: bytes) -> str | None:
    """The format of a file that begins so, or None."""
    beginnings = {
        b"#!AER-DAT2": "AEDAT 2",
        b"#!AER-DAT3": "AEDAT 3.1",
        b"#!AER-DAT4": "AEDAT 4",
    }
    for beginning, name in beginnings.items():
        if head.startswith(beginning):
            return name
    evt = EVT.search(head) if head.startswith(b"%") else None
    return f"EVT{evt[1].decode()}" if evt else None


def read_vendor(path: Path, format_: str, shape: tuple[int, ...] | None = None) -> CameraEvents:
    """Events of one file, from the first one on; all of these formats count microseconds.

    Raises
    ------
    MissingPackageError, FileFormatError
        As `read_columns_of`.
    """
    sensor, columns = read_columns_of(path, format_)
    return events_of(f"events {path}", columns, time_unit="us", start=FIRST, shape=shape or sensor)


Read = tuple[tuple[int, ...] | None, dict[str, np.ndarray]]
"""The shape of a sensor, if it is known, and columns of events."""


def read_columns_of(path: Path, format_: str) -> Read:
    """Shape of the sensor and columns of a file, in microseconds of the camera's clock.

    Raises
    ------
    MissingPackageError
        The extra is not installed.
    FileFormatError
        The file is damaged.
    """
    try:
        return READERS[format_](path)
    except ImportError as error:
        raise MissingPackageError(f"{format_} files need tonic: {INSTALL}") from error
    except Exception as error:  # what the readers raise for a damaged file is not listed anywhere
        said = f"{type(error).__name__}: {error}"
        raise FileFormatError(message(f"events {path}", f"a whole {format_} file", said)) from error


def _addresses(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from tonic.io import get_aer_events_from_file, read_aedat_header_from_file

    version, beginning, *_ = read_aedat_header_from_file(str(path))
    events = get_aer_events_from_file(str(path), version, beginning)
    return events["address"].astype(np.int64), events["timeStamp"]


def _dvs128(path: Path) -> Read:
    """AEDAT 2.0 of a DVS128: y in bits 14 to 8 from below, x in 7 to 1, polarity in bit 0."""
    address, time = _addresses(path)
    y = DVS128[1] - 1 - (address >> 8 & 127)
    return DVS128, {"x": address >> 1 & 127, "y": y, "p": address & 1, "t": time}


def _polarity_events(path: Path) -> Read:
    """AEDAT 3.1: x in bits 31 to 17, y in 16 to 2, polarity in bit 1, validity in bit 0."""
    address, time = _addresses(path)
    valid = address & 1 == 1
    columns = {"x": address >> 17, "y": address >> 2 & 0x7FFF, "p": address >> 1 & 1, "t": time}
    return DVS128, {name: values[valid] for name, values in columns.items()}


def _aedat4(path: Path) -> Read:
    from tonic.io import read_aedat4

    events = read_aedat4(str(path))
    return None, {name: events[name] for name in ("x", "y", "t")} | {"p": events["on"]}


def _evt(encoding: str) -> Callable[[Path], Read]:
    def read(path: Path) -> Read:
        from expelliarmus import Wizard

        events = Wizard(encoding=encoding).read(path)
        return None, {name: events[name] for name in events.dtype.names}

    return read


READERS: dict[str, Callable[[Path], Read]] = {
    "AEDAT 2": _dvs128,
    "AEDAT 3.1": _polarity_events,
    "AEDAT 4": _aedat4,
    "EVT2": _evt("evt2"),
    "EVT3": _evt("evt3"),
}
