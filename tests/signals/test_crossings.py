"""Level crossings: what was told follows the level, a delta a step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.signals.crossings import level_crossings


def test_by_hand() -> None:
    levels = np.array([[0.0, 1.0, 3.2, 3.2, 3.2, 0.9], [5.0, 5.0, 4.4, 4.6, 5.5, 5.5]])
    sent = level_crossings(levels, np.array([1.0, 0.5]), levels[:, 0])
    assert sent.tolist() == [
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 1],
        [0, 0, 1, 0, 0, 0],
    ]


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=30))
def test_a_channel_that_stands_still_long_enough_is_known_to_a_delta(values: list[float]) -> None:
    still = np.array([values + [values[-1]] * 20])
    up, down = level_crossings(still, np.array([0.5]), np.zeros(1)).astype(int)
    assert abs(0.5 * (up.sum() - down.sum()) - values[-1]) < 0.5 + 1e-9
    assert not (up & down).any()
