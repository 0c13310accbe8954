"""Each hand-written piece against the plain loop of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import pytest

from neurodeploy.engines.native import plain, simd
from neurodeploy.engines.native.layout import LANES, TILE
from neurodeploy.engines.native.spikes import trailing_zeros

INT32 = np.iinfo(np.int32)


@pytest.fixture(params=range(5))
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(request.param)


def called(piece: Callable[..., Any]) -> Callable[..., Any]:
    """To call an intrinsic from Python."""

    @nb.njit
    def call(*arguments: Any) -> Any:
        return piece(*arguments)

    return call


PIECES = ("sum_tile", "update_cuba", "add_run", "wrap_lanes", "nonzero_bits")
SIMD, PLAIN = ({name: called(getattr(module, name)) for name in PIECES} for module in (simd, plain))


def both(name: str, *arguments: Any) -> list[Any]:
    """Results of both, and the arrays that they leave."""
    found = []
    for pieces in (SIMD, PLAIN):
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        found.append((pieces[name](*copies), copies))
    (mine, mine_left), (its, its_left) = found
    for left, expected in zip(mine_left, its_left, strict=True):
        np.testing.assert_array_equal(left, expected)
    assert mine == its
    return mine_left


@pytest.mark.parametrize("spikes", [0, 1, 2, 247, 248, 249, 700])
@pytest.mark.parametrize("weights", [(-128, 128), (-128, -127), (127, 128)])
def test_sum_tile(rng: np.random.Generator, spikes: int, weights: tuple[int, int]) -> None:
    rows = 40
    tiles = rng.integers(*weights, 2 * rows * TILE).astype(np.int8)
    chosen = rng.integers(0, rows, spikes).astype(np.int32)
    sums = rng.integers(-9, 9, TILE + 5).astype(np.int32)
    left = both("sum_tile", tiles, rows * TILE, chosen, spikes, sums, 3)[4]
    lower = tiles.reshape(2, rows, TILE // 2, 2)[1, chosen, :, 0] ^ np.int8(-128)
    np.testing.assert_array_equal(left[3 : 3 + TILE // 2], lower.sum(0, dtype=np.int32))
    np.testing.assert_array_equal(left[:3], sums[:3])
    np.testing.assert_array_equal(left[-2:], sums[-2:])


@pytest.mark.parametrize("left", [1, 7, LANES, LANES + 1, 90])
@pytest.mark.parametrize("limit", [2**12, 2**23, 2**31 - 1])
def test_update_cuba(rng: np.random.Generator, left: int, limit: int) -> None:
    size, first = 3 * LANES, LANES
    current, voltage, arriving, bias = rng.integers(-limit, limit, (4, size)).astype(np.int32)
    edges = [INT32.min, INT32.max, 2**23, -(2**23), 2**23 - 1, 1 - 2**23]
    current[first : first + 6] = rng.permutation(edges)
    voltage[first : first + 6] = rng.permutation(edges)
    factors = rng.integers(0, 4097, (2, size)).astype(np.int16)
    factors[:, first + 2 : first + 4] = [[0, 4096]]
    threshold, scale = np.int32(rng.integers(0, 2**23)), np.int32(64)
    arrays = (current, voltage, arriving, bias, *factors)
    both("update_cuba", *arrays, first, np.int32(left), scale, threshold)


@pytest.mark.parametrize(
    ("sums", "weights"), [(np.int16, np.int16), (np.int32, np.int32), (np.int64, np.int32)]
)
@pytest.mark.parametrize("lanes", [0, 1, 4])
def test_add_run(rng: np.random.Generator, sums: type, weights: type, lanes: int) -> None:
    size = lanes * LANES
    limits = [np.iinfo(dtype) for dtype in (sums, weights)]
    one, other = (
        rng.integers(limit.min, limit.max, 5 + size).astype(dtype)
        for limit, dtype in zip(limits, (sums, weights), strict=True)
    )
    value = np.int32(rng.integers(-(2**16), 2**16))
    both("add_run", one, 5, other, 3, size, value)


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_wrap_lanes(rng: np.random.Generator, dtype: type) -> None:
    limit = np.iinfo(dtype)
    sums = rng.integers(limit.min, limit.max, LANES + 3).astype(dtype)
    both("wrap_lanes", sums, 3, np.zeros(LANES + 1, np.int32), 1)


@pytest.mark.parametrize("rate", [0, 0.1, 1])
def test_nonzero_bits(rng: np.random.Generator, rate: float) -> None:
    values = (rng.random(70) < rate).astype(np.uint8) * np.uint8(rng.integers(1, 256))
    both("nonzero_bits", values, 6)
    expected = sum(1 << k for k in range(64) if values[k])
    assert SIMD["nonzero_bits"](values, 0) == expected


@pytest.mark.parametrize("mask", [1, 2, 3 << 40, 5 << 17, 1 << 63, 2**64 - 1])
def test_trailing_zeros(mask: int) -> None:
    assert trailing_zeros(np.uint64(mask)) == (mask & -mask).bit_length() - 1


def test_trailing_zeros_of_nothing() -> None:
    assert trailing_zeros(np.uint64(0)) == 64
