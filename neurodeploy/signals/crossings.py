"""Level crossings of signals that are sampled channel by channel.

Send-on-delta (Miskowicz 2006, Sensors 6, 49-63): whenever the level of a channel is a delta above
what was last told, it sends *up* and what was told rises by delta; *down* is the same below.
"""

from __future__ import annotations

import numpy as np


def level_crossings(levels: np.ndarray, delta: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Spikes of levels.

    A level that moves by several deltas in a step sends one spike a step until it is told.

    Parameters
    ----------
    levels : float array [channel, step]
    delta : float array [channel]
        More than 0.
    told : float array [channel]
        What is known before the first step.

    Returns
    -------
    uint8 array [up or down of each channel, step]
    """
    channels, steps = levels.shape
    told = told.astype(np.float64)
    spikes = np.zeros((2, channels, steps), np.uint8)
    for step in range(steps):
        up = levels[:, step] >= told + delta
        down = levels[:, step] <= told - delta
        told += delta * (up.astype(np.float64) - down)
        spikes[0, :, step], spikes[1, :, step] = up, down
    return spikes.reshape(2 * channels, steps)
