from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.netx.magnitude import smallest


def test_the_smallest_go_first_signs_aside() -> None:
    weight = np.array([[5, -1, 3], [-4, 2, 0]])
    for count, gone in enumerate(([], [0], [0, 1], [0, 1, 2], [0, 1, 2, 3])):
        found = smallest(weight, count)
        assert found.shape == weight.shape
        assert sorted(np.abs(weight[found]).tolist()) == gone
    assert smallest(weight, 6).all()


def test_of_equal_weights_the_first_go_first() -> None:
    assert smallest(np.array([2, -1, 1, 1, -2]), 2).tolist() == [False, True, True, False, False]
    many = np.ones((40, 50))
    assert np.flatnonzero(smallest(many, 300)).tolist() == [*range(300)]


def test_a_spared_weight_stays() -> None:
    weight = np.array([[3, 1], [2, 1]])
    assert smallest(weight, 2, spared=1).tolist() == [[False, False], [True, True]]
    assert smallest(weight, 4, spared=0).tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.float32, np.float64])
def test_numbers_of_any_type_in_any_order(dtype: type) -> None:
    weight = (np.random.default_rng(0).permutation(200) - 100).astype(dtype)
    found = smallest(weight.reshape(10, 20), 101)
    assert np.abs(weight[found.ravel()].astype(int)).max() == 50


def test_close_floats_are_told_apart() -> None:
    weight = np.float32([1 + 2**-20, 1, 1 + 2**-22])
    assert smallest(weight, 1).tolist() == [False, True, False]
