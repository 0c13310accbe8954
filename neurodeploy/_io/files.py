"""Files that are whole or not there at all. Nothing here imports numpy."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neurodeploy.errors import FileFormatError, InputError, message


@contextlib.contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a path beside ``target``; it becomes ``target`` only if the block succeeds.

    Works for a file and for a folder (the block decides which it makes). An existing folder is
    replaced by a folder only, as a whole.

    Raises
    ------
    InputError
        The parent folder cannot be made or written, or a file would replace a folder.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(
            message(f"output {target}", "a folder that can be written", error.strerror or error)
        ) from error
    try:
        draft = room / target.name
        yield draft
        if target.is_dir() and draft.is_file():
            raise InputError(message(f"output {target}", "a file", "a folder of that name"))
        try:
            if target.is_dir() and draft.is_dir():
                target.replace(room / "replaced")
            draft.replace(target)
        except OSError as error:
            raise InputError(
                message(f"output {target}", "a path that can be written", error.strerror or error)
            ) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


def cache_folder() -> Path | None:
    """Where what can be made again is kept: ``$XDG_CACHE_HOME/neurodeploy``, or in ``~/.cache``.

    None where nobody's home is known.
    """
    own = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(own) if own else Path.home() / ".cache") / "neurodeploy"
    except RuntimeError:
        return None


def require_folder(path: Path | str) -> Path:
    """Make a folder for output, and make sure that it can be written before long work starts.

    Raises
    ------
    InputError
        It cannot be made or written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(
            message(f"output {path}", "a folder that can be written", error.strerror or error)
        ) from error


def require_writable(folder: Path | str) -> Path:
    """Return the path of a folder that is there or could be made; nothing is made.

    Raises
    ------
    InputError
        A part of the path is a file, or cannot be written.
    """
    folder = Path(folder)
    where, expected = f"output {folder}", "a folder that can be written"
    try:
        there = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    except OSError as error:
        raise InputError(message(where, expected, error.strerror or error)) from error
    if not there.is_dir():
        raise InputError(message(where, expected, f"the file {there}"))
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(message(where, expected, f"{there}, which cannot be"))
    return folder


def require_file(path: Path | str, what: str) -> Path:
    """Return ``path`` if it is a readable, non-empty file.

    Raises
    ------
    FileFormatError
        There is no such file, it is a folder, or it is empty.
    """
    path = Path(path)
    if not path.exists():
        raise FileFormatError(message(f"{what} {path}", "an existing file", "no such file"))
    if not path.is_file():
        raise FileFormatError(message(f"{what} {path}", "a file", "a folder"))
    if path.stat().st_size == 0:
        raise FileFormatError(message(f"{what} {path}", "content", "an empty file"))
    return path
