"""What spikes bring to a dense layer in the next step, compiled: rows of weights are added up."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.borrowing import shaped
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.layout import TILE
from neurodeploy.engines.native.pieces import sum_tile
from neurodeploy.engines.native.signatures import I8, I16, I32, I64, LAYER_TYPE

ROWS16 = 120
"""Rows of weights in -256 to 255 whose sum 16 bits surely hold."""


@compiled(nb.void(I8, nb.int64, nb.int64, I32, I32, I32))
def sum_rows8(weights, start, rows, spikes, tile, arriving):
    """Sum the weights of the inputs that spiked, tile by tile."""
    for first in range(0, arriving.size, TILE):
        place, missing = start + first * rows, first + TILE - arriving.size
        if missing <= 0:
            sum_tile(weights, place, spikes, spikes.size, arriving, first)
        else:
            sum_tile(weights, place, spikes, spikes.size, tile, 0)
            for j in range(TILE - missing):
                arriving[np.uint64(first + j)] = tile[j]


@compiled(nb.void(I16, I32, I16, I32))
def sum_rows16(weights, spikes, acc16, arriving):
    """The same for 16-bit weights, four rows at a time."""
    outputs = arriving.size
    arriving[:] = 0
    for first in range(0, spikes.size, ROWS16):
        last = min(first + ROWS16, spikes.size)
        acc16[:] = 0
        k = first
        while k + 4 <= last:
            a = weights[spikes[k] * outputs :][:outputs]
            b = weights[spikes[k + 1] * outputs :][:outputs]
            c = weights[spikes[k + 2] * outputs :][:outputs]
            d = weights[spikes[k + 3] * outputs :][:outputs]
            for j in range(outputs):
                acc16[j] = np.int16(acc16[j] + a[j] + b[j] + c[j] + d[j])
            k += 4
        while k < last:
            a = weights[spikes[k] * outputs :][:outputs]
            for j in range(outputs):
                acc16[j] = np.int16(acc16[j] + a[j])
            k += 1
        for j in range(outputs):
            arriving[j] += acc16[j]


@compiled(nb.void(I16, I32, I32, nb.boolean, I64))
def _add_rows64(weights, spikes, values, graded, sums):
    """Sum in 64 bits the stored weights times the values, products that wrap at 32 bits."""
    outputs = sums.size
    sums[:] = 0
    for k in range(spikes.size):
        value = values[k] if graded else np.int32(1)
        row = weights[spikes[k] * outputs :][:outputs]
        for j in range(outputs):
            sums[j] += np.int32(row[j] * value)


@compiled(nb.void(LAYER_TYPE, I16, I32, I32, I64, I32))
def sum_rows64(layer, weights, spikes, values, acc64, arriving):
    """Sum as Lava's Dense does: wrap at 32 bits, then shift back."""
    outputs, sums = layer.outputs, acc64[: arriving.size]
    shift, imaginary_shift = layer.shift, layer.imaginary_shift
    _add_rows64(weights, spikes, values, layer.graded_input != 0, sums)
    for j in range(outputs):
        arriving[j] = np.int32(sums[j]) >> shift
    for j in range(outputs, arriving.size):
        arriving[j] = np.int32(sums[j]) >> imaginary_shift


@compiled(nb.void(nb.int32[:, ::1], nb.int64, I32, I32))
def delay_sums(buffer, now, delays, arriving):
    """Keep the sums of this step; give each neuron those of its delay ago."""
    for j in range(arriving.size):
        buffer[now, j] = arriving[j]
    for j in range(arriving.size):
        arriving[j] = buffer[(now - delays[j]) & (buffer.shape[0] - 1), j]


@compiled(nb.void(nb.int32[:, ::1], nb.int64, I16, I32, I32))
def delay_synapses(buffer, now, weights, delays, spikes):
    """Add every weight to the sums of the step it arrives in."""
    outputs = buffer.shape[1]
    for k in range(spikes.size):
        start = spikes[k] * outputs
        for j in range(outputs):
            buffer[(now + delays[start + j]) & (buffer.shape[0] - 1), j] += weights[start + j]


@compiled(nb.void(LAYER_TYPE, nb.int32[:, ::1], nb.int64, I16, I32, I32, I32, I64))
def delay_synapses64(layer, buffer, now, weights, delays, spikes, values, acc64):
    """The same as Lava's DelayDense: the sum of each delay is shifted back by itself."""
    steps, outputs = buffer.shape
    graded, shift = layer.graded_input != 0, layer.shift
    sums = shaped(acc64, (steps, outputs))
    sums[:] = 0
    for k in range(spikes.size):
        start = spikes[k] * outputs
        value = values[k] if graded else np.int32(1)
        for j in range(outputs):
            sums[delays[start + j], j] += np.int32(weights[start + j] * value)
    for delay in range(steps):
        for j in range(outputs):
            buffer[(now + delay) & (steps - 1), j] += sums[delay, j] >> shift
