"""Code made once, for machines or pages: files behind a checksum, believed only of their owner.

Loading it runs it, so a file that is damaged, that another one was put in the place of, or that
anybody but its owner may have written, counts as none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from neurodeploy._io.files import atomic_path, cache_folder
from neurodeploy.errors import InputError


def short_digest(content: bytes) -> str:
    """For names of files: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def folders_beside(module: str) -> Iterator[Path]:
    """Where code of a module may be kept: beside its file, or in the person's cache."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen)
        return
    yield Path(module).parent / "__pycache__"
    cache = cache_folder()
    if cache is not None:
        yield cache


def kept(path: Path) -> bytes:
    """The code of a file that `keep` wrote; nothing if there is none, or one not to be trusted."""
    try:
        with path.open("rb") as file:
            status, here = os.fstat(file.fileno()), Path(__file__).stat()
            content = file.read()
    except OSError:
        return b""
    owners = {here.st_uid, os.getuid()} if hasattr(os, "getuid") else {status.st_uid}
    if status.st_uid not in owners or (os.name == "posix" and status.st_mode & 0o022):
        return b""
    size = hashlib.sha256().digest_size
    digest, code = content[:size], content[size:]
    return code if _checksum(path, code) == digest else b""


def first_kept(folders: Iterable[Path], name: str) -> bytes:
    """The code of the first file of that name that can be trusted; nothing if there is none."""
    return next(filter(None, (kept(folder / name) for folder in folders)), b"")


def keep(path: Path, code: bytes) -> None:
    """Write a file whole or not at all, and remove what older sources left beside it.

    Parameters
    ----------
    path : path
        Its name is ``WHAT-SOURCES-REST.o``; files with the same ``WHAT`` and other ``SOURCES`` go.
    code : bytes

    Raises
    ------
    InputError
        The folder cannot be made or written.
    OSError
        The disk is full.
    """
    with atomic_path(path) as draft:
        draft.write_bytes(_checksum(path, code) + code)
        draft.chmod(0o644)
    what, sources, _ = path.name.split("-")
    for old in path.parent.glob(f"{what}-*-*.o"):
        if old.name.split("-")[1] != sources:
            with suppress(OSError):
                old.unlink()


def keep_first(folders: Iterable[Path], name: str, code: bytes) -> list[str]:
    """Write it into the first folder that takes it; if none does, say why of each."""
    problems = []
    for folder in folders:
        try:
            keep(folder / name, code)
        except (InputError, OSError) as error:
            problems.append(f"{folder}: {error}")
        else:
            return []
    return problems


def _checksum(path: Path, code: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\0" + code).digest()
