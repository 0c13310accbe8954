"""Magnitude pruning: which weights of a matrix go first."""

from __future__ import annotations

import numpy as np


def smallest(weight: np.ndarray, count: int, *, spared: int | None = None) -> np.ndarray:
    """The smallest weights of a matrix, signs aside; the first ones where several are equal.

    Parameters
    ----------
    weight : int or float array
        Of any shape.
    count : int
        How many; all but the spared one, if there are no more.
    spared : int, optional
        Flat place of a weight that is not among them.

    Returns
    -------
    bool array
        Of the weight's shape; True where they are.
    """
    size = np.abs(weight.ravel())
    if size.dtype.kind in "iu":
        size = size.astype(np.min_scalar_type(size.max()))  # numpy sorts narrow integers faster
    order = np.argsort(size, kind="stable")
    chosen = np.zeros(weight.size, bool)
    chosen[order[order != spared][:count]] = True
    return chosen.reshape(weight.shape)
