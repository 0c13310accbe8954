"""Images in IDX files, gzipped or not: MNIST, Fashion-MNIST, EMNIST, KMNIST.

Two bytes of zeros, a type (0x08 is unsigned bytes), the number of axes, their sizes in big-endian
32 bits, then the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path

import numpy as np

from neurodeploy._io.digest import digest
from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.encode import Encoding
from neurodeploy.signals.recordings import Encoded, Grid

UNSIGNED_BYTES = 8
LARGEST = 1 << 32
"""Bytes of a file that is read."""

PART_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """One image, grey values 0 to 1, float32 [height, width]."""

    values: np.ndarray
    encoding: Encoding
    rng: np.random.Generator

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [1, height, width, time], as the encoding says."""
        spikes = self.encoding(self.values[None, None], self.rng)[0]
        return Encoded(spikes=spikes, events=int(spikes.sum()), merged=0, cut=0, steps=grid.steps)


class Images:
    """All images of a file, with the labels of the file beside it.

    Image i of an encoding that draws is drawn from ``np.random.default_rng([seed, i])``.
    """

    words = "images"

    def __init__(self, path: Path, encoding: Encoding, seed: int) -> None:
        self._encoding, self._seed = encoding, seed
        self._images, labels = read_images(path)
        self.names = [f"{path.name}[{place}]" for place in range(len(self._images))]
        self.labels = [None] * len(self.names) if labels is None else [*map(str, labels.tolist())]

    @cached_property
    def identity(self) -> str:
        """Digest of the images, and of how they are encoded."""
        return digest(self._images, f"{self._encoding}{self._seed}".encode())

    def read(self, indices: Sequence[int]) -> Iterator[Image]:
        """Some images, one after another."""
        for index in indices:
            values = self._images[index].astype(np.float32) / 255
            rng = np.random.default_rng([self._seed, index])
            yield Image(values=values, encoding=self._encoding, rng=rng)


def read_images(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Images uint8 [image, height, width] of a file, and the labels uint8 [image] beside it.

    Raises
    ------
    FileFormatError
        A file is damaged, or they do not fit each other.
    """
    images = read_idx(path)
    if images.ndim != 3:
        expected = "images [image, height, width]"
        raise FileFormatError(message(f"images {path}", expected, images.shape))
    beside = labels_beside(path)
    labels = None if beside is None else read_idx(beside)
    if labels is not None and labels.shape != images.shape[:1]:
        expected = f"a label for each of {len(images)} images"
        raise FileFormatError(message(f"labels {beside}", expected, labels.shape))
    return images, labels


def is_idx(head: bytes) -> bool:
    """Whether a file, unpacked, begins as one of images or labels does."""
    return len(head) >= 4 and head[:3] == bytes([0, 0, UNSIGNED_BYTES]) and head[3] in (1, 3)


def labels_beside(path: Path) -> Path | None:
    """The file of labels that belongs to one of images, by the names that all these sets have."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    beside = path.with_name(name)
    return beside if name != path.name and beside.is_file() else None


def read_idx(path: Path) -> np.ndarray:
    """The array of a file, uint8.

    Raises
    ------
    FileFormatError
        It is damaged, of another type, or larger than it says.
    """
    where = f"images {path}"
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(4)
            if not is_idx(head):
                raise FileFormatError(message(where, "an IDX file of unsigned bytes", head.hex()))
            shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").tolist())
            size = math.prod(shape)
            if not 0 < size <= LARGEST:
                raise FileFormatError(message(where, f"1 to {LARGEST} values", size))
            data = _at_most(file, size + 1)
    except (OSError, EOFError, ValueError, zlib.error, MemoryError) as error:
        raise FileFormatError(message(where, "a whole IDX file", error)) from error
    if len(shape) != head[3] or len(data) != size:
        found = f"{len(data)}{' or more' if len(data) > size else ''}"
        raise FileFormatError(message(where, f"{size} values of shape {shape}", found))
    return np.frombuffer(data, np.uint8).reshape(shape)


def _at_most(file: gzip.GzipFile | BufferedReader, size: int) -> bytearray:
    """So many bytes at most, in memory as they come and not as they are promised."""
    data = bytearray()
    while len(data) < size and (part := file.read(min(PART_BYTES, size - len(data)))):
        data += part
    return data
