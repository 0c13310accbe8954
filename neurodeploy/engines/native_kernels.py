"""The native engine's inner loops, compiled by numba; `native` prepares what they take.

A network comes as a *program*, an int64 matrix with one row a layer and the columns named below,
and flat pools that the program points into. Layers run one after another over a chunk of time
steps; between them travel lists of the neurons that spiked, step by step, so work falls with the
number of spikes. Weights lie [input, output]: a spike adds one contiguous row.

Every step of a layer is: update the neurons with what arrived, list who spiked, then add up what
the input spikes of this step bring to the next one.

Importing this module compiles everything once (about 12 s) into numba's cache beside it; later
imports load it from there. To fill the cache: ``python -c "import neurodeploy.engines.native"``.
"""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

INPUT, DENSE8, DENSE16, CONV = range(4)
"""Kinds: neurons driven by a current; dense with 8- or 16-bit weights; convolution."""

NO_DELAY, OUTPUT_DELAY, SYNAPSE_DELAY = range(3)
"""No delays; one for each neuron; one for each synapse."""

(
    KIND,
    INPUTS,
    OUTPUTS,
    WEIGHT,  # offset into the pool of weights of its width
    THRESHOLD,  # as compared: shifted
    SCALE,  # from a sum of stored weights to current
    NEURON,  # offset into decays, bias and order; times samples and steps, into the output
    STATE,  # offset into the state: current, voltage, arriving, then the ring of delayed sums
    TABLE,  # offset into tables: fan-out of each input, all and effective; conv: its places
    DELAY_MODE,
    DELAY,  # offset into tables
    RING,  # steps that the ring holds, a power of two
    KERNEL_Y,
    KERNEL_X,
    STRIDE_Y,
    STRIDE_X,
    DILATION_Y,
    DILATION_X,
    HEIGHT,  # of the output
    WIDTH,
    CHANNELS,
    GROUP_CHANNELS,  # output channels of a group
    COLUMNS,
) = range(23)
"""Columns of a program, and their number."""

PLACE_Y, PLACE_X, PLACE_WEIGHT, PLACE_CHANNEL, PLACES = range(5)
"""Of each input of a convolution: padded y and x, its kernels' offset, the first channel."""

INPUT_SPIKES, OUTPUT_SPIKES, SYNOPS, EFFECTIVE_SYNOPS, COUNTS = range(5)
"""What is counted of each layer, and their number."""

STATE_LIMIT, WRAP = np.int32(1 << 23), np.int32(1 << 24)
"""Current wraps and voltage clips at 24 bits."""

ROWS8, ROWS16 = 248, 120
"""Rows that 16 bits surely hold the sum of: of 8-bit weights, of weights in -256 to 255."""


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile now, for these types, or load from the cache."""
    decorator: Any = nb.njit(
        signature, cache=True, nogil=True, boundscheck=False, error_model="numpy"
    )
    return decorator


@_compiled("void(int32[::1], int32[::1], float64[::1], int32)")
def _update_current(current, arriving, keep, scale):
    """Decay, add, wrap once. Every sum wraps at 32 bits, as in Lava; the float product is exact."""
    for j in range(current.size):
        total = np.int32(np.int32(current[j] * keep[j]) + arriving[j] * scale)
        over = WRAP if total > STATE_LIMIT else np.int32(0)
        under = WRAP if total <= -STATE_LIMIT else np.int32(0)
        current[j] = np.int32(total - over + under)


@_compiled("void(int32[::1], int32[::1], float64[::1], int32[::1], int32, uint8[::1])")
def _update_voltage(voltage, current, keep, bias, threshold, spikes):
    """Decay, add, clip, spike, reset."""
    for j in range(voltage.size):
        total = np.int32(np.int32(voltage[j] * keep[j]) + current[j] + bias[j])
        total = min(max(total, np.int32(1 - STATE_LIMIT)), np.int32(STATE_LIMIT - 1))
        spike = total > threshold
        voltage[j] = np.int32(0) if spike else total
        spikes[j] = np.uint8(spike)


@intrinsic
def _borrowed(typing: Any, values: Any) -> Any:
    """The array without its owner, whose references numba counts atomically at every slice."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        array.meminfo = array.meminfo.type(None)
        return array._getvalue()

    return values(values), code


@_compiled("uint64(uint64)")
def _bits(word):
    """Gather eight bytes of 0 or 1 into eight bits, in order."""
    return (word * np.uint64(0x0102040810204080)) >> np.uint64(56)


@_compiled("int64(uint8[::1], int32[::1])")
def _list_spikes(spikes, found):
    """Indices of the ones; ``spikes`` fills blocks of 64, with zeros behind the last neuron."""
    words = spikes.view(np.uint64)
    count = np.int64(0)
    for block in range(0, words.size, 8):
        mask = np.uint64(0)
        for k in range(8):
            mask |= _bits(words[block + k]) << np.uint64(8 * k)
        while mask != np.uint64(0):
            found[count] = 8 * block + np.int64(trailing_zeros(mask))
            count += 1
            mask &= mask - np.uint64(1)
    return count


@_compiled("boolean(uint8[::1], uint8[:, :, ::1])")
def take_spikes(spikes, kept):
    """Copy spikes [feature] into [1, feature, 1]; say whether all of them are 0 or 1."""
    every = np.uint8(0)
    for feature in range(spikes.size):
        every |= spikes[feature]
        kept[0, feature, 0] = spikes[feature]
    return every <= 1


@intrinsic
def _load_word(typing: Any, values: Any, start: Any) -> Any:
    """Eight bytes of a contiguous uint8 array from byte ``start`` on, wherever they lie."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        word = ir.IntType(64)
        return builder.load(builder.bitcast(place, word.as_pointer()), align=1)

    return nb.uint64(values, nb.int64), code


@_compiled("void(uint8[:, ::1], int64, int64, int32[:, ::1], int64[::1])")
def _list_input(signal, first, steps, lists, sizes):
    """List by step the spikes of [feature, time] from step ``first`` on, at most 64 steps."""
    sizes[:steps] = 0
    for feature in range(signal.shape[0]):
        row = feature * signal.shape[1] + first
        mask = np.uint64(0)
        for start in range(0, steps, 8):
            beyond = max(start + 8 - steps, 0)
            word = np.uint64(0)
            if beyond <= start:
                word = _load_word(signal, row + start - beyond) >> np.uint64(8 * beyond)
            else:
                for step in range(steps):
                    word |= np.uint64(signal[feature, first + step]) << np.uint64(8 * step)
            mask |= _bits(word) << np.uint64(start)
        while mask != np.uint64(0):
            step = np.int64(trailing_zeros(mask))
            lists[step, sizes[step]] = feature
            sizes[step] += 1
            mask &= mask - np.uint64(1)


@_compiled("void(int8[::1], int32[::1], int16[::1], int32[::1])")
def _add_rows8(weights, spikes, narrow, arriving):
    """Add the weights of the inputs that spiked, eight rows at a time in 16 bits."""
    outputs = arriving.size
    for first in range(0, spikes.size, ROWS8):
        last = min(first + ROWS8, spikes.size)
        narrow[:] = 0
        k = first
        while k + 8 <= last:
            a = weights[spikes[k] * outputs :][:outputs]
            b = weights[spikes[k + 1] * outputs :][:outputs]
            c = weights[spikes[k + 2] * outputs :][:outputs]
            d = weights[spikes[k + 3] * outputs :][:outputs]
            e = weights[spikes[k + 4] * outputs :][:outputs]
            f = weights[spikes[k + 5] * outputs :][:outputs]
            g = weights[spikes[k + 6] * outputs :][:outputs]
            h = weights[spikes[k + 7] * outputs :][:outputs]
            for j in range(outputs):
                left = a[j] + b[j] + c[j] + d[j]
                right = e[j] + f[j] + g[j] + h[j]
                narrow[j] = np.int16(narrow[j] + left + right)
            k += 8
        while k < last:
            a = weights[spikes[k] * outputs :][:outputs]
            for j in range(outputs):
                narrow[j] = np.int16(narrow[j] + a[j])
            k += 1
        for j in range(outputs):
            arriving[j] += narrow[j]


@_compiled("void(int16[::1], int32[::1], int16[::1], int32[::1])")
def _add_rows16(weights, spikes, narrow, arriving):
    """The same for 16-bit weights, four rows at a time."""
    outputs = arriving.size
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


@_compiled("void(int64[::1], int32[::1], int32[:, ::1], int32[::1], int32[::1])")
def _add_kernels(layer, weights, places, spikes, arriving):
    """Scatter the kernels of the inputs that spiked, then wrap at 24 bits as Lava does."""
    channels = layer[GROUP_CHANNELS]
    for k in range(spikes.size):
        i = spikes[k]
        for ky in range(layer[KERNEL_Y]):
            y = places[PLACE_Y, i] - ky * layer[DILATION_Y]
            if y < 0 or y % layer[STRIDE_Y] or y >= layer[HEIGHT] * layer[STRIDE_Y]:
                continue
            y //= layer[STRIDE_Y]
            for kx in range(layer[KERNEL_X]):
                x = places[PLACE_X, i] - kx * layer[DILATION_X]
                if x < 0 or x % layer[STRIDE_X] or x >= layer[WIDTH] * layer[STRIDE_X]:
                    continue
                x //= layer[STRIDE_X]
                start = (y * layer[WIDTH] + x) * layer[CHANNELS] + places[PLACE_CHANNEL, i]
                target = arriving[start:][:channels]
                tap = ky * layer[KERNEL_X] + kx
                row = weights[places[PLACE_WEIGHT, i] + tap * channels :][:channels]
                for j in range(channels):
                    target[j] += row[j]
    for j in range(arriving.size):
        arriving[j] = np.int32(arriving[j] << 8) >> 8


@_compiled("void(int32[:, ::1], int64, int32[::1], int32[::1])")
def _delay_sums(ring, now, delays, arriving):
    """Keep the sums of this step; give each neuron those of its delay ago."""
    ring[now] = arriving
    for j in range(arriving.size):
        arriving[j] = ring[(now - delays[j]) & (ring.shape[0] - 1), j]


@_compiled("void(int32[:, ::1], int64, int16[::1], int32[::1], int32[::1], int32[::1])")
def _delay_synapses(ring, now, weights, delays, spikes, arriving):
    """Add every weight to the sums of the step it arrives in; take those of this step."""
    outputs = arriving.size
    for k in range(spikes.size):
        start = spikes[k] * outputs
        for j in range(outputs):
            ring[(now + delays[start + j]) & (ring.shape[0] - 1), j] += weights[start + j]
    arriving[:] = ring[now]
    ring[now] = 0


_POOLS = "int8[::1], int16[::1], int32[::1], float64[:, ::1], int32[:, ::1], int32[::1]"


@_compiled(
    "void(int64[::1], int64, int8[::1], int16[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " int16[::1])"
)
def _synapses(layer, clock, weights8, weights16, weights32, tables, spikes, state, narrow):
    """What the spikes of this step bring to the next one."""
    inputs, outputs, kind = layer[INPUTS], layer[OUTPUTS], layer[KIND]
    arriving = state[layer[STATE] + 2 * outputs :][:outputs]
    ring = state[layer[STATE] + 3 * outputs :][: layer[RING] * outputs]
    ring = ring.reshape(layer[RING], outputs)
    now = clock & (layer[RING] - 1)
    weight, delay = layer[WEIGHT], layer[DELAY]
    if layer[DELAY_MODE] == SYNAPSE_DELAY:
        delays = tables[delay:][: inputs * outputs]
        _delay_synapses(ring, now, weights16[weight:], delays, spikes, arriving)
        return
    arriving[:] = 0
    if kind == DENSE8:
        _add_rows8(weights8[weight:], spikes, narrow[:outputs], arriving)
    elif kind == DENSE16:
        _add_rows16(weights16[weight:], spikes, narrow[:outputs], arriving)
    else:
        places = tables[layer[TABLE] + 2 * inputs :][: PLACES * inputs].reshape(PLACES, inputs)
        _add_kernels(layer, weights32[weight:], places, spikes, arriving)
    if layer[DELAY_MODE] == OUTPUT_DELAY:
        _delay_sums(ring, now, tables[delay:][:outputs], arriving)


@_compiled("void(int64[::1], int32[::1], int32[:, ::1], int64[::1], int64, int64[::1])")
def _count_arrivals(layer, tables, lists, sizes, steps, counts):
    """Add the input spikes and their synaptic operations to the counts of a layer."""
    inputs = layer[INPUTS]
    every = tables[layer[TABLE] :][:inputs]
    effective = tables[layer[TABLE] + inputs :][:inputs]
    for step in range(steps):
        spikes = lists[step, : sizes[step]]
        counts[INPUT_SPIKES] += spikes.size
        all_here = np.int64(0)
        effective_here = np.int64(0)
        for k in range(spikes.size):
            all_here += every[spikes[k]]
            effective_here += effective[spikes[k]]
        counts[SYNOPS] += all_here
        counts[EFFECTIVE_SYNOPS] += effective_here


@_compiled(
    f"void(int64[::1], {_POOLS}, int32[:, ::1], int64, int64, int64, boolean, int32[:, :, ::1], "
    "int64[:, ::1], int64, int32[::1], int16[::1], uint8[::1], uint8[:, ::1], int64[::1])"
)
def _run_layer(
    layer,
    weights8,
    weights16,
    weights32,
    keep,
    neurons,
    tables,
    current_in,
    clock,
    first,
    steps,
    ends,
    lists,
    sizes,
    parity,
    state,
    narrow,
    spikes,
    sent,
    counts,
):
    """Run a layer from step ``first`` of a sample; ``ends`` where no later step will come.

    Input spikes are in ``lists[parity]``, and those of the layer go into the other half and,
    as ones, into ``sent`` [neuron, time]. ``clock`` is the step since rest.
    """
    outputs, neuron = layer[OUTPUTS], layer[NEURON]
    current = state[layer[STATE] :][:outputs]
    voltage = state[layer[STATE] + outputs :][:outputs]
    arriving = state[layer[STATE] + 2 * outputs :][:outputs]
    keep_current = keep[0, neuron : neuron + outputs]
    keep_voltage = keep[1, neuron : neuron + outputs]
    bias = neurons[0, neuron : neuron + outputs]
    order = neurons[1, neuron : neuron + outputs]
    blocks = spikes[: (outputs + 63) & ~63]
    blocks[:] = 0
    fired = blocks[:outputs]
    threshold = np.int32(layer[THRESHOLD])
    for step in range(steps):
        if layer[KIND] == INPUT:
            for j in range(outputs):
                arriving[j] = current_in[j, first + step]
        _update_current(current, arriving, keep_current, np.int32(layer[SCALE]))
        _update_voltage(voltage, current, keep_voltage, bias, threshold, fired)
        found = lists[1 - parity, step]
        size = _list_spikes(blocks, found)
        sizes[1 - parity, step] = size
        counts[OUTPUT_SPIKES] += size
        for k in range(size):
            sent[order[found[k]], first + step] = 1
        if layer[KIND] != INPUT and not (ends and step == steps - 1):
            arrived = lists[parity, step, : sizes[parity, step]]
            _synapses(
                layer,
                clock + step,
                weights8,
                weights16,
                weights32,
                tables,
                arrived,
                state,
                narrow,
            )


@_compiled(
    f"void(int64[:, ::1], {_POOLS}, uint8[:, :, ::1], int32[:, :, ::1], int64, boolean, int64, "
    "int64, int32[:, :, ::1], int64[:, ::1], int32[::1], int16[::1], uint8[::1], uint8[::1], "
    "int64[:, :, ::1])"
)
def run_samples(
    program,
    weights8,
    weights16,
    weights32,
    keep,
    neurons,
    tables,
    spikes_in,
    current_in,
    clock,
    ends,
    first_sample,
    last_sample,
    lists,
    sizes,
    state,
    narrow,
    fired,
    sent,
    counts,
):
    """Run samples ``first_sample`` to ``last_sample`` (exclusive) of a batch.

    Parameters
    ----------
    program : int64 [layer, COLUMNS]
    weights8, weights16, weights32 : int8, int16, int32 pools
        Weights [input, output] of each layer; of a convolution [group input channel of each
        group, y, x, output channel of the group].
    keep : float64 [2, neuron]
        What stays of current and voltage in a step, (4096 - decay) / 4096.
    neurons : int32 [2, neuron]
        Bias as added; place among the features of the layer.
    tables : int32 pool
    spikes_in : uint8 [sample, feature, time]
    current_in : int32 [sample, feature, time]
        Used instead of ``spikes_in`` if the first layer is an input layer with neurons.
    clock : int
        Steps since rest.
    ends : bool
        Each sample starts from rest and needs no state afterwards. Otherwise the state goes on.
    first_sample, last_sample : int
    lists : int32 [2, chunk, feature]
        Room for lists of spikes; its steps, at most 64, are how many a layer runs
        before the next one does.
    sizes : int64 [2, chunk]
    state : int32 pool
    narrow : int16 [neuron], fired : uint8 [neuron, rounded up to 64]
        Room for the largest layer.
    sent : uint8 pool
        Zeros; gets the ones of every layer, [sample, feature, time] each.
    counts : int64 [sample, layer, COUNTS]
        Added to.
    """
    program, counts, sent = _borrowed(program), _borrowed(counts), _borrowed(sent)
    weights8, weights16 = _borrowed(weights8), _borrowed(weights16)
    weights32, tables = _borrowed(weights32), _borrowed(tables)
    keep, neurons = _borrowed(keep), _borrowed(neurons)
    lists, sizes, state = _borrowed(lists), _borrowed(sizes), _borrowed(state)
    narrow, fired = _borrowed(narrow), _borrowed(fired)
    spikes_in, current_in = _borrowed(spikes_in), _borrowed(current_in)
    samples, steps = spikes_in.shape[0], spikes_in.shape[2]
    chunk = lists.shape[1]
    if program[0, KIND] == INPUT:
        samples, steps = current_in.shape[0], current_in.shape[2]
    for sample in range(first_sample, last_sample):
        if ends:
            state[:] = 0
        for first in range(0, steps, chunk):
            here = min(chunk, steps - first)
            currents = current_in[0]
            if program[0, KIND] == INPUT:
                currents = current_in[sample]
            else:
                _list_input(spikes_in[sample], first, here, lists[0], sizes[0])
            for index in range(program.shape[0]):
                layer = program[index]
                outputs, parity = layer[OUTPUTS], index & 1
                if layer[KIND] != INPUT:
                    _count_arrivals(
                        layer, tables, lists[parity], sizes[parity], here, counts[sample, index]
                    )
                start = (layer[NEURON] * samples + sample * outputs) * steps
                _run_layer(
                    layer,
                    weights8,
                    weights16,
                    weights32,
                    keep,
                    neurons,
                    tables,
                    currents,
                    clock + first,
                    first,
                    here,
                    ends and first + here == steps,
                    lists,
                    sizes,
                    parity,
                    state,
                    narrow,
                    fired,
                    sent[start:][: outputs * steps].reshape(outputs, steps),
                    counts[sample, index],
                )
