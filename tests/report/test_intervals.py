from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from neurodeploy.report.intervals import wilson


@pytest.mark.parametrize(("right", "number"), [(0, 5), (5, 5), (7, 40), (486, 500)])
def test_it_is_scipys(right: int, number: int) -> None:
    found = binomtest(right, number).proportion_ci(method="wilson")
    assert wilson(right / number, number) == pytest.approx((found.low, found.high), abs=1e-12)


def test_nothing_asked_says_nothing() -> None:
    low, high = wilson(np.array([0.0, 0.5]), np.array([0, 4]))
    assert (low[0], high[0]) == (0, 1)
    assert 0 < low[1] < 0.5 < high[1] < 1
