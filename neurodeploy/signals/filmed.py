"""Recordings of a simulated event camera, which images of a dataset move past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy._io.digest import digest
from neurodeploy.signals.arguments import whole_number
from neurodeploy.signals.camera import Camera, film
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.events import Events
from neurodeploy.signals.motion import Motion

AT_ONCE = 100
"""Images that are filmed in one go: several times as fast as one by one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FilmedImages:
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
    def words(self) -> str:
        """What was filmed."""
        return f"films of {self.dataset.name}"

    @property
    def names(self) -> Sequence[str]:
        """Places in the dataset."""
        return [f"{self.dataset.name}[{place}]" for place in range(len(self.dataset))]

    @property
    def labels(self) -> Sequence[str]:
        """Those of the images."""
        return [str(label) for label in self.dataset.labels.tolist()]

    @property
    def identity(self) -> str:
        """Digest of the images, the motion and the camera."""
        said = f"{self.camera}{self.seed}".encode()
        return digest(self.dataset.images, self.motion.times_us, self.motion.positions_px, said)

    def read(self, indices: Sequence[int]) -> Iterator[Events]:
        """Film some images."""
        chosen = [whole_number("index", i, least=0, most=len(self.dataset) - 1) for i in indices]
        for start in range(0, len(chosen), AT_ONCE):
            some = chosen[start : start + AT_ONCE]
            rngs = [np.random.default_rng([self.seed, index]) for index in some]
            yield from film(self.dataset.images[some], self.motion, self.camera, rngs)
