"""Blobs that several tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from neurodeploy.signals.blobs import MovingBlobs

BLOBS = MovingBlobs()
WILD = MovingBlobs(  # with noise so strong that three steps show all of it
    inputs=4,
    amplitude=0.5,
    amplitude_decay=0.9,
    amplitude_noise=0.6,
    velocity=1.2,
    velocity_decay=0.6,
    velocity_noise=0.9,
    spread=0.9,
)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def interval(mean: Any, deviation: Any, place: int, inputs: int) -> np.ndarray:
    """Chance of a normal place, wrapped, to be nearest to an input; written out anew."""
    width = 2 * np.pi / inputs
    low = -np.pi if place == 0 else -np.pi + (place - 0.5) * width
    high = np.pi if place == inputs - 1 else -np.pi + (place + 0.5) * width
    mean = (mean + np.pi) % (2 * np.pi) - np.pi
    turns = [2 * np.pi * turn for turn in range(-3, 4)]
    return sum(
        ndtr((high + turn - mean) / deviation) - ndtr((low + turn - mean) / deviation)
        for turn in turns
    )
