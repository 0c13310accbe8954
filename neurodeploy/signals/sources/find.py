"""Which reader a file or a folder needs: by its first bytes, and not by its name.

N-MNIST's files and tables alone say nothing of themselves; they are known by their ending, ``.bin``
and ``.csv`` or ``.tsv``, in small letters or large ones.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.encode import Encoding, LevelEncoding
from neurodeploy.signals.recordings import Recording, Recordings
from neurodeploy.signals.sound import Hearing
from neurodeploy.signals.sources.files import Files
from neurodeploy.signals.sources.gestures import FORMAT, Gestures, table_beside
from neurodeploy.signals.sources.images import Images, is_idx, labels_beside
from neurodeploy.signals.sources.nmnist import read_nmnist
from neurodeploy.signals.sources.series import read_series
from neurodeploy.signals.sources.sounds import read_wav
from neurodeploy.signals.sources.spike_trains import SpikeTrains
from neurodeploy.signals.sources.tables import read_csv, read_structured
from neurodeploy.signals.sources.units import ZERO
from neurodeploy.signals.sources.vendors import read_vendor, vendor_format

EXPECTED = (
    "events (N-MNIST .bin, CSV, a structured .npy, AEDAT, EVT), images (IDX), sound (WAV), samples "
    "of channels (CSV) or spike trains (SHD, SSC)"
)
OPTIONS = {
    "CSV": ("--time-unit", "--dt", "--delta", "--start", "--shape"),
    "events of a structured array": ("--time-unit", "--dt", "--start", "--shape"),
    "images": ("--task",),
    "sound": ("--dt", "--task"),
    "spike trains of 700 channels": ("--dt",),
}
"""Of `neurodeploy encode`, what says how recordings of a kind are read, time first."""

TABLES = (".csv", ".tsv")
IGNORED = frozenset({".txt", ".md", ".toml", ".json", ".html"})
"""Endings of files in a folder that are no recordings; so are hidden ones."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a person says of files that do not say it themselves.

    Parameters
    ----------
    time_unit : str, optional
        Of the times in CSV files and structured arrays: ``s``, ``ms``, ``us`` or ``ns``.
    start : str
        What becomes time 0 of those tables: ``zero`` of the file, or its ``first`` event.
    shape : (channel, height, width), optional
        Of a camera.
    encoding : Encoding, optional
        Of images; a `LevelEncoding` with a spike every second step of white if not given.
    hearing : Hearing
        Of sound.
    delta : tuple of float, optional
        CSV files hold samples of channels, and this is how far one moves for a spike: in its
        units, one for all or for each. Without it they hold events.
    seed : int
        Of an encoding that draws.
    """

    time_unit: str | None = None
    start: str = ZERO
    shape: tuple[int, ...] | None = None
    encoding: Encoding | None = None
    hearing: Hearing = field(default_factory=Hearing)
    delta: tuple[float, ...] | None = None
    seed: int = 0


def options_of(words: str) -> tuple[str, ...]:
    """Options that say how recordings of a kind are read; events that say all have two."""
    return OPTIONS.get(words, ("--dt", "--shape"))


def open_source(path: Path | str, reading: Reading, steps: int) -> Recordings:
    """Open a file, or a folder of files of one kind.

    Parameters
    ----------
    path : path
    reading : Reading
        What the files do not say.
    steps : int
        That images are encoded in, where no encoding is given.

    Raises
    ------
    FileFormatError
        There is no such file, or it is of no kind that is known here.
    InputError
        A folder holds nothing, or files of several kinds; an encoding is of other steps.
    """
    path = Path(path)
    if path.is_dir():
        alone = _recordings(path)
        if len(alone) > 1:
            return open_folder(path, reading)
        path = alone[0]
    if not path.is_file():
        raise FileFormatError(message(f"source {path}", EXPECTED, "no such file"))
    kind = _kind(path)
    if kind == "images":
        encoding = reading.encoding or LevelEncoding(steps=steps, levels=max(1, steps // 2))
        if encoding.steps != steps:
            expected = f"{encoding.steps}, those of the encoding"
            remedy = "Give those, or no --task."
            raise InputError(message("option --steps", expected, steps, remedy))
        return Images(path, encoding, reading.seed)
    if kind == "spike trains":
        return SpikeTrains(path)
    return _files(kind, [path], reading)


def open_folder(path: Path, reading: Reading) -> Files | Gestures:
    """Open all files of a folder and of those in it.

    Raises
    ------
    FileFormatError
        A file is of no kind that is known here.
    InputError
        There are none, or several kinds.
    """
    paths = _recordings(path)
    ends = {each: _kind(each) for each in (paths[0], paths[-1])}
    kinds = {*ends.values()}
    if len(kinds) > 1 or kinds & {"images", "spike trains"}:
        found = ", ".join(f"{each.name} ({kind})" for each, kind in ends.items())
        remedy = "Name one of them."
        raise InputError(
            message(f"source {path}", "files of one recording each, of one kind", found, remedy)
        )
    (kind,) = kinds
    return _files(kind, paths, reading)


def _files(kind: str, paths: list[Path], reading: Reading) -> Files | Gestures:
    if kind == FORMAT and all(table_beside(path).is_file() for path in paths):
        return Gestures(paths, reading.shape)
    return Files(kind, paths, _reader(kind, reading), repr(reading))


def _recordings(folder: Path) -> list[Path]:
    """Files of a folder in order, without the labels that stand beside images or gestures.

    Raises
    ------
    InputError
        There are none.
    """
    files = (found for found in folder.rglob("*") if found.is_file() and found.name[0] != ".")
    every = sorted(found for found in files if _counts(found))
    labels = {labels_beside(found) for found in every}
    there = {*every}
    cut = any(table_beside(found) in there for found in every)
    paths = [found for found in every if found not in labels and not (cut and _is_table(found))]
    if not paths:
        remedy = f"What has no ending, or one of {' '.join(sorted(IGNORED))}, does not count."
        raise InputError(message(f"source {folder}", EXPECTED, "a folder without any", remedy))
    return paths


def _counts(path: Path) -> bool:
    """Whether a file of a folder may be a recording; IDX files often have no ending."""
    if path.suffix:
        return path.suffix.lower() not in IGNORED
    with path.open("rb") as file:
        return is_idx(file.read(4))


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in TABLES


def _reader(kind: str, reading: Reading) -> Callable[[Path], Recording]:
    shape, unit, start = reading.shape, reading.time_unit, reading.start
    delta = reading.delta
    readers: dict[str, Callable[[Path], Recording]] = {
        "N-MNIST events": lambda path: read_nmnist(path, shape),
        "CSV": lambda path: (
            read_csv(path, unit, start, shape)
            if delta is None
            else read_series(path, delta, unit, start)
        ),
        "events of a structured array": lambda path: read_structured(path, unit, start, shape),
        "sound": lambda path: read_wav(path, reading.hearing),
    }
    return readers.get(kind) or (lambda path: read_vendor(path, kind, shape))


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as file:
                head = file.read(4)
        except (OSError, EOFError, zlib.error):
            head = b""
    vendor = vendor_format(head)
    known = {
        "images": is_idx(head),
        "spike trains": head.startswith(b"\x89HDF\r\n\x1a\n"),
        "events of a structured array": head.startswith(b"\x93NUMPY"),
        "sound": head[:4] in (b"RIFF", b"RIFX") and head[8:12] == b"WAVE",
        "N-MNIST events": path.suffix.lower() == ".bin",
        "CSV": _is_table(path),
    }
    found = vendor or next((kind for kind, fits in known.items() if fits), None)
    if found is None:
        raise FileFormatError(
            message(f"source {path}", EXPECTED, f"a file that begins {head[:8]!r}")
        )
    return found
