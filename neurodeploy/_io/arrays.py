"""Arrays on disk that are what they claim."""

from __future__ import annotations

import tokenize
import warnings
import zipfile
from pathlib import Path

import numpy as np

from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.errors import FileFormatError, message

UNREADABLE = (
    ValueError,
    EOFError,
    OSError,
    SyntaxError,
    TypeError,
    OverflowError,
    MemoryError,
    SystemError,
    tokenize.TokenError,
    zipfile.BadZipFile,
)
"""What numpy raises for a damaged ``.npy`` file."""

MAGIC = b"\x93NUMPY"
"""How a ``.npy`` file begins."""


def load_array(path: Path | str, what: str) -> np.ndarray:
    """Read a ``.npy`` file; never unpickles.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, holds Python objects or is no ``.npy`` file.
    """
    path = require_file(path, what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header's old ways to name a type
            loaded = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        found = _why(path, error)
        raise FileFormatError(message(f"{what} {path}", "a whole .npy array", *found)) from error
    if not isinstance(loaded, np.ndarray):
        raise FileFormatError(message(f"{what} {path}", "one .npy array", "an .npz archive"))
    return loaded


def _why(path: Path, error: BaseException) -> tuple[str, str]:
    """What was found, and what to do; numpy advises to unpickle."""
    if "allow_pickle" not in str(error):
        return str(error), ""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            remedy = "Write it with np.save, or make spikes of it: neurodeploy encode."
            return "another kind of file", remedy
    remedy = "Save numbers: np.stack(arrays of one shape), or array.astype(np.uint8)."
    return "an array of Python objects", remedy


def save_array(path: Path | str, array: np.ndarray) -> None:
    """Write a ``.npy`` file, whole or not at all.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    with atomic_path(path) as draft, draft.open("wb") as file:
        np.save(file, array, allow_pickle=False)
