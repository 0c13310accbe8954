"""What spikes bring to a convolution in the next step, compiled: their kernels are added up."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.layout import LANES, Kind
from neurodeploy.engines.native.pieces import add_run, wrap_lanes
from neurodeploy.engines.native.signatures import I16, I32, I64, LAYER_TYPE, POOLS, SCRATCH

ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)
"""Unsigned: of a signed index numba asks whether it is negative."""


@compiled(
    nb.void(LAYER_TYPE, POOLS, I16, I32, I32, I16),
    nb.void(LAYER_TYPE, POOLS, I32, I32, I32, I32),
    nb.void(LAYER_TYPE, POOLS, I32, I32, I32, I64),
)
def _add_kernels(layer, pools, weights, spikes, values, sums):
    """Add the kernels of the inputs that spiked, in runs of neighbouring taps."""
    places, tables = pools.places[layer.places :][: layer.inputs], pools.tables
    graded = layer.graded_input
    first_tap, taps = layer.row_taps, 2 * layer.most_row_taps
    first_run, runs = layer.column_runs, 3 * layer.most_column_runs
    sums[:] = 0
    for k in range(spikes.size):
        place = places[np.uint32(spikes[k])]
        row, column = first_tap + place.y * taps, first_run + place.x * runs
        weight, channel = np.int64(place.weight), np.int64(place.channel)
        value = values[k * graded]
        for tap in range(np.uint64(row), np.uint64(row + taps), TWO):
            if tables[tap] < 0:
                break
            for run in range(np.uint64(column), np.uint64(column + runs), THREE):
                if tables[run + TWO] == 0:
                    break
                target = channel + tables[tap] + tables[run]
                source = weight + tables[tap + ONE] + tables[run + ONE]
                add_run(sums, target, weights, source, np.int64(tables[run + TWO]), value)


@compiled(nb.int64(nb.int64, I32, I32))
def _list_silent(inputs, spikes, silent):
    """List the inputs that are not among the spikes, which ascend; give their number."""
    count, following = np.int64(0), np.int64(0)
    for k in range(spikes.size):
        for i in range(following, spikes[k]):
            silent[count] = i
            count += 1
        following = np.int64(spikes[k]) + 1
    for i in range(following, inputs):
        silent[count] = i
        count += 1
    return count


@compiled(nb.void(LAYER_TYPE, I16, I32), nb.void(LAYER_TYPE, I32, I32))
def _wrap_sums(layer, sums, arriving):
    """Sums of a convolution wrapped at 24 bits; lanes that overlap write the same twice."""
    channels, stride = layer.channels, layer.channel_stride
    for position in range(layer.positions):
        first, start = position * channels, position * stride
        for channel in range(0, channels - LANES, LANES):
            wrap_lanes(sums, start + channel, arriving, first + channel)
        if channels >= LANES:
            last = channels - LANES
            wrap_lanes(sums, start + last, arriving, first + last)
        else:
            for channel in range(channels):
                arriving[first + channel] = np.int32(sums[start + channel] << 8) >> 8


@compiled(nb.void(LAYER_TYPE, I64, I32))
def _wrap_sums64(layer, sums, arriving):
    """The same in 64 bits; a sum beyond 32 is 0, as x86 casts Lava's floats."""
    channels, stride = layer.channels, layer.channel_stride
    for position in range(layer.positions):
        first, start = position * channels, position * stride
        for channel in range(channels):
            whole = sums[start + channel]
            wrapped = np.int32(whole << 8) >> 8
            arriving[first + channel] = wrapped if np.int32(whole) == whole else 0


@compiled(nb.void(LAYER_TYPE, POOLS, I32, I32, I32, SCRATCH))
def convolve(layer, pools, spikes, values, arriving, scratch):
    """Add kernels: of the inputs that spiked or, where they are fewer, of the silent ones."""
    size, weight = layer.positions * layer.channel_stride + LANES, layer.weight
    silent = layer.kind != Kind.CONV_ACC64 and 2 * spikes.size > layer.inputs
    joined = scratch.joined
    adding = joined[: _list_silent(layer.inputs, spikes, joined)] if silent else spikes
    if layer.kind == Kind.CONV_ACC16:
        sums = scratch.acc16[:size]
        _add_kernels(layer, pools, pools.weights16[weight:], adding, values, sums)
        _wrap_sums(layer, sums, arriving)
    elif layer.kind == Kind.CONV_ACC32:
        sums32 = scratch.acc32[:size]
        _add_kernels(layer, pools, pools.weights32[weight:], adding, values, sums32)
        _wrap_sums(layer, sums32, arriving)
    else:
        sums64 = scratch.acc64[:size]
        _add_kernels(layer, pools, pools.weights32[weight:], adding, values, sums64)
        _wrap_sums64(layer, sums64, arriving)
    if silent:
        every = pools.weights32[layer.all_sums :][: arriving.size]
        for j in range(arriving.size):
            arriving[j] = np.int32((every[j] - arriving[j]) << 8) >> 8
