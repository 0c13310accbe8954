"""What the samples of a page really are: the picture before it became spikes, and the class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodeploy.learn.objective import NO_LABEL


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Of samples that a page plays again and again; nothing of samples that nobody knows.

    Parameters
    ----------
    labels : int array [sample] or [sample, step]
        The class that is asked for, `NO_LABEL` where none is; of no sample where nobody knows.
    pictures : uint8 array [sample, height, width]
        Of no sample where there are none.
    classes : tuple of str
        Names of the classes, where they have any.
    """

    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    pictures: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    classes: tuple[str, ...] = ()

    @property
    def picture_shape(self) -> tuple[int, int] | None:
        """Height and width of the pictures; None without."""
        return self.pictures.shape[1:] if len(self.pictures) else None

    def label(self, sample: int | str, step: int) -> int | None:
        """The class that is asked for at a step of a sample; None where none is."""
        if not len(self.labels) or not isinstance(sample, int):
            return None
        asked = self.labels[sample % len(self.labels)]
        label = int(asked if asked.ndim == 0 else asked[step])
        return None if label == NO_LABEL else label

    def picture(self, sample: int | str) -> list[int]:
        """Pixels 0 to 255 of a sample, row by row; empty without."""
        if not len(self.pictures) or not isinstance(sample, int):
            return []
        pixels: list[int] = self.pictures[sample % len(self.pictures)].ravel().tolist()
        return pixels


def truth_of(splits: Any, targets: Mapping[str, np.ndarray]) -> Truth:
    """What a task knows of the first samples of its test part.

    Parameters
    ----------
    splits
        Of the task.
    targets : mapping of str to array [sample, ...]
        What its decoder is asked for, of the first samples.
    """
    labels = targets.get("label", np.zeros(0, np.int64))
    number = max((len(target) for target in targets.values()), default=0)
    images = targets.get("image")
    if images is None:
        images = getattr(splits.test, "images", None)
    names = getattr(splits, "classes", None)
    return Truth(
        labels=np.asarray(labels),
        pictures=_pictures(None if images is None else np.asarray(images[:number])),
        classes=tuple(map(str, names)) if isinstance(names, tuple) else (),
    )


def _pictures(images: np.ndarray | None) -> np.ndarray:
    """Images of 0 to 1, [sample, height, width] or flattened squares, as bytes."""
    nothing = np.zeros((0, 0, 0), np.uint8)
    if images is None:
        return nothing
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        if side * side != images.shape[1]:
            return nothing
        images = images.reshape(-1, side, side)
    return np.rint(255 * images.clip(0, 1)).astype(np.uint8) if images.ndim == 3 else nothing
