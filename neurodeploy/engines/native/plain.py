"""The loops of `simd` without hand-written LLVM: same names, same arguments, same results."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.layout import LANES, TILE
from neurodeploy.engines.native.rules import LIMIT, WRAP, scaled
from neurodeploy.engines.native.signatures import I8, I16, I32, I64


@compiled(nb.void(I8, nb.int64, I32, nb.int64, I32, nb.int64))
def sum_tile(weights, start, spikes, size, sums, place):
    """Sum the tile at ``start`` over the rows of ``size`` spikes, into sums from ``place`` on."""
    half = TILE // 2
    for j in range(TILE):
        sums[place + j] = 0
    for k in range(size):
        row = start + np.int64(spikes[k]) * TILE
        for j in range(half):
            sums[place + j] += np.int8(weights[row + 2 * j] ^ np.int8(-128))
            sums[place + half + j] += weights[row + 2 * j + 1]


@compiled(nb.uint64(I32, I32, I32, I32, I16, I16, nb.int64, nb.int32, nb.int32, nb.int32))
def update_cuba(
    current,
    voltage,
    arriving,
    bias,
    current_factor,
    voltage_factor,
    first,
    left,
    scale,
    threshold,
):
    """Update `LANES` neurons, or what is ``left`` from ``first`` on; give a bit for each spike.

    Current: decay, add, wrap once. Voltage: decay, add, clip, spike, reset. Every sum wraps at
    32 bits, as in Lava.
    """
    mask = np.uint64(0)
    for lane in range(min(left, LANES)):
        j = first + lane
        total = np.int32(scaled(current[j], current_factor[j]) + arriving[j] * scale)
        if total > LIMIT:
            total = np.int32(total - WRAP)
        elif total < 1 - LIMIT:
            total = np.int32(total + WRAP)
        current[j] = total
        total = np.int32(scaled(voltage[j], voltage_factor[j]) + total + bias[j])
        total = min(max(total, np.int32(1 - LIMIT)), np.int32(LIMIT - 1))
        spike = total > threshold
        voltage[j] = 0 if spike else total
        mask |= np.uint64(spike) << np.uint64(lane)
    return mask


@compiled(
    nb.void(I16, nb.int64, I16, nb.int64, nb.int64, nb.int32),
    nb.void(I32, nb.int64, I32, nb.int64, nb.int64, nb.int32),
    nb.void(I64, nb.int64, I32, nb.int64, nb.int64, nb.int32),
)
def add_run(sums, target, weights, source, size, value):
    """Add ``size`` weights, a multiple of `LANES`, from ``source`` on to sums from ``target`` on.

    To sums of 64 bits they are added times ``value``.
    """
    for j in range(size):
        if sums.itemsize == 8:
            sums[target + j] += np.int64(weights[source + j]) * value
        else:
            sums[target + j] += weights[source + j]


@compiled(nb.void(I16, nb.int64, I32, nb.int64), nb.void(I32, nb.int64, I32, nb.int64))
def wrap_lanes(sums, start, arriving, first):
    """Wrap `LANES` sums from ``start`` on at 24 bits, and put them from ``first`` on."""
    for j in range(LANES):
        arriving[first + j] = np.int32(np.int32(sums[start + j]) << 8) >> 8


@compiled(nb.uint64(nb.uint8[::1], nb.int64))
def nonzero_bits(values, start):
    """Which of 64 values from ``start`` on are not 0, the first in the lowest bit."""
    bits = np.uint64(0)
    for k in range(64):
        bits |= np.uint64(values[start + k] != 0) << np.uint64(k)
    return bits
