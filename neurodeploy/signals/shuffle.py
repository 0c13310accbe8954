"""A control: spikes without their timing."""

from __future__ import annotations

import numpy as np


def shuffle_times(spikes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute the steps of every neuron of every sample by themselves; the counts stay.

    Parameters
    ----------
    spikes : ndarray [sample, neuron, time]
    rng : numpy.random.Generator

    Returns
    -------
    ndarray [sample, neuron, time]
    """
    return rng.permuted(spikes, axis=-1)
