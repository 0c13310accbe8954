"""Intervals of shares."""

from __future__ import annotations

import numpy as np

Z = 1.959963984540054
"""Standard deviations of a normal distribution that hold 95 % of it."""


def wilson(share: np.ndarray | float, number: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval, in which a share lies 95 % of the time.

    Parameters
    ----------
    share : float or array
        Of right answers, 0 to 1.
    number : float or array
        Independent answers, which need not be whole; without any, the interval is 0 to 1.

    Returns
    -------
    two arrays
        Lower and upper ends.
    """
    share, number = np.asarray(share, float), np.asarray(number, float)
    counted = np.maximum(number, 1e-12)
    spread = Z * np.sqrt(share * (1 - share) / counted + Z**2 / (4 * counted**2))
    scale = 1 + Z**2 / counted
    middle = (share + Z**2 / (2 * counted)) / scale
    low, high = np.clip(middle - spread / scale, 0, 1), np.clip(middle + spread / scale, 0, 1)
    none = number <= 0
    return np.where(none, 0.0, low), np.where(none, 1.0, high)
