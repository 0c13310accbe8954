"""What the spikes of a step bring to the next one, compiled: weights are added spike by spike."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from neurodeploy.engines.native.columns import (
    ALL_SUMS,
    ARRIVING,
    CHANNEL_STRIDE,
    CHANNELS,
    COLUMN_RUNS,
    CONV16,
    CONV32,
    CONV_WIDE,
    DELAY,
    DELAY_MODE,
    DENSE8,
    DENSE16,
    DENSE_WIDE,
    GRADED_INPUT,
    INPUTS,
    KIND,
    LANES,
    OUTPUT_DELAY,
    OUTPUTS,
    PLACE_CHANNEL,
    PLACE_WEIGHT,
    PLACE_X,
    PLACE_Y,
    PLACES,
    POOLS,
    POSITIONS,
    RING,
    RING_AT,
    ROW_TAPS,
    ROWS,
    RUNS,
    SCRATCH,
    SECOND_SHIFT,
    SHIFT,
    STATE,
    SYNAPSE_DELAY,
    TABLE,
    TILE,
    WEIGHT,
    WEIGHT_ROWS,
)
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.lanes import LanesSum, load, pointers

ROWS8, ROWS16 = 248, 120
"""Rows that 16 bits surely hold the sum of: of 8-bit weights, of weights in -256 to 255."""


# --- dense layers ------------------------------------------------------------------------------


@intrinsic
def _sum_tile(
    typing: Any,
    weights: Any,
    start: Any,
    lists: Any,
    begin: Any,
    size: Any,
    sums: Any,
    place: Any,
) -> Any:
    """Sum the tile at ``start`` over ``size`` spikes from ``begin`` on; store from ``place`` on.

    A row is loaded as 16-bit lanes, two weights each. Summing the lanes, and their upper halves
    apart, takes half the work of widening every weight, and the sums stay in registers.
    """
    count = TILE // 2

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        weights, start, lists, begin, size, sums, place = pointers(
            context, builder, signature, arguments
        )
        base, spikes = builder.gep(weights, [start]), builder.gep(lists, [begin])
        index = ir.IntType(64)
        lower, upper = (LanesSum(builder, count, 32) for _ in range(2))
        with cgutils.for_range_slice(builder, index(0), size, index(ROWS8), index) as (first, _):
            left = builder.sub(size, first)
            last = builder.select(
                builder.icmp_signed("<", left, index(ROWS8)), size, builder.add(first, index(ROWS8))
            )
            both, high = (LanesSum(builder, count, 16) for _ in range(2))
            with cgutils.for_range_slice(builder, first, last, index(1), index) as (k, _):
                spike = builder.zext(builder.load(builder.gep(spikes, [k])), index)
                place_of_row = builder.gep(base, [builder.mul(spike, index(TILE))])
                row = load(builder, place_of_row, count, 16)
                both.add(row)
                high.add(row >> 8)
            lower.add((both.lanes() - (high.lanes() << 8)).extended("zext", 32))
            upper.add(high.lanes().extended("sext", 32))
        raised = builder.shl(builder.trunc(size, ir.IntType(32)), ir.IntType(32)(7))
        (lower.lanes() - raised).store(builder.gep(sums, [place]))
        upper.lanes().store(builder.gep(sums, [builder.add(place, index(count))]))
        return context.get_dummy_value()

    return nb.void(weights, nb.int64, lists, nb.int64, nb.int64, sums, nb.int64), code


@compiled("void(int8[::1], int64, int64, int32[:, ::1], int64, int64, int32[::1], int32[::1])")
def add_rows8(weights, start, inputs, lists, step, size, sums, arriving):
    """Sum the weights of the inputs that spiked in a step, tile by tile."""
    begin = step * lists.shape[1]
    for first in range(0, arriving.size, TILE):
        tile, missing = start + first * inputs, first + TILE - arriving.size
        if missing <= 0:
            _sum_tile(weights, tile, lists, begin, size, arriving, first)
        else:
            _sum_tile(weights, tile, lists, begin, size, sums, 0)
            for j in range(TILE - missing):
                arriving[np.uint64(first + j)] = sums[j]


@compiled("void(int16[::1], int32[::1], int16[::1], int32[::1])")
def _add_rows16(weights, spikes, narrow, arriving):
    """The same for 16-bit weights, four rows at a time."""
    outputs = arriving.size
    arriving[:] = 0
    for first in range(0, spikes.size, ROWS16):
        last = min(first + ROWS16, spikes.size)
        narrow[:] = 0
        k = first
        while k + 4 <= last:
            a = weights[spikes[k] * outputs :][:outputs]
            b = weights[spikes[k + 1] * outputs :][:outputs]
            c = weights[spikes[k + 2] * outputs :][:outputs]
            d = weights[spikes[k + 3] * outputs :][:outputs]
            for j in range(outputs):
                narrow[j] = np.int16(narrow[j] + a[j] + b[j] + c[j] + d[j])
            k += 4
        while k < last:
            a = weights[spikes[k] * outputs :][:outputs]
            for j in range(outputs):
                narrow[j] = np.int16(narrow[j] + a[j])
            k += 1
        for j in range(outputs):
            arriving[j] += narrow[j]


@compiled("void(int16[::1], int32[::1], int32[::1], boolean, int64[::1])")
def _add_wide_rows(weights, spikes, values, graded, sums):
    """Sum in 64 bits the stored weights times the values, products that wrap at 32 bits."""
    outputs = sums.size
    sums[:] = 0
    for k in range(spikes.size):
        value = values[k] if graded else np.int32(1)
        row = weights[spikes[k] * outputs :][:outputs]
        for j in range(outputs):
            sums[j] += np.int32(row[j] * value)


@compiled("void(int64[::1], int16[::1], int32[::1], int32[::1], int64[::1], int32[::1])")
def sum_wide(layer, weights, spikes, values, wide, arriving):
    """Sum as Lava's Dense does: wrap at 32 bits, then shift back."""
    outputs, sums = layer[OUTPUTS], wide[: arriving.size]
    _add_wide_rows(weights, spikes, values, layer[GRADED_INPUT] != 0, sums)
    for j in range(outputs):
        arriving[j] = np.int32(sums[j]) >> layer[SHIFT]
    for j in range(outputs, arriving.size):
        arriving[j] = np.int32(sums[j]) >> layer[SECOND_SHIFT]


# --- delays ------------------------------------------------------------------------------------


@compiled("void(int32[:, ::1], int64, int32[::1], int32[::1])")
def _delay_sums(ring, now, delays, arriving):
    """Keep the sums of this step; give each neuron those of its delay ago."""
    ring[now] = arriving
    for j in range(arriving.size):
        arriving[j] = ring[(now - delays[j]) & (ring.shape[0] - 1), j]


@compiled("void(int32[:, ::1], int64, int16[::1], int32[::1], int32[::1])")
def _delay_synapses(ring, now, weights, delays, spikes):
    """Add every weight to the sums of the step it arrives in."""
    outputs = ring.shape[1]
    for k in range(spikes.size):
        start = spikes[k] * outputs
        for j in range(outputs):
            ring[(now + delays[start + j]) & (ring.shape[0] - 1), j] += weights[start + j]


@compiled(
    "void(int64[::1], int32[:, ::1], int64, int16[::1], int32[::1], int32[::1], int32[::1], "
    "int64[::1])"
)
def _delay_wide_synapses(layer, ring, now, weights, delays, spikes, values, wide):
    """The same as Lava's DelayDense: the sum of each delay is shifted back by itself."""
    steps, outputs = ring.shape
    sums = wide[: steps * outputs].reshape(steps, outputs)
    sums[:] = 0
    for k in range(spikes.size):
        start = spikes[k] * outputs
        value = values[k] if layer[GRADED_INPUT] else np.int32(1)
        for j in range(outputs):
            sums[delays[start + j], j] += np.int32(weights[start + j] * value)
    for delay in range(steps):
        for j in range(outputs):
            ring[(now + delay) & (steps - 1), j] += sums[delay, j] >> layer[SHIFT]


# --- convolutions ------------------------------------------------------------------------------


@intrinsic
def _add_run(
    typing: Any,
    sums: Any,
    target: Any,
    weights: Any,
    source: Any,
    size: Any,
    values: Any,
    spike: Any,
) -> Any:
    """Add ``size`` weights, a multiple of `LANES`, from ``source`` on to sums from ``target`` on.

    To sums of 64 bits they are added times the value of the spike.
    """
    wide, narrow = sums.dtype.bitwidth, weights.dtype.bitwidth

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, target, weights, source, size, values, spike = pointers(
            context, builder, signature, arguments
        )
        index = ir.IntType(64)
        with cgutils.for_range_slice(builder, index(0), size, index(LANES), index) as (j, _):
            row = load(builder, builder.gep(weights, [builder.add(source, j)]), LANES, narrow)
            if wide == 64:
                value = builder.sext(builder.load(builder.gep(values, [spike])), index)
                row = row.extended("sext", wide) * value
            place = builder.gep(sums, [builder.add(target, j)])
            (load(builder, place, LANES, wide) + row).store(place)
        return context.get_dummy_value()

    return nb.void(sums, nb.int64, weights, nb.int64, nb.int64, values, nb.int64), code


@compiled(
    "void(int64[::1], int16[::1], int32[::1], int32[::1], int32[::1], int16[::1])",
    "void(int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int32[::1])",
    "void(int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int64[::1])",
)
def _add_kernels(layer, weights, tables, spikes, values, sums):
    """Add the kernels of the inputs that spiked, in runs of neighbouring taps."""
    places = tables[layer[TABLE] + 2 * layer[INPUTS] :][: PLACES * layer[INPUTS]]
    places = places.reshape(PLACES, layer[INPUTS])
    taps, runs = 2 * layer[ROW_TAPS], 3 * layer[COLUMN_RUNS]
    sums[:] = 0
    for k in range(spikes.size):
        i = spikes[k]
        row = layer[ROWS] + places[PLACE_Y, i] * taps
        column = layer[RUNS] + places[PLACE_X, i] * runs
        weight, channel = places[PLACE_WEIGHT, i], places[PLACE_CHANNEL, i]
        for tap in range(row, row + taps, 2):
            if tables[tap] < 0:
                break
            for run in range(column, column + runs, 3):
                if tables[run + 2] == 0:
                    break
                target = np.int64(tables[tap]) + tables[run] + channel
                source = np.int64(weight) + tables[tap + 1] + tables[run + 1]
                size = np.int64(tables[run + 2])
                _add_run(sums, target, weights, source, size, values, k)


@compiled("int64(int64, int32[::1], int32[::1])")
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


@intrinsic
def _wrap_lanes(typing: Any, sums: Any, start: Any, arriving: Any, first: Any) -> Any:
    """Wrap `LANES` sums from ``start`` on at 24 bits, and put them from ``first`` on."""
    bits = sums.dtype.bitwidth

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, start, arriving, first = pointers(context, builder, signature, arguments)
        row = load(builder, builder.gep(sums, [start]), LANES, bits).extended("sext", 32)
        ((row << 8) >> 8).store(builder.gep(arriving, [first]))
        return context.get_dummy_value()

    return nb.void(sums, nb.int64, arriving, nb.int64), code


@compiled(
    "void(int64[::1], int16[::1], int32[::1])",
    "void(int64[::1], int32[::1], int32[::1])",
)
def _wrap_sums(layer, sums, arriving):
    """Sums of a convolution wrapped at 24 bits; lanes that overlap write the same twice."""
    channels = layer[CHANNELS]
    for position in range(layer[POSITIONS]):
        first, start = position * channels, position * layer[CHANNEL_STRIDE]
        for channel in range(0, channels - LANES, LANES):
            _wrap_lanes(sums, start + channel, arriving, first + channel)
        if channels >= LANES:
            last = channels - LANES
            _wrap_lanes(sums, start + last, arriving, first + last)
        else:
            for channel in range(channels):
                arriving[first + channel] = np.int32(sums[start + channel] << 8) >> 8


@compiled("void(int64[::1], int64[::1], int32[::1])")
def _wrap_wide_sums(layer, sums, arriving):
    """The same in 64 bits; a sum beyond 32 is 0, as x86 casts Lava's floats."""
    channels = layer[CHANNELS]
    for position in range(layer[POSITIONS]):
        first, start = position * channels, position * layer[CHANNEL_STRIDE]
        for channel in range(channels):
            whole = sums[start + channel]
            wrapped = np.int32(whole << 8) >> 8
            arriving[first + channel] = wrapped if np.int32(whole) == whole else 0


@compiled(f"void(int64[::1], {POOLS}, int32[::1], int32[::1], int32[::1], {SCRATCH})")
def _convolve(layer, pools, spikes, values, arriving, scratch):
    """Add kernels: of the inputs that spiked or, where they are fewer, of the silent ones."""
    _, weights16, weights32, _, _, tables = pools
    _, narrow, middle, wide, _, joined = scratch
    size, weight = layer[POSITIONS] * layer[CHANNEL_STRIDE] + LANES, layer[WEIGHT]
    silent = layer[KIND] != CONV_WIDE and 2 * spikes.size > layer[INPUTS]
    adding = joined[: _list_silent(layer[INPUTS], spikes, joined)] if silent else spikes
    if layer[KIND] == CONV16:
        _add_kernels(layer, weights16[weight:], tables, adding, values, narrow[:size])
        _wrap_sums(layer, narrow, arriving)
    elif layer[KIND] == CONV32:
        _add_kernels(layer, weights32[weight:], tables, adding, values, middle[:size])
        _wrap_sums(layer, middle, arriving)
    else:
        _add_kernels(layer, weights32[weight:], tables, adding, values, wide[:size])
        _wrap_wide_sums(layer, wide, arriving)
    if silent:
        every = weights32[layer[ALL_SUMS] :][: arriving.size]
        for j in range(arriving.size):
            arriving[j] = np.int32((every[j] - arriving[j]) << 8) >> 8


# --- all of them -------------------------------------------------------------------------------


@compiled(f"void(int64[::1], int64, {POOLS}, int32[::1], int32[::1], int32[::1], {SCRATCH})")
def add_arrivals(layer, clock, pools, spikes, values, state, scratch):
    """What the spikes of this step bring to the next one, into the sums of the state."""
    weights8, weights16, _, _, _, tables = pools
    tile, narrow, _, wide, _, _ = scratch
    outputs, kind, weight = layer[OUTPUTS], layer[KIND], layer[WEIGHT]
    arriving = state[layer[STATE] + 2 * outputs :][: layer[ARRIVING]]
    ring = state[layer[STATE] + layer[RING_AT] :][: layer[RING] * outputs]
    ring = ring.reshape(layer[RING], outputs)
    now, delays = clock & (layer[RING] - 1), tables[layer[DELAY] :]
    if layer[DELAY_MODE] == SYNAPSE_DELAY:
        weights = weights16[weight:]
        if kind == DENSE_WIDE:
            _delay_wide_synapses(layer, ring, now, weights, delays, spikes, values, wide)
        else:
            _delay_synapses(ring, now, weights, delays, spikes)
        arriving[:] = ring[now]
        ring[now] = 0
    elif kind == DENSE8:
        lists = spikes.reshape(1, spikes.size)
        add_rows8(weights8, weight, layer[WEIGHT_ROWS], lists, 0, spikes.size, tile, arriving)
    elif kind == DENSE16:
        _add_rows16(weights16[weight:], spikes, narrow[: arriving.size], arriving)
    elif kind == DENSE_WIDE:
        sum_wide(layer, weights16[weight:], spikes, values, wide, arriving)
    else:
        _convolve(layer, pools, spikes, values, arriving, scratch)
    if layer[DELAY_MODE] == OUTPUT_DELAY:
        _delay_sums(ring, now, delays, arriving)
