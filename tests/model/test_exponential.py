"""Compiled exponentials beside numpy's in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neurodeploy.model.compiling import compiled
from neurodeploy.model.exponential import falling_exp, log_1_plus


@compiled
def falling(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = falling_exp(x[i])


@compiled
def logarithms(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = log_1_plus(x[i])


def units_off(loop: Callable[..., None], x: np.ndarray, expected: np.ndarray) -> float:
    """Largest error, in units in the last place of the float32 that is nearest."""
    found = np.empty_like(x)
    loop(x, found)
    return float(np.max(np.abs(found - expected) / np.spacing(np.abs(expected.astype(np.float32)))))


def test_falling_exp_is_within_a_unit_in_the_last_place() -> None:
    x = np.concatenate([np.linspace(0, 87, 200_001), np.geomspace(1e-30, 1, 10_001)])
    x = x.astype(np.float32)
    assert units_off(falling, x, np.exp(-x.astype(np.float64))) <= 1


@pytest.mark.parametrize("x", [88.0, 1e6, np.inf])
def test_falling_exp_is_as_good_as_0_far_out(x: float) -> None:
    found = np.empty(1, np.float32)
    falling(np.array([x], np.float32), found)
    assert 0 <= found[0] < 2e-38


def test_log_1_plus_is_within_two_units_in_the_last_place() -> None:
    x = np.concatenate([np.linspace(0, 1, 200_001)[1:], np.geomspace(1e-30, 1, 10_001)])
    x = x.astype(np.float32)
    assert units_off(logarithms, x, np.log1p(x.astype(np.float64))) <= 2


def test_log_1_plus_nothing_is_nothing() -> None:
    found = np.ones(1, np.float32)
    logarithms(np.zeros(1, np.float32), found)
    assert found[0] == 0
