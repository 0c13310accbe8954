"""Event naturalization: the still image and the class of what an event camera saw move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import SpikeSource
from neurodeploy.signals.camera import N_MNIST_CAMERA, Camera
from neurodeploy.signals.datasets import Dataset, load
from neurodeploy.signals.encode import SpikeInput
from neurodeploy.signals.events import POLARITIES
from neurodeploy.signals.filmed import FilmedImages
from neurodeploy.signals.motion import Motion, saccades, slow_motion
from neurodeploy.signals.recordings import MICROSECONDS, Grid, Recordings, binned
from neurodeploy.tasks.base import Sources
from neurodeploy.tasks.still_images import StillImageTask

MOTIONS: dict[str, Callable[[], Motion]] = {"saccades": saccades, "slow": slow_motion}
"""As N-MNIST was recorded, and as MNIST-DVS."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventPart:
    """Recordings as dense spikes, with the still images behind them.

    Parameters
    ----------
    spikes : uint8 [sample, polarity, height, width, time]
    images : float32 [sample, height, width] or None
        Where they are known.
    labels : int64 [sample]
    """

    spikes: np.ndarray
    images: np.ndarray | None
    labels: np.ndarray

    def source(self) -> SpikeSource:
        """Batches of the part."""
        targets = {"label": self.labels}
        if self.images is not None:
            targets["image"] = self.images.reshape(len(self.images), -1)
        return SpikeSource(self.spikes, targets)


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSplits:
    """Three parts of the recordings."""

    train: EventPart
    validation: EventPart
    test: EventPart
    classes: int


@dataclass(frozen=True, kw_only=True)
class EventTask(StillImageTask[EventSplits]):
    """Reconstruct and classify what moved before an event camera; the decoder sees all steps.

    Parameters
    ----------
    film_seed : int
        Of the camera's noise.
    motion : str
        Name in `MOTIONS`.
    camera : Camera
        The sensor.
    steps : int
        Time steps; the motion is cut into as many.

    And everything that `StillImageTask` and `Task` have.
    """

    film_seed: int = 0
    motion: str = "saccades"
    camera: Camera = N_MNIST_CAMERA
    steps: int = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.motion not in MOTIONS:
            raise InputError(message("motion", f"one of {sorted(MOTIONS)}", self.motion))

    @property
    def signal(self) -> SpikeInput:
        """The camera's events, binned."""
        return SpikeInput(steps=self.steps)

    @property
    def window_steps(self) -> int:
        """The whole sample."""
        return self.steps

    def splits(self) -> EventSplits:
        """The images, divided once by the recorded seed, and filmed."""
        images = load(self.dataset)
        parts = self.divided(images)
        film = FilmedImages(
            dataset=images, motion=self._motion, camera=self.camera, seed=self.film_seed
        )
        return EventSplits(
            train=self.part(film, parts.train_indices, parts.train),
            validation=self.part(film, parts.validation_indices, parts.validation),
            test=self.part(film, parts.test_indices, parts.test),
            classes=images.classes,
        )

    def part(
        self, recordings: Recordings, indices: Sequence[int] | np.ndarray, stills: Dataset | None
    ) -> EventPart:
        """Some recordings of any camera as dense spikes of this task's length.

        Parameters
        ----------
        recordings : Recordings
            Simulated, or read from files.
        indices : sequence of int
            Which of them.
        stills : Dataset or None
            Their still images, in the same order; needed for the head ``image``.
        """
        step_us = -(-int(self._motion.times_us[-1]) // self.steps)
        chosen = [int(i) for i in indices]
        return EventPart(
            spikes=binned(recordings, chosen, Grid(steps=self.steps, dt_s=step_us / MICROSECONDS)),
            images=None if stills is None else stills.images,
            labels=np.array([int(str(recordings.labels[i])) for i in chosen]),
        )

    def sources(self, splits: EventSplits) -> Sources:
        """The recordings as they are."""
        return Sources(*(part.source() for part in (splits.train, splits.validation, splits.test)))

    def input_shape(self, splits: EventSplits) -> tuple[int, ...]:
        """[polarity, height, width]."""
        return (POLARITIES, self.camera.height, self.camera.width)

    def training_images(self, splits: EventSplits) -> np.ndarray | None:
        """Images of the training part, where they are known."""
        return splits.train.images

    def classes_of(self, splits: EventSplits) -> int:
        """Classes of the recordings."""
        return splits.classes

    def notes(self) -> Mapping[str, Any]:
        """Dataset, split and film."""
        return {**super().notes(), "motion": self.motion, "film_seed": self.film_seed}

    @property
    def _motion(self) -> Motion:
        return MOTIONS[self.motion]()
