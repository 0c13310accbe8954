"""How much memory a network takes to lay out and run, from its sizes alone."""

from __future__ import annotations

import math

from neurodeploy.netx.layers import Conv, Dense, Layer
from neurodeploy.netx.layers.dense import MAX_DELAY_STEPS
from neurodeploy.netx.network import Network

BYTES_PER_INPUT = 64
BYTES_PER_NEURON = 160
BYTES_PER_WEIGHT = 24
BYTES_PER_TILED_WEIGHT = 3
BYTES_PER_DELAY = 24
BYTES_PER_PLACE = 512
BYTES_PER_TAP = 64
BYTES_PER_LAYER = 1 << 14
CONNECTIONS_PER_BYTE = 4
TILE = 128


def run_bytes(network: Network) -> int:
    """Bytes that the native engine takes for a network and a sample of a few steps, about.

    The figures above are rounded up from peaks of `NativeEngine` on one wide layer of each kind
    (``tests/netx/test_footprint.py`` holds them). A convolution is also charged for the time that
    its connections take to be counted.

    Parameters
    ----------
    network : Network
        Of any size; nothing is made.
    """
    before = (network.input_shape, *network.shapes)
    layers = zip(network.layers, before[:-1], before[1:], strict=True)
    return sum(_layer(layer, math.prod(i), math.prod(o), i, o) for layer, i, o in layers)


def _layer(
    layer: Layer, inputs: int, outputs: int, before: tuple[int, ...], after: tuple[int, ...]
) -> int:
    needed = BYTES_PER_LAYER + BYTES_PER_INPUT * inputs + BYTES_PER_NEURON * outputs
    needed += BYTES_PER_WEIGHT * sum(matrix.size for matrix in layer.matrices.values())
    if isinstance(layer, Conv):
        return needed + _convolution(layer, before, after)
    for rows, columns in (matrix.shape for matrix in layer.matrices.values()):
        needed += BYTES_PER_TILED_WEIGHT * columns * (rows + -rows % TILE)
    if isinstance(layer, Dense) and layer.delay is not None:
        needed += BYTES_PER_DELAY * layer.weight.size + 4 * (MAX_DELAY_STEPS + 2) * outputs
    return needed


def _convolution(layer: Conv, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    sides = [size + 2 * pad for size, pad in zip(before[1:], layer.padding, strict=True)]
    taps = layer.weight.shape[2:]
    axes = zip(before[1:], taps, strict=True)
    tables = sum(side * (BYTES_PER_PLACE + BYTES_PER_TAP * tap) for side, tap in axes)
    connections = math.prod(after[1:]) * before[0] * math.prod(taps)
    padded = 3 * 8 * before[0] * math.prod(sides)
    return tables + padded + connections // CONNECTIONS_PER_BYTE
