"""Files that are whole or not there at all. Nothing here imports numpy."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neurodeploy.errors import FileFormatError, InputError, message

try:
    import fcntl
except ImportError:  # Windows has no locks of folders: what a killed process left stays there
    fcntl = None  # type: ignore[assignment]

ROOM = ".neurodeploy"
"""How the hidden folders end in which files are written before they take their place."""


@contextlib.contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a path beside ``target``; it becomes ``target`` only if the block succeeds.

    A link stays; what it points to is replaced.

    Works for a file and for a folder (the block decides which it makes). An existing folder is
    replaced by a folder only, as a whole. What killed processes left of the same target is removed.

    Raises
    ------
    InputError
        The parent folder cannot be made or written, or a file would replace a folder.
    """
    target = Path(target)
    try:
        if target.is_symlink():
            target = target.resolve()
        missing = [folder for folder in target.parents if not folder.exists()]
        remove_abandoned(target)
        room, lock = _locked_room(target)
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
        if lock is not None:
            os.close(lock)
        for folder in missing:  # which hold the target now, unless it failed
            with contextlib.suppress(OSError):
                folder.rmdir()


def remove_abandoned(target: Path) -> None:
    """Remove what `atomic_path` of the same target left in processes that were killed.

    One that was killed between taking an old folder away and putting the new one in its place has
    the old one put back. What a process that lives is writing is locked, and left alone.
    """
    of_chance = "?" * 8
    for room in target.parent.glob(f".{glob.escape(target.name)}.{of_chance}{ROOM}"):
        lock = _lock(room) if room.is_dir() else None
        if lock is None:
            continue
        replaced = room / "replaced"
        if replaced.exists() and not target.exists():
            replaced.replace(target)
        shutil.rmtree(room, ignore_errors=True)
        os.close(lock)


def _locked_room(target: Path) -> tuple[Path, int | None]:
    """A folder beside a target, and the lock that says that somebody is at work in it."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            room = Path(tempfile.mkdtemp(ROOM, f".{target.name}.", target.parent))
        except FileNotFoundError:  # whoever made the new folder, too, failed and took it away
            continue
        lock = _lock(room)
        if room.exists():  # nobody took it for abandoned before it was locked
            return room, lock
        if lock is not None:
            os.close(lock)


def _lock(room: Path) -> int | None:
    """An open file that holds the lock of a folder; None where another one has it."""
    if fcntl is None:
        return None
    try:
        handle = os.open(room, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


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
