"""Spikes between layers: from arrays of ones to lists, step by step, and their counts."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from neurodeploy.engines.native.columns import EFFECTIVE_SYNOPS, SYNOPS
from neurodeploy.engines.native.compiling import compiled


@intrinsic
def _ones(typing: Any, values: Any, start: Any) -> Any:
    """The 64 bytes of a contiguous uint8 array from ``start`` on as bits: which are not 0."""
    block = ir.VectorType(ir.IntType(8), 64)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(array.data, [arguments[1]]), block.as_pointer())
        ones = builder.icmp_unsigned("!=", builder.load(place, align=1), ir.Constant(block, None))
        return builder.bitcast(ones, ir.IntType(64))

    return nb.uint64(values, nb.int64), code


@compiled("void(uint64[:, ::1], int64, int64, int32[:, ::1], int64[::1])")
def list_ones(ones, blocks, steps, lists, sizes):
    """List by step the places of the ones in [step, block of 64 bits].

    Eight at a time without a branch; behind the last, one place more is written.
    """
    for step in range(steps):
        count = np.uint64(0)
        for block in range(blocks):
            mask = ones[step, block]
            while mask != np.uint64(0):
                for _ in range(8):
                    lists[step, count] = np.uint64(64 * block) + trailing_zeros(mask)
                    count += np.uint64(mask != np.uint64(0))
                    mask &= mask - np.uint64(1)
        sizes[step] = count


@compiled("void(uint64[::1])")
def _transpose(bits):
    """Swap rows and columns of 64 times 64 bits."""
    low = np.uint64(0xFFFFFFFF)
    width = 32
    while width:
        for row in range(0, 64, 2 * width):
            for k in range(row, row + width):
                swap = ((bits[k] >> np.uint64(width)) ^ bits[k + width]) & low
                bits[k] ^= swap << np.uint64(width)
                bits[k + width] ^= swap
        width >>= 1
        low ^= low << np.uint64(width)


@compiled("boolean(uint8[::1], uint8[:, :, ::1])")
def take_spikes(spikes, kept):
    """Copy spikes [feature] into [1, feature, 1]; say whether all of them are 0 or 1."""
    every = np.uint8(0)
    for feature in range(spikes.size):
        every |= spikes[feature]
        kept[0, feature, 0] = spikes[feature]
    return every <= 1


@compiled("void(uint8[:, :, ::1], int64, int64, int64, uint64[::1], uint64[:, ::1])")
def find_input(signal, sample, first, steps, bits, ones):
    """Bits [step, block of 64 features] of a sample from step ``first`` on, at most 64 steps."""
    features, every = signal.shape[1], signal.shape[2]
    flat = signal.reshape(signal.size)
    kept = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - steps)
    for block in range(0, features, 64):
        last = min(block + 64, features)
        bits[:] = 0
        for feature in range(block, last):
            start = (sample * features + feature) * every + first
            if start + 64 <= flat.size:
                bits[feature - block] = _ones(flat, start) & kept
            else:
                for step in range(steps):
                    bits[feature - block] |= np.uint64(flat[start + step]) << np.uint64(step)
        _transpose(bits)
        for step in range(steps):
            ones[step, block >> 6] = bits[step]


@compiled("void(int32[:, :, ::1], int64, int64, int64, int32[:, ::1], int32[:, ::1], int64[::1])")
def list_graded_input(signal, sample, first, steps, lists, values, sizes):
    """List by step the places and values of what is not 0, from step ``first`` on."""
    sizes[:steps] = 0
    for feature in range(signal.shape[1]):
        for step in range(steps):
            value = signal[sample, feature, first + step]
            if value != 0:
                lists[step, sizes[step]] = feature
                values[step, sizes[step]] = value
                sizes[step] += 1


@compiled("void(int32[::1], int32[::1], int32[:, ::1], int64[::1], int64, int64[::1])")
def count_arrivals(every, effective, lists, sizes, steps, counts):
    """Add the synaptic operations of the listed spikes, by the fan-outs, to a layer's counts."""
    for step in range(steps):
        spikes = lists[step, : sizes[step]]
        all_here = np.int64(0)
        effective_here = np.int64(0)
        for k in range(spikes.size):
            all_here += every[np.uint32(spikes[k])]
            effective_here += effective[np.uint32(spikes[k])]
        counts[SYNOPS] += all_here
        counts[EFFECTIVE_SYNOPS] += effective_here
