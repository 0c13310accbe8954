"""Labelled recordings of an event camera, behind one interface, wherever they come from.

What reads a dataset from disk subclasses :class:`Recordings`, as :class:`FilmedImages` does;
:func:`dense` then makes spikes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import whole_number
from neurodeploy.signals.camera import Camera, film
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.events import POLARITIES, Events, to_spikes, window
from neurodeploy.signals.motion import Motion


class Recordings(Protocol):
    """Events and labels of many recordings; each depends on its index alone."""

    @property
    def sensor(self) -> tuple[int, int]:
        """Height and width, in pixels, of all recordings."""

    @property
    def classes(self) -> int:
        """Number of classes; labels are in ``[0, classes)``."""

    def __len__(self) -> int:
        """Return how many recordings there are."""

    def __getitem__(self, index: int) -> tuple[Events, int]:
        """Return a recording and its label."""

    def read(self, indices: Sequence[int]) -> list[tuple[Events, int]]:
        """Return several recordings; to be replaced where that is faster than one by one."""
        return [self[index] for index in indices]


@dataclass(frozen=True, kw_only=True, eq=False)
class FilmedImages(Recordings):
    """Images of a dataset as a camera sees them move past.

    Parameters
    ----------
    dataset : Dataset
        Images and labels.
    motion : Motion
        Of all images.
    camera : Camera
        What they move past.
    seed : int
        Of leak and noise: recording i draws from ``np.random.default_rng([seed, i])``.

    Raises
    ------
    InputError
        The seed is negative or, when read, an index is out of bounds.
    """

    dataset: Dataset
    motion: Motion
    camera: Camera
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("FilmedImages.seed", self.seed, least=0))

    @property
    def sensor(self) -> tuple[int, int]:
        """Height and width of the camera, in pixels."""
        return self.camera.height, self.camera.width

    @property
    def classes(self) -> int:
        """Number of classes of the dataset."""
        return self.dataset.classes

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Events, int]:
        """Film one image."""
        return self.read([index])[0]

    def read(self, indices: Sequence[int]) -> list[tuple[Events, int]]:
        """Film several images in one go: several times as fast as one by one."""
        chosen = _indices(indices, len(self))
        images, labels = self.dataset.images[chosen], self.dataset.labels[chosen].tolist()
        rngs = [np.random.default_rng([self.seed, index]) for index in chosen]
        events = film(images, self.motion, self.camera, rngs)
        return list(zip(events, labels, strict=True))


def dense(
    recordings: Recordings, indices: Sequence[int], *, steps: int, step_us: int
) -> tuple[np.ndarray, np.ndarray]:
    """Read a batch of recordings as dense spikes.

    Parameters
    ----------
    recordings : Recordings
        Where they come from.
    indices : sequence of int [batch]
        Which of them, in any order.
    steps : int
        Number of time steps. What happened after them is cut off.
    step_us : int
        Length of a time step in microseconds.

    Returns
    -------
    spikes : uint8 [batch, polarity, height, width, time]
        1 where at least one event fell, as `to_spikes` has it.
    labels : int64 [batch]

    Raises
    ------
    InputError
        No indices or one that is out of bounds, ``steps`` or ``step_us`` is not a positive
        integer, or a recording is of another sensor size than it should be.
    """
    chosen = _indices(indices, len(recordings))
    length_us = whole_number("steps", steps, least=1) * whole_number("step_us", step_us, least=1)
    height, width = recordings.sensor
    spikes = np.empty((len(chosen), POLARITIES, height, width, steps), np.uint8)
    labels = np.empty(len(chosen), np.int64)
    for i, (events, label) in enumerate(recordings.read(chosen)):
        if (events.height, events.width) != (height, width):
            found = f"{events.height} x {events.width}"
            raise InputError(message(f"recording {chosen[i]}", f"{height} x {width} px", found))
        kept = window(events, start_us=0, stop_us=length_us)
        spikes[i] = to_spikes(kept, step_us=step_us, steps=steps)
        labels[i] = label
    return spikes, labels


def _indices(indices: Sequence[int], count: int) -> list[int]:
    if not len(indices):
        raise InputError(message("indices", "at least one", "none"))
    return [whole_number("index", index, least=0, most=count - 1) for index in indices]
