"""Images in IDX files, gzipped or not: MNIST, Fashion-MNIST, EMNIST, KMNIST.

Two bytes of zeros, a type (0x08 is unsigned bytes), the number of axes, their sizes in big-endian
32 bits, then the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.encode import Encoding
from neurodeploy.signals.sources.base import Encoded, Grid, Named

UNSIGNED_BYTES = 8
LARGEST = 1 << 32
"""Bytes of a file that is read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Image:
    """One image, grey values 0 to 1, float32 [height, width]."""

    values: np.ndarray
    encoding: Encoding
    rng: np.random.Generator

    def encode(self, grid: Grid) -> Encoded:
        """Spikes uint8 [1, height, width, time], as the encoding says."""
        spikes = self.encoding(self.values[None, None], self.rng)[0]
        return Encoded(spikes=spikes, events=int(spikes.sum()), merged=0, cut=0)


class Images:
    """All images of a file, with the labels of the file beside it."""

    words = "images"

    def __init__(self, path: Path, encoding: Encoding, seed: int) -> None:
        self._path, self._encoding = path, encoding
        self._rng = np.random.default_rng(seed)
        self._images = read_idx(path)
        if self._images.ndim != 3:
            expected = "images [image, height, width]"
            raise FileFormatError(message(f"images {path}", expected, self._images.shape))
        labels = labels_beside(path)
        self._labels = None if labels is None else read_idx(labels)
        if self._labels is not None and self._labels.shape != self._images.shape[:1]:
            expected = f"a label for each of {len(self._images)} images"
            raise FileFormatError(message(f"labels {labels}", expected, self._labels.shape))

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[Named]:
        for place, image in enumerate(self._images):
            yield Named(
                name=f"{self._path.name}[{place}]",
                recording=Image(
                    values=image.astype(np.float32) / 255, encoding=self._encoding, rng=self._rng
                ),
                label=None if self._labels is None else str(self._labels[place]),
            )


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
            if size > LARGEST:
                raise FileFormatError(message(where, f"at most {LARGEST} values", size))
            data = file.read(size + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FileFormatError(message(where, "a whole IDX file", error)) from error
    if len(shape) != head[3] or len(data) != size:
        found = f"{len(data)}{' or more' if len(data) > size else ''}"
        raise FileFormatError(message(where, f"{size} values of shape {shape}", found))
    return np.frombuffer(data, np.uint8).reshape(shape)
