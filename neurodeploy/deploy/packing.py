"""A bundle as one file: a ZIP archive, the same bytes for the same bundle.

Files are stored as they are, in the order of their names, all of one date and mode. Only the files
that the manifest names come out of an archive, and only as large as they say.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.deploy.manifest import (
    DECODER_FILE,
    ENCODER_FILE,
    MANIFEST_FILE,
    NETWORK_FILE,
    Manifest,
    read_manifest,
)
from neurodeploy.deploy.signing import SIGNATURE_FILE
from neurodeploy.errors import FileFormatError, InputError, message

NEEDED = frozenset({MANIFEST_FILE, NETWORK_FILE})
FILES = NEEDED | {DECODER_FILE, ENCODER_FILE, SIGNATURE_FILE}
DATE = (1980, 1, 1, 0, 0, 0)
"""The first that ZIP knows."""

MODE = 0o644
MOST_BYTES = 1 << 32
"""Of a bundle that is unpacked."""


def pack_bundle(bundle: Path | str, output: Path | str) -> None:
    """Write a bundle folder as one file, whole or not at all.

    Raises
    ------
    FileFormatError
        The bundle is damaged.
    InputError
        The file cannot be written.
    """
    folder = Path(bundle)
    names = {MANIFEST_FILE, *read_manifest(folder).files}
    if (folder / SIGNATURE_FILE).exists():
        names.add(SIGNATURE_FILE)
    with atomic_path(output) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(names):
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = MODE << 16
            entry.create_system = 3
            with (
                (folder / name).open("rb") as read,
                archive.open(entry, "w", force_zip64=True) as write,
            ):
                shutil.copyfileobj(read, write)


def unpack_bundle(archive: Path | str, folder: Path | str) -> None:
    """Write the folder of a packed bundle, whole or not at all, its checksums checked.

    Raises
    ------
    FileFormatError
        The file is no archive of a bundle, damaged, or larger than it says or than any bundle.
    InputError
        The folder cannot be written, or is there already.
    """
    path, folder = require_file(archive, "bundle"), Path(folder)
    if folder.exists():
        raise InputError(message(f"output {folder}", "a new folder", "one that is there"))
    where = f"bundle {path}"
    try:
        with zipfile.ZipFile(path) as packed, atomic_path(folder) as draft:
            draft.mkdir()
            for entry in _entries(packed, where):
                with packed.open(entry) as read, (draft / entry.filename).open("wb") as write:
                    shutil.copyfileobj(read, write)
            _require_named(draft, where)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileFormatError(message(where, "a whole ZIP archive", error)) from error


def is_bundle(path: Path) -> bool:
    """Whether this is a folder, or an archive with a manifest."""
    return path.is_dir() or _is_packed(path)


@contextlib.contextmanager
def bundle_folder(bundle: Path | str) -> Iterator[Path]:
    """The folder of a bundle; of a packed one, what it unpacks to, for as long as it is used.

    Raises
    ------
    FileFormatError
        As `unpack_bundle`.
    """
    path = Path(bundle)
    if path.is_dir() or not _is_packed(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="neurodeploy-") as room:
        folder = Path(room) / path.name
        unpack_bundle(path, folder)
        yield folder


def manifest_of(bundle: Path | str) -> Manifest:
    """The manifest of a bundle, a folder or packed; raises as `read_manifest`."""
    with bundle_folder(bundle) as folder:
        return read_manifest(folder)


def _is_packed(path: Path) -> bool:
    if not (path.is_file() and zipfile.is_zipfile(path)):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST_FILE in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return False


def _require_named(folder: Path, where: str) -> None:
    """Raise unless the manifest has the checksum of every file, but that of who signed it."""
    named = {MANIFEST_FILE, SIGNATURE_FILE, *read_manifest(folder).files}
    others = sorted({file.name for file in folder.iterdir()} - named)
    if others:
        raise FileFormatError(message(where, "the files of its manifest", ", ".join(others)))


def _entries(packed: zipfile.ZipFile, where: str) -> list[zipfile.ZipInfo]:
    entries = packed.infolist()
    names = [entry.filename for entry in entries]
    if not NEEDED <= {*names} <= FILES or len(names) != len({*names}):
        found = ", ".join(name[:40] for name in names[:8]) or "nothing"
        expected = f"the files of a bundle, such as {', '.join(sorted(NEEDED))}"
        raise FileFormatError(message(where, expected, found))
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise FileFormatError(message(where, "files that are stored", "compressed ones"))
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES:
        raise FileFormatError(message(where, f"at most {MOST_BYTES} bytes", total))
    return entries
