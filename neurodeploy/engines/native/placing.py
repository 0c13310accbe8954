"""The pools that layers share, while layers are appended to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.engines.native.layout import LANES, PLACE, Pools

CACHE_LINE = 64
"""Bytes that memory moves at once."""


@dataclass
class Sizes:
    """How much the layers need of the state and of each array of `Scratch`."""

    state: int = 0
    acc16: int = 1
    acc32: int = 1
    acc64: int = 1
    joined: int = 1

    def grow(self, **needed: int) -> None:
        """Make them at least so large."""
        for name, size in needed.items():
            setattr(self, name, max(getattr(self, name), size))


class GrowingPools:
    """Takes arrays one after another; says at which offset each begins."""

    def __init__(self) -> None:
        self._weights = {bits: _Growing(f"int{bits}") for bits in (8, 16, 32)}
        self._factors = _Growing(np.int16), _Growing(np.int16)
        self._bias, self._order = _Growing(np.int32), _Growing(np.int32)
        self._places, self._tables = _Growing(PLACE), _Growing(np.int32)

    def add_weights(self, bits: int, weight: np.ndarray) -> int:
        """Weights, in the pool of so many bits."""
        return self._weights[bits].add(weight)

    def add_neurons(
        self, factors: tuple[np.ndarray, np.ndarray], bias: np.ndarray, order: np.ndarray
    ) -> int:
        """All of one layer, arrays [neuron]."""
        for growing, factor in zip(self._factors, factors, strict=True):
            growing.add(factor)
        self._bias.add(bias)
        return self._order.add(order)

    def add_places(self, places: np.ndarray) -> int:
        """One `PLACE` for each input of a convolution."""
        return self._places.add(places)

    def add_tables(self, *tables: np.ndarray) -> int:
        """Tables one behind another; give the offset of the first."""
        offset, *_ = [self._tables.add(table) for table in tables]
        return offset

    def finished(self) -> Pools:
        """All of them. Arrays of neurons go on for `LANES` more, which kernels read."""
        factors = np.stack([growing.joined(LANES) for growing in self._factors])
        return Pools(
            weights8=self._weights[8].joined(),
            weights16=self._weights[16].joined(),
            weights32=self._weights[32].joined(),
            factors=factors,
            bias=self._bias.joined(LANES),
            order=self._order.joined(),
            places=self._places.joined(),
            tables=self._tables.joined(),
        )


class _Growing:
    """Arrays of one type, one behind another."""

    def __init__(self, dtype: np.typing.DTypeLike) -> None:
        self._blocks = [np.zeros(0, dtype)]
        self._size = 0

    def add(self, array: np.ndarray) -> int:
        offset = self._size
        self._blocks.append(array.ravel().astype(self._blocks[0].dtype, copy=False))
        self._size += array.size
        return offset

    def joined(self, more: int = 0) -> np.ndarray:
        values = aligned(self._size + more, self._blocks[0].dtype)
        np.concatenate(self._blocks, out=values[: self._size])
        return values


def aligned(size: int, dtype: np.typing.DTypeLike) -> np.ndarray:
    """Zeros that begin at a cache line."""
    room = np.zeros(size * np.dtype(dtype).itemsize + CACHE_LINE, np.uint8)
    return room[-room.ctypes.data % CACHE_LINE :][: room.size - CACHE_LINE].view(dtype)
