"""Files that are whole or not there at all, and arrays that are what they claim."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message

UNREADABLE = (
    ValueError,
    EOFError,
    OSError,
    SyntaxError,
    TypeError,
    OverflowError,
    MemoryError,
    tokenize.TokenError,
    zipfile.BadZipFile,
)
"""What numpy raises for a damaged ``.npy`` file."""


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


def load_array(path: Path | str, what: str) -> np.ndarray:
    """Read a ``.npy`` file; never unpickles.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, holds Python objects or is no ``.npy`` file.
    """
    path = require_file(path, what)
    try:
        loaded = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise FileFormatError(message(f"{what} {path}", "a whole .npy array", error)) from error
    if not isinstance(loaded, np.ndarray):
        raise FileFormatError(message(f"{what} {path}", "one .npy array", "an .npz archive"))
    return loaded


def save_array(path: Path | str, array: np.ndarray) -> None:
    """Write a ``.npy`` file, whole or not at all.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    with atomic_path(path) as draft, draft.open("wb") as file:
        np.save(file, array, allow_pickle=False)
