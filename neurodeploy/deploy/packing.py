"""A bundle as one file: a ZIP archive, the same bytes for the same bundle.

Files are stored as they are, in the order of their names, all of one date and mode. Only the files
that the manifest names come out of an archive, and only as large as they say.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.deploy.manifest import (
    DECODER_FILE,
    ENCODER_FILE,
    MANIFEST_FILE,
    NETWORK_FILE,
    SIGNATURE_FILE,
    Manifest,
    read_manifest,
)
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


def unpack_bundle(archive: Path | str, folder: Path | str) -> Manifest:
    """Write the folder of a packed bundle, whole or not at all, its checksums checked.

    Returns
    -------
    Manifest
        Of it.

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
            manifest = read_manifest(draft)
            _require_named(draft, manifest, where)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileFormatError(message(where, "a whole ZIP archive", error)) from error
    return manifest


def is_packed(path: Path) -> bool:
    """Whether this is an archive with a manifest."""
    if not (path.is_file() and zipfile.is_zipfile(path)):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST_FILE in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return False


def _require_named(folder: Path, manifest: Manifest, where: str) -> None:
    """Raise unless the manifest has the checksum of every file, but that of who signed it."""
    named = {MANIFEST_FILE, SIGNATURE_FILE, *manifest.files}
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
