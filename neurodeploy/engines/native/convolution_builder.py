"""A convolution laid out: which weights an input adds to which sums, as runs of neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.engines.native.layout import LANES, PLACE, Kind
from neurodeploy.engines.native.placing import GrowingPools, Sizes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Conv

Shapes = Sequence[tuple[int, ...]]
"""Of what arrives, and of the output: [channel, y, x]."""


def place_convolution(
    row: np.void, layer: Conv, shapes: Shapes, order: np.ndarray, pools: GrowingPools, sizes: Sizes
) -> None:
    """Fill in what a record of `LAYER` says of a convolution.

    Parameters
    ----------
    row : np.void
        A record of `LAYER`, written to.
    layer : Conv
    shapes : sequence of two tuples
    order : int array [input]
        The feature that each input is.
    pools : GrowingPools
    sizes : Sizes
    """
    weight = layer.weight.astype(np.int64)
    row["kind"], bits, halved = _kind(weight, bool(row["graded_input"]))
    row["scale"] = 1 << halved
    weight >>= halved
    channels, inputs, *kernel = weight.shape
    (_, height, across), of_group = shapes[1], channels // layer.groups
    padded = of_group + -of_group % LANES
    stride = padded if layer.groups == 1 else channels
    row["positions"], row["channels"], row["channel_stride"] = height * across, channels, stride
    acc = {Kind.CONV_ACC16: "acc16", Kind.CONV_ACC32: "acc32", Kind.CONV_ACC64: "acc64"}
    sizes.grow(**{acc[Kind(row["kind"])]: height * across * stride + padded})

    vertical, horizontal = (
        _Taps(kernel[axis], layer.stride[axis], layer.padding[axis], layer.dilation[axis])
        for axis in (0, 1)
    )
    grouped = weight.reshape(layer.groups, of_group, inputs, *kernel)
    grouped = grouped[..., vertical.order, :][..., horizontal.order].transpose(0, 2, 3, 4, 1)
    whole_lanes = [(0, 0)] * 4 + [(0, padded - of_group)]
    row["weight"] = pools.add_weights(bits, np.pad(grouped, whole_lanes))

    places = np.zeros(len(order), PLACE)
    channel, places["y"], places["x"] = np.unravel_index(order, shapes[0])
    places["weight"] = channel * math.prod(kernel) * padded
    places["channel"] = channel // inputs * of_group
    row["places"] = pools.add_places(places)

    if not row["graded_input"]:
        row["all_sums"] = pools.add_weights(32, _sums_of_ones(layer, weight, shapes))
        sizes.grow(joined=len(order))

    taps = vertical.taps(shapes[0][1], height)
    rows = [[(to * across * stride, tap * kernel[1] * padded) for to, tap in of] for of in taps]
    runs = horizontal.runs(shapes[0][2], across, joined=layer.groups == 1)
    columns = [[(to * stride, tap * padded, n * padded) for to, tap, n in of] for of in runs]
    row["row_taps"], row["most_row_taps"] = _ragged(pools, rows, (-1, 0))
    row["column_runs"], row["most_column_runs"] = _ragged(pools, columns, (0, 0, 0))


def _kind(weight: np.ndarray, graded: bool) -> tuple[Kind, int, bool]:
    """The kind of a convolution, the bits of its weights, and whether half of them is stored."""
    if graded:
        return Kind.CONV_ACC64, 32, False
    halved = not (weight & 1).any()
    largest = np.abs(weight).reshape(len(weight), -1).sum(1).max()
    if largest >> halved < 1 << 15:
        return Kind.CONV_ACC16, 16, halved
    if largest < 1 << 31:
        return Kind.CONV_ACC32, 32, False
    raise NetworkError(message("weight", "kernels whose sum fits 32 bits", f"{largest}"))


def _ragged(
    pools: GrowingPools, lists: Sequence[Sequence[tuple[int, ...]]], end: tuple[int, ...]
) -> tuple[int, int]:
    """Place lists filled up to the longest with ``end``; give offset and length."""
    longest = max(1, *(len(each) for each in lists))
    table = [[*each, *[end] * (longest - len(each))] for each in lists]
    return pools.add_tables(np.array(table)), longest


@dataclass
class _Taps:
    """One axis of a kernel: which of its taps bring an input coordinate to which output.

    Taps lie in ``order``, such that those of neighbouring outputs are neighbours.
    """

    kernel: int
    stride: int
    padding: int
    dilation: int
    order: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.order = sorted(
            range(self.kernel), key=lambda tap: ((tap * self.dilation) % self.stride, -tap)
        )

    def taps(self, inputs: int, outputs: int) -> list[list[tuple[int, int]]]:
        """For each input, (output, place of the tap), by output."""
        return [
            sorted(
                (reach // self.stride, place)
                for place, tap in enumerate(self.order)
                for reach in [at + self.padding - tap * self.dilation]
                if reach % self.stride == 0 and 0 <= reach // self.stride < outputs
            )
            for at in range(inputs)
        ]

    def runs(self, inputs: int, outputs: int, *, joined: bool) -> list[list[tuple[int, int, int]]]:
        """For each input, (first output, place of its tap, outputs), neighbours ``joined``."""
        result: list[list[tuple[int, int, int]]] = []
        for taps in self.taps(inputs, outputs):
            runs: list[tuple[int, int, int]] = []
            for output, place in taps:
                first, start, length = runs[-1] if runs else (0, 0, 0)
                if joined and runs and (first + length, start + length) == (output, place):
                    runs[-1] = (first, start, length + 1)
                else:
                    runs.append((output, place, 1))
            result.append(runs)
        return result


def _sums_of_ones(layer: Conv, weight: np.ndarray, shapes: Shapes) -> np.ndarray:
    """What arrives [y, x, channel] in a step in which every input spikes."""
    inside = np.pad(np.ones(shapes[0][1:], np.int64), [(pad, pad) for pad in layer.padding])
    _, height, across = shapes[1]
    sums = np.zeros((height, across, len(weight)), np.int64)
    for y, x in np.ndindex(*weight.shape[2:]):
        top, left = y * layer.dilation[0], x * layer.dilation[1]
        rows = slice(top, top + (height - 1) * layer.stride[0] + 1, layer.stride[0])
        columns = slice(left, left + (across - 1) * layer.stride[1] + 1, layer.stride[1])
        sums += inside[rows, columns, None] * weight[:, :, y, x].sum(1)
    return sums
