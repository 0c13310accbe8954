"""Rounding with error feedback: what one weight loses, those that fire with it make good.

The error of a neuron is e @ H @ e for the errors e of its weights and the second moments H of what
arrives at them. `round_with_feedback` rounds one synapse after another and takes each error out
with those still to come (Frantar et al. 2022, GPTQ); `descend` then moves single weights as long
as the error falls.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.adopt.levels import Levels

DAMPING = 0.01
"""Part of the mean moment that every synapse is taken to have besides its own."""
SWEEPS = 4
"""Most passes over all synapses of `descend`."""


def damped(moments: np.ndarray) -> np.ndarray:
    """Moments [synapse, synapse] that can be inverted, of synapses that got no spike too."""
    return moments + (DAMPING * np.mean(np.diag(moments)) or 1.0) * np.eye(len(moments))


def error(weight: np.ndarray, wanted: np.ndarray, moments: np.ndarray) -> float:
    """Summed squared error of the voltages of all neurons, for weights [neuron, synapse]."""
    off = weight - wanted
    return float(np.vdot(off @ moments, off))


def carriers(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In which order synapses are rounded, and how each error is spread over later ones.

    Returns
    -------
    order : int64 array [synapse]
        The largest moment first.
    spread : float64 array [synapse, synapse]
        The upper Cholesky factor of the inverse moments, in that order.
    """
    order = np.argsort(-np.diag(moments), kind="stable")
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    return order, np.linalg.cholesky((inverse + inverse.T) / 2).T


def round_with_feedback(
    scaled: np.ndarray, levels: Levels, order: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """Levels int32 [neuron, synapse] for weights float64 [neuron, synapse] that have been scaled.

    ``order`` and ``spread`` are from `carriers`.
    """
    left = scaled[:, order]
    rounded = np.empty(scaled.shape, np.int32)
    for place, synapse in enumerate(order):
        rounded[:, synapse] = levels.nearest(left[:, place])
        lost = (left[:, place] - rounded[:, synapse]) / spread[place, place]
        left[:, place + 1 :] -= np.outer(lost, spread[place, place + 1 :])
    return rounded


def descend(
    rounded: np.ndarray, scaled: np.ndarray, levels: Levels, moments: np.ndarray
) -> np.ndarray:
    """Levels int32 [neuron, synapse] from which no single weight can be moved to a better one.

    Or what is reached after some passes.
    """
    rounded = rounded.copy()
    slope = (rounded - scaled) @ moments
    for _ in range(SWEEPS):
        before = rounded.copy()
        for synapse in range(len(moments)):
            best = rounded[:, synapse] - slope[:, synapse] / moments[synapse, synapse]
            change = levels.nearest(best) - rounded[:, synapse]
            neurons = np.flatnonzero(change)
            if len(neurons):
                rounded[neurons, synapse] += change[neurons]
                slope[neurons] += np.outer(change[neurons], moments[synapse])
        if (rounded == before).all():
            break
    return rounded
