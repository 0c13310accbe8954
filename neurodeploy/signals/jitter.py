"""Random changes of spikes, so that a training hears a recording a little differently each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import real_number, whole_number


@dataclass(frozen=True, kw_only=True)
class Jitter:
    """Changes that a recording could have come with; what moves out at one end is lost.

    Parameters
    ----------
    steps : int
        Largest shift in time, earlier or later, the same for all features of a sample.
    bands : int
        Largest shift along the first axis of the features, up or down: of bands of sound, a voice
        that is higher or lower.
    groups : int
        Parts of the first axis that are shifted each by itself, such as the 2 of `Hearing`: up
        and down.
    drop : float
        Probability that a spike is left out, in [0, 1).

    Raises
    ------
    InputError
        A parameter is out of bounds.
    """

    steps: int = 0
    bands: int = 0
    groups: int = 1
    drop: float = 0.0

    def __post_init__(self) -> None:
        whole_number("Jitter.steps", self.steps, least=0)
        whole_number("Jitter.bands", self.bands, least=0)
        whole_number("Jitter.groups", self.groups, least=1)
        drop = real_number("Jitter.drop", self.drop)
        if not 0 <= drop < 1:
            raise InputError(message("Jitter.drop", "in [0, 1)", drop))

    def __call__(self, spikes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Spikes uint8 [sample, *features, time], changed.

        Parameters
        ----------
        spikes : uint8 array [sample, *features, time]
        rng : numpy.random.Generator
            Source of the changes; it is advanced.
        """
        if self.steps:
            spikes = _shifted(spikes, rng.integers(-self.steps, self.steps + 1, len(spikes)))
        if self.bands:
            by = rng.integers(-self.bands, self.bands + 1, len(spikes))
            samples, features, *rest = spikes.shape
            grouped = spikes.reshape(samples, self.groups, features // self.groups, *rest)
            moved = _shifted(np.moveaxis(grouped, 2, -1), by)
            spikes = np.moveaxis(moved, -1, 2).reshape(spikes.shape)
        if self.drop:
            spikes = spikes * (rng.random(spikes.shape, dtype=np.float32) >= self.drop)
        return spikes


def _shifted(array: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Each sample of [sample, ..., place] moved along its last axis, 0 coming in."""
    moved, length = np.zeros_like(array), array.shape[-1]
    for place, shift in enumerate(by.tolist()):
        if abs(shift) < length:
            to, of = max(shift, 0), max(-shift, 0)
            kept = length - abs(shift)
            moved[place, ..., to : to + kept] = array[place, ..., of : of + kept]
    return moved
