"""A bundle that is open: where its files lie, all of them checked once. No torch here."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from neurodeploy.deploy.manifest import Manifest, read_manifest
from neurodeploy.deploy.packing import is_packed, unpack_bundle


@dataclass(frozen=True, kw_only=True)
class OpenBundle:
    """A bundle whose files are the ones that its manifest names.

    Parameters
    ----------
    path : path
        As it was named: of a folder, or of a packed bundle.
    folder : path
        Where its files lie; of a packed bundle, for as long as it is open.
    manifest : Manifest
    """

    path: Path
    folder: Path
    manifest: Manifest

    @property
    def task(self) -> str:
        """By which name its data are found; empty where nobody said."""
        return str(self.manifest.notes.get("task", ""))


BundlePath: TypeAlias = "Path | str | OpenBundle"
"""Where a bundle is, or one that is open already and stays so."""


def is_bundle(path: Path | str) -> bool:
    """Whether this is a folder, or an archive with a manifest."""
    return Path(path).is_dir() or is_packed(Path(path))


@contextlib.contextmanager
def open_bundle(bundle: BundlePath) -> Iterator[OpenBundle]:
    """Open a bundle for a block.

    Parameters
    ----------
    bundle : path or OpenBundle
        A folder, or a packed bundle, which is unpacked.

    Raises
    ------
    FileFormatError
        As `read_manifest`, or `unpack_bundle` of a packed one.
    """
    if isinstance(bundle, OpenBundle):
        yield bundle
        return
    path = Path(bundle)
    if path.is_dir() or not is_packed(path):
        yield OpenBundle(path=path, folder=path, manifest=read_manifest(path))
        return
    with tempfile.TemporaryDirectory(prefix="neurodeploy-") as room:
        folder = Path(room) / path.name
        yield OpenBundle(path=path, folder=folder, manifest=unpack_bundle(path, folder))
