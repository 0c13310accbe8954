"""What data is, in a few characters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

DIGITS = 16
"""Hexadecimal, the first ones of a SHA-256."""


def digest(*parts: bytes | np.ndarray) -> str:
    """First 16 hexadecimal digits of the SHA-256 of bytes, and of arrays with dtype and shape."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(part)
    return found.hexdigest()[:DIGITS]


def digest_files(paths: Iterable[Path], *words: str) -> str:
    """The same of the names and bytes of files, one after another, and of some words."""
    found = hashlib.sha256("\n".join(words).encode())
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).digest()
        found.update(f"{path.parent.name}/{path.name}\n".encode() + content)
    return found.hexdigest()[:DIGITS]
