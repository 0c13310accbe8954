"""The compiled loops of `neurodeploy.model.events`; each does one piece of work.

Arrays are named and shaped as there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.model.compiling import compiled, inlined
from neurodeploy.model.registers import LANES, add_rows, lowest_bit

SAMPLES = 4
"""Of a piece of work, in lists and in sums: some hundred rows."""

NEAR_ROWS = 128
"""Rows of errors, LANES wide, that stay in a core's cache while they are added."""

NEAR_INPUTS = 1024
"""Inputs whose weights to LANES outputs stay in a core's cache while they are added."""

TURNED = 128
"""Inputs of a piece of a matrix that is transposed, 8 outputs at a time."""

LINE = 128
"""Inputs of a piece of work on weights."""

ADDED = 255
"""Rows of 8-bit weights whose sum 16 bits surely hold: 255 times 128 is less than 2**15."""


@compiled
def list_spikes(spikes: Any, first: int, starts: Any, inputs: Any) -> None:
    """List the spikes of SAMPLES samples: as bits, 64 inputs at a time, and then bit by bit."""
    steps, batch, features = spikes.shape
    whole, words = features - features % 8, -(-features // 64)
    fired = np.zeros((steps, 64 * words), np.uint8)
    eights = fired.view(np.uint64)
    for b in range(first, min(first + SAMPLES, batch)):
        if spikes.strides[0] < spikes.strides[2]:
            for start in range(0, whole, 8):
                for t in range(steps):
                    for k in range(8):
                        fired[t, start + k] = spikes[t, b, start + k] != 0
            for t in range(steps):
                for i in range(whole, features):
                    fired[t, i] = spikes[t, b, i] != 0
        else:
            for t in range(steps):
                for i in range(features):
                    fired[t, i] = spikes[t, b, i] != 0
        n = b * steps * features
        for t in range(steps):
            starts[b, t] = n
            for word in range(words):
                bits = np.uint64(0)
                for k in range(8):
                    bits |= _gathered(eights[t, 8 * word + k]) << np.uint64(8 * k)
                while bits:
                    inputs[n] = 64 * word + lowest_bit(bits)
                    n += 1
                    bits &= bits - np.uint64(1)
        starts[b, steps] = n


@compiled
def store_levels(weight: Any, scale: float, first: int, levels: Any) -> None:
    """Whole numbers of the weights, those of an input side by side."""
    last = min(first + LINE, weight.shape[1])
    _copy(weight[:, first:last], levels[first:last].T, np.float32(scale))


@compiled
def sum_levels(starts: Any, inputs: Any, levels: Any, step: float, first: int, out: Any) -> None:
    """Sums of whole numbers of weights, times a step, of SAMPLES samples."""
    steps, batch, outputs = out.shape
    near = np.empty(outputs, np.int16)
    for b in range(first, min(first + SAMPLES, batch)):
        for t in range(steps):
            sums = out[t, b]
            sums[:] = 0
            for start in range(starts[b, t], starts[b, t + 1], ADDED):
                stop = min(start + ADDED, starts[b, t + 1])
                near[:] = 0
                for k in range(start, stop - 3, 4):
                    w0, w1 = levels[inputs[k]], levels[inputs[k + 1]]
                    w2, w3 = levels[inputs[k + 2]], levels[inputs[k + 3]]
                    for j in range(outputs):
                        near[j] += np.int16(w0[j]) + np.int16(w1[j]) + w2[j] + w3[j]
                for k in range(stop - (stop - start) % 4, stop):
                    w0 = levels[inputs[k]]
                    for j in range(outputs):
                        near[j] += w0[j]
                for j in range(outputs):
                    sums[j] += near[j] * np.float32(step)


@compiled
def add_weights(starts: Any, inputs: Any, weight: Any, tile: int, out: Any) -> None:
    """Sums to LANES outputs, for some inputs after others: their weights stay in a core's cache."""
    steps, batch, outputs = out.shape
    features = weight.shape[1]
    left = tile * LANES
    width = min(LANES, outputs - left)
    near = np.zeros((min(features, NEAR_INPUTS), LANES), np.float32)
    sums = np.zeros((batch * steps, LANES), np.float32)
    added = starts[:, :steps].copy()
    for start in range(0, features, NEAR_INPUTS):
        stop = min(start + NEAR_INPUTS, features)
        _copy(
            weight[left : left + width, start:stop], near.T[:width, : stop - start], np.float32(1)
        )
        for b in range(batch):
            for t in range(steps):
                first = last = added[b, t]
                while last < starts[b, t + 1] and inputs[last] < stop:
                    last += 1
                add_rows(near, start, inputs, first, last, sums, b * steps + t)
                added[b, t] = last
    for b in range(batch):
        for t in range(steps):
            for j in range(width):
                out[t, b, left + j] = sums[b * steps + t, j]


@compiled
def sort_by_input(starts: Any, inputs: Any, block: int, samples: int, ends: Any, rows: Any) -> None:
    """Sort the events of a block of samples by input; those of input i end at ``ends[i + 1]``."""
    batch, steps = starts.shape[0], starts.shape[1] - 1
    first, last = block * samples, min((block + 1) * samples, batch)
    ends[:] = 0
    ends[0] = starts[first, 0]
    for b in range(first, last):
        for k in range(starts[b, 0], starts[b, steps]):
            ends[inputs[k] + 2] += 1
    for i in range(1, len(ends)):
        ends[i] += ends[i - 1]
    for b in range(first, last):
        for t in range(steps):
            for k in range(starts[b, t], starts[b, t + 1]):
                place = inputs[k] + 1
                rows[ends[place]] = (b - first) * steps + t
                ends[place] += 1


@compiled
def add_errors(ends: Any, rows: Any, errors: Any, samples: int, tile: int, gradient: Any) -> None:
    """Gradients of the weights to LANES outputs: all blocks, one after another."""
    steps, batch, outputs = errors.shape
    blocks, features = len(ends), gradient.shape[1]
    left = tile * LANES
    width = min(LANES, outputs - left)
    near = np.zeros((samples * steps, LANES), np.float32)
    sums = np.empty((min(features, NEAR_INPUTS), LANES), np.float32)
    for start in range(0, features, NEAR_INPUTS):
        stop = min(start + NEAR_INPUTS, features)
        sums[:] = 0
        for block in range(blocks):
            first, last = block * samples, min((block + 1) * samples, batch)
            for b in range(first, last):
                for t in range(steps):
                    for j in range(width):
                        near[(b - first) * steps + t, j] = errors[t, b, left + j]
            for i in range(start, stop):
                add_rows(near, 0, rows, ends[block, i], ends[block, i + 1], sums, i - start)
        _copy(
            sums.T[:width, : stop - start], gradient[left : left + width, start:stop], np.float32(1)
        )


@inlined
def _gathered(eight: Any) -> Any:
    """Eight bytes, 0 or 1, as the bits of one, the first the lowest: the product moves byte i to
    bit 56 + i, and no two of its terms meet.
    """
    return (eight * np.uint64(0x0102040810204080)) >> np.uint64(56)


@inlined
def _copy(source: Any, target: Any, scale: Any) -> None:
    """Copy [output, input] times a number; outputs lie side by side in one of both, inputs in the
    other.
    """
    outputs, inputs = source.shape
    for start in range(0, inputs, TURNED):
        stop = min(start + TURNED, inputs)
        for j in range(0, outputs - 7, 8):
            for i in range(start, stop):
                for k in range(8):
                    target[j + k, i] = source[j + k, i] * scale
        for j in range(outputs - outputs % 8, outputs):
            for i in range(start, stop):
                target[j, i] = source[j, i] * scale
