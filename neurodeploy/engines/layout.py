"""The order of the axes of an input: as the network states it, or a clear word on how to get it."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np

from neurodeploy.errors import InputError, message

MOST_AXES = 6
"""Of an array whose axes are tried in other orders."""


def in_layout(spikes: np.ndarray, features: tuple[int, ...], where: str) -> np.ndarray:
    """A batch with the feature axes that a network states.

    Parameters
    ----------
    spikes : array [sample, *features, time]
        With these features, these flattened in this order, or with more or fewer axes of length 1.
    features : tuple of int
        The network's own.
    where : str
        Named in errors.

    Returns
    -------
    array [sample, *features, time]
        Or what was given, if it has another number of values.

    Raises
    ------
    InputError
        There are as many values, in axes of another order or number; the message says how to move
        or flatten them.
    """
    found = spikes.shape[1:-1]
    if found == features or spikes.ndim < 3:
        return spikes
    if found == (math.prod(features),) or _long(found) == _long(features):
        return spikes.reshape(len(spikes), *features, spikes.shape[-1])
    if remedy := _remedy(spikes.shape, features):
        axes = ", ".join(map(str, features))
        raise InputError(message(where, f"[batch, {axes}, time]", list(spikes.shape), remedy))
    return spikes


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size > 1)


def _remedy(shape: tuple[int, ...], features: tuple[int, ...]) -> str:
    if len(shape) == len(features) + 2 <= MOST_AXES:
        moves = _moves(shape, features)
        if moves:
            return f"Move the axes: {' or '.join(moves)}."
    if math.prod(shape[1:-1]) == math.prod(features):
        if len(features) == 1:
            return (
                "A flat network does not say in which order an image is flattened. In the order "
                f"of these axes it is spikes.reshape({shape[0]}, {features[0]}, {shape[-1]})."
            )
        return "The axes have other lengths than those that the network states."
    return ""


def _moves(shape: tuple[int, ...], features: tuple[int, ...]) -> list[str]:
    """Calls that bring axes of these lengths into the order [batch, *features, time].

    The batch stays first and the time last where that can be; else either of the first two may be
    the time, as it is first in snnTorch and norse.
    """
    last = len(shape) - 1
    if order := _order(shape, features, 0, last):
        return [_call(order)]
    time_later = next(filter(None, (_order(shape, features, 0, t) for t in range(1, last))), None)
    time_first = _order(shape, features, 1, 0)
    said = [(time_later, ""), (time_first, " where the time is first")]
    return [_call(order) + words for order, words in said if order]


def _order(
    shape: tuple[int, ...], features: tuple[int, ...], batch: int, time: int
) -> tuple[int, ...] | None:
    """The axes of batch, features and time, if those between have the lengths of the features."""
    between = [axis for axis in range(len(shape)) if axis not in (batch, time)]
    for axes in permutations(between):
        if tuple(shape[axis] for axis in axes) == features:
            return (batch, *axes, time)
    return None


def _call(order: tuple[int, ...]) -> str:
    """``np.moveaxis`` of one axis where that is enough, else ``np.transpose``."""
    axes = list(range(len(order)))
    for source in axes:
        for target in axes:
            moved = [axis for axis in axes if axis != source]
            moved.insert(target, source)
            if tuple(moved) == order and source != target:
                return f"np.moveaxis(spikes, {source}, {target})"
    return f"np.transpose(spikes, {order})"
