"""Spikes between layers: from arrays of ones to lists, step by step, and their counts."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.borrowing import shaped
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.pieces import nonzero_bits
from neurodeploy.engines.native.signatures import I32, I64, LISTS, SCRATCH, TALLY_TYPE


@compiled(nb.uint64(nb.uint64))
def trailing_zeros(mask):
    """How many bits below the lowest one are 0; 64 if all are. LLVM makes one instruction of it."""
    count = ~mask & (mask - np.uint64(1))
    count -= (count >> np.uint64(1)) & np.uint64(0x5555555555555555)
    two = np.uint64(0x3333333333333333)
    count = (count & two) + ((count >> np.uint64(2)) & two)
    count = (count + (count >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (count * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled(nb.void(nb.uint64[:, ::1], nb.int64, nb.int64, nb.int32[:, ::1], I64))
def list_ones(ones, blocks, steps, indices, sizes):
    """List by step the places of the ones in [step, block of 64 bits].

    Eight at a time without a branch; behind the last, one place more is written.
    """
    for step in range(steps):
        count = np.uint64(0)
        for block in range(blocks):
            mask = ones[step, block]
            while mask != np.uint64(0):
                for _ in range(8):
                    indices[step, count] = np.uint64(64 * block) + trailing_zeros(mask)
                    count += np.uint64(mask != np.uint64(0))
                    mask &= mask - np.uint64(1)
        sizes[step] = count


@compiled(nb.void(nb.uint64[::1]))
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


@compiled(nb.boolean(nb.uint8[:, :, ::1]))
def are_ones(spikes):
    """Whether all of [sample, feature, time] are 0 or 1."""
    every = np.uint8(0)
    for spike in shaped(spikes, (spikes.size,)):
        every |= spike
    return every <= 1


@compiled(nb.void(nb.uint8[::1], nb.int64, nb.int64, nb.uint64[:, ::1]))
def _find_ones_of_step(spikes, start, features, ones):
    """Bits of the only step of a sample, whose features lie side by side from ``start`` on."""
    for block in range(0, features, 64):
        here = min(features - block, 64)
        bits = np.uint64(0)
        if start + block + 64 <= spikes.size:
            kept = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - here)
            bits = nonzero_bits(spikes, start + block) & kept
        else:
            for k in range(here):
                bits |= np.uint64(spikes[start + block + k]) << np.uint64(k)
        ones[0, block >> 6] = bits


@compiled(nb.void(nb.uint8[:, :, ::1], nb.int64, nb.int64, nb.int64, SCRATCH))
def find_ones(spikes, sample, first, steps, scratch):
    """Bits [step, block of 64 features] of a sample from step ``first`` on, at most 64 steps."""
    features, every = spikes.shape[1], spikes.shape[2]
    flat, bits = shaped(spikes, (spikes.size,)), scratch.bits
    if every == 1:
        _find_ones_of_step(flat, sample * features, features, scratch.ones)
        return
    kept = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - steps)
    for block in range(0, features, 64):
        last = min(block + 64, features)
        bits[:] = 0
        for feature in range(block, last):
            start = (sample * features + feature) * every + first
            if start + 64 <= flat.size:
                bits[feature - block] = nonzero_bits(flat, start) & kept
            else:
                for step in range(steps):
                    bits[feature - block] |= np.uint64(flat[start + step]) << np.uint64(step)
        _transpose(bits)
        for step in range(steps):
            scratch.ones[step, block >> 6] = bits[step]


@compiled(nb.void(nb.int32[:, :, ::1], nb.int64, nb.int64, nb.int64, LISTS))
def list_graded(numbers, sample, first, steps, lists):
    """List by step the places and values of what is not 0, from step ``first`` on."""
    indices, values, sizes = lists
    sizes[:steps] = 0
    for feature in range(numbers.shape[1]):
        for step in range(steps):
            value = numbers[sample, feature, first + step]
            if value != 0:
                indices[step, sizes[step]] = feature
                values[step, sizes[step]] = value
                sizes[step] += 1


@compiled(nb.void(I32, I32, nb.int32[:, ::1], I64, nb.int64, TALLY_TYPE))
def count_arrivals(every, effective, indices, sizes, steps, tally):
    """Add the synaptic operations of the listed spikes, by the fan-outs, to a layer's tally."""
    for step in range(steps):
        spikes = indices[step, : sizes[step]]
        all_here = np.int64(0)
        effective_here = np.int64(0)
        for k in range(spikes.size):
            all_here += every[np.uint32(spikes[k])]
            effective_here += effective[np.uint32(spikes[k])]
        tally.synops += all_here
        tally.effective_synops += effective_here
