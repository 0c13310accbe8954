"""Which points no other one beats in everything."""

from __future__ import annotations

import numpy as np


def pareto_front(costs: np.ndarray) -> np.ndarray:
    """Places of the points that no other one dominates, by rising first cost.

    A point dominates another one if it costs no more of anything and less of something. Of points
    that cost the same, the first is in the front.

    Parameters
    ----------
    costs : float array [point, cost]
        All of them are to be small.

    Returns
    -------
    int array [point of the front]
    """
    front: list[int] = []
    for place in np.lexsort(costs.T[::-1]):
        if not (costs[front] <= costs[place]).all(1).any():
            front.append(int(place))
    return np.array(front, np.int64)
