"""Layers and samples one after another: the loops around `neurons` and `synapses`, compiled.

A network comes as a *program*, an int64 matrix with one row a layer (`columns`), and flat pools
that the program points into. Layers run one after another over a chunk of time steps; between
them travel lists of the neurons that spiked, step by step, so work falls with the number of
spikes. Weights lie [input, output]: a spike adds one contiguous row.

Every step of a layer is: update the neurons with what arrived, then add up what the input spikes
of this step bring to the next one. A dense layer with 8-bit weights and no delays runs tile by
tile: some outputs through all steps, then the next ones, so that their weights stay in the cache.

Importing this module compiles everything once, or loads it: `compiling` says where it is kept.
"""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from neurodeploy.engines.native.columns import (
    ARRIVING,
    BACK_TABLE,
    CUBA,
    DELAY_MODE,
    DELTA,
    DENSE8,
    DENSE_WIDE,
    GRADED_INPUT,
    GRADED_OUTPUT,
    INPUT,
    INPUT_SPIKES,
    INPUTS,
    KIND,
    LANES,
    MODEL,
    NEURON,
    NO_DELAY,
    OUTPUT_SPIKES,
    OUTPUTS,
    PHASE,
    POOLS,
    RECURRENT,
    RESONATOR,
    SCALE,
    SCRATCH,
    SENT,
    SIGMA,
    STATE,
    TABLE,
    THRESHOLD,
    TILE,
    WEIGHT,
)
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.lanes import borrowed
from neurodeploy.engines.native.neurons import (
    update_cuba,
    update_delta,
    update_resonators,
    update_sigma,
    update_sigma_delta,
)
from neurodeploy.engines.native.spikes import (
    count_arrivals,
    find_input,
    list_graded_input,
    list_ones,
)
from neurodeploy.engines.native.synapses import add_arrivals, add_rows8, sum_wide

SPIKES = "Tuple([int32[:, ::1], int32[:, ::1], int64[::1]])"
"""Spikes of a chunk: who, and what if graded, [step, number], and how many [step]."""


BLOCK = "Tuple([int32[::1], int32[::1], int32[::1], int32[::1], int16[::1], int16[::1]])"
"""Neurons in a row: two states, what arrives, bias, and what decays keep, each [neuron]."""


@compiled(f"{BLOCK}(int64[::1], {POOLS}, int32[::1], int64, int64)")
def _block(layer, pools, state, start, size):
    """So many neurons of a layer from ``start`` on."""
    _, _, _, keep, neurons, _ = pools
    outputs, place, neuron = layer[OUTPUTS], layer[STATE] + start, layer[NEURON] + start
    return (
        state[place : place + size],
        state[place + outputs : place + outputs + size],
        state[place + 2 * outputs : place + 2 * outputs + size],
        neurons[0, neuron : neuron + size],
        keep[0, neuron : neuron + size],
        keep[1, neuron : neuron + size],
    )


@compiled("void(int32[::1], int32[:, ::1], int64, int64)")
def _take_input(arriving, current_in, start, step):
    """Let arrive what [feature, time] has from feature ``start`` on in a step."""
    for j in range(arriving.size):
        arriving[j] = current_in[start + j, step]


@compiled(f"void(int64[::1], {BLOCK}, int64, int64, uint64[:, ::1])")
def _update_cuba_neurons(layer, block, start, step, ones):
    """Update neurons, the first of which is ``start`` of its layer; spikes are bits of ``ones``."""
    current, voltage, arriving, bias, keep_current, keep_voltage = block
    scale, threshold = np.int32(layer[SCALE]), np.int32(layer[THRESHOLD])
    for k in range(0, current.size, 64):
        mask = np.uint64(0)
        for lane in range(k, min(k + 64, current.size), LANES):
            left = np.int32(current.size - lane)
            mask |= update_cuba(
                current,
                voltage,
                arriving,
                bias,
                keep_current,
                keep_voltage,
                lane,
                left,
                scale,
                threshold,
            ) << np.uint64(lane - k)
        ones[step, (start + k) >> 6] = mask


@compiled(
    f"void(int64[::1], {POOLS}, int32[:, ::1], int64, int64, int64, boolean, {SPIKES}, {SPIKES}, "
    f"int32[::1], {SCRATCH})"
)
def _run_cuba_layer(
    layer, pools, current_in, clock, first, steps, ends, arrived, sending, state, scratch
):
    """Run a layer of CUBA neurons without recurrence; list its spikes after the last step."""
    weights8, _, _, _, _, _ = pools
    tile, _, _, _, ones, _ = scratch
    lists, values, sizes = arrived
    inputs, outputs = layer[INPUTS], layer[OUTPUTS]
    is_input, tiled = layer[KIND] == INPUT, layer[KIND] == DENSE8 and layer[DELAY_MODE] == NO_DELAY
    longest = TILE if is_input or tiled else outputs
    for start in range(0, outputs, longest):
        block = _block(layer, pools, state, start, min(longest, outputs - start))
        arriving = block[2]
        for step in range(steps):
            if is_input:
                _take_input(arriving, current_in, start, first + step)
            _update_cuba_neurons(layer, block, start, step, ones)
            if is_input or (ends and step == steps - 1):
                continue
            if tiled:
                weight = layer[WEIGHT] + start * inputs
                add_rows8(weights8, weight, inputs, lists, step, sizes[step], tile, arriving)
            else:
                spikes = lists[step, : sizes[step]]
                add_arrivals(layer, clock + step, pools, spikes, values[step], state, scratch)
    list_ones(ones, (outputs + 63) >> 6, steps, sending[0], sending[2])


@compiled("int64(int64[::1], int16[:, ::1], int32[:, ::1], int32[::1], int32[::1], int32[::1])")
def _update_other_neurons(layer, keep, neurons, state, found, values):
    """Update neurons that are no CUBA ones; list who spikes, and what if graded."""
    outputs, place, neuron = layer[OUTPUTS], layer[STATE], layer[NEURON]
    scale, threshold = np.int32(layer[SCALE]), np.int32(layer[THRESHOLD])
    first = state[place : place + outputs]
    second = state[place + outputs : place + 2 * outputs]
    arriving = state[place + 2 * outputs : place + 2 * outputs + layer[ARRIVING]]
    third = state[place + 3 * outputs : place + 4 * outputs]
    bias = neurons[0, neuron : neuron + outputs]
    if layer[MODEL] == RESONATOR:
        sine, cosine = keep[0, neuron : neuron + outputs], keep[1, neuron : neuron + outputs]
        phase = layer[PHASE] != 0
        return update_resonators(
            first, second, arriving, scale, sine, cosine, threshold, phase, found
        )
    if layer[MODEL] == DELTA:
        return update_delta(second, third, arriving, scale, found, values, threshold)
    if layer[MODEL] == SIGMA:
        return update_sigma(first, arriving, scale, found, values)
    return update_sigma_delta(first, second, third, arriving, scale, bias, found, values, threshold)


@compiled(
    f"void(int64[::1], int64, {POOLS}, int32[::1], int32[::1], int32[::1], int32[::1], "
    f"int32[::1], {SCRATCH})"
)
def _add_own_arrivals(layer, clock, pools, spikes, values, own, own_values, state, scratch):
    """What the spikes of this step and the layer's own ones bring to the next one."""
    _, weights16, _, _, _, _ = pools
    _, _, _, wide, _, joined = scratch
    inputs, outputs = layer[INPUTS], layer[OUTPUTS]
    if layer[KIND] == DENSE_WIDE:
        arriving = state[layer[STATE] + 2 * outputs :][:outputs]
        weights, back = weights16[layer[WEIGHT] :], joined[:outputs]
        sum_wide(layer, weights[inputs * outputs :], own, own_values, wide, back)
        sum_wide(layer, weights, spikes, values, wide, arriving)
        for j in range(outputs):
            arriving[j] += back[j]
        return
    joined[: spikes.size] = spikes
    for k in range(own.size):
        joined[spikes.size + k] = inputs + own[k]
    both = joined[: spikes.size + own.size]
    add_arrivals(layer, clock, pools, both, values, state, scratch)


@compiled(
    f"void(int64[::1], {POOLS}, int32[:, ::1], int64, int64, int64, boolean, {SPIKES}, {SPIKES}, "
    f"int32[::1], {SCRATCH})"
)
def _run_other_layer(
    layer, pools, current_in, clock, first, steps, ends, arrived, sending, state, scratch
):
    """Run a recurrent layer, or one of other neurons; list its spikes in every step."""
    _, _, _, keep, neurons, _ = pools
    _, _, _, _, ones, _ = scratch
    outputs = layer[OUTPUTS]
    block = _block(layer, pools, state, 0, outputs)
    for step in range(steps):
        if layer[KIND] == INPUT:
            _take_input(block[2], current_in, 0, first + step)
        own, own_values, size = sending[0][step], sending[1][step], sending[2][step : step + 1]
        if layer[MODEL] == CUBA:
            _update_cuba_neurons(layer, block, 0, 0, ones)
            list_ones(ones, (outputs + 63) >> 6, 1, sending[0][step : step + 1], size)
            if layer[GRADED_INPUT]:
                own_values[: size[0]] = 1
        else:
            size[0] = _update_other_neurons(layer, keep, neurons, state, own, own_values)
        if layer[KIND] == INPUT or (ends and step == steps - 1):
            continue
        spikes, values, now = arrived[0][step, : arrived[2][step]], arrived[1][step], clock + step
        if layer[RECURRENT]:
            own = own[: size[0]]
            _add_own_arrivals(layer, now, pools, spikes, values, own, own_values, state, scratch)
        else:
            add_arrivals(layer, now, pools, spikes, values, state, scratch)


@compiled(
    f"void(int64[::1], int32[:, ::1], int64, int64, int64, {SPIKES}, uint8[::1], int32[::1], "
    "int64, int64[::1])"
)
def _send(layer, neurons, start, steps, here, spikes, sent, sent_graded, first, counts):
    """Count the listed spikes, and put them into [feature, time], from ``start`` on."""
    lists, values, sizes = spikes
    order = neurons[1, layer[NEURON] : layer[NEURON] + layer[OUTPUTS]]
    graded = layer[GRADED_OUTPUT] != 0
    for step in range(here):
        counts[OUTPUT_SPIKES] += sizes[step]
        for k in range(sizes[step]):
            feature = np.int64(order[np.uint32(lists[step, k])])
            place = start + feature * steps + first + step
            if graded:
                sent_graded[place] = values[step, k]
            else:
                sent[place] = 1


@compiled("void(int32[::1], int64, int64, int32[:, ::1], int64[::1], int64, int64[::1])")
def _count(tables, table, features, lists, sizes, here, counts):
    """Count the synaptic operations of the listed spikes by the fan-outs at ``table``."""
    every = tables[table:][:features]
    effective = tables[table + features :][:features]
    count_arrivals(every, effective, lists, sizes, here, counts)


@compiled(
    f"void(int64[:, ::1], {POOLS}, uint8[:, :, ::1], int32[:, :, ::1], int64, boolean, int64, "
    f"int64, int32[:, :, ::1], int32[:, :, ::1], int64[:, ::1], int32[::1], {SCRATCH}, "
    "uint64[::1], uint8[::1], int32[::1], int64[:, :, ::1])"
)
def run_samples(
    program,
    pools,
    spikes_in,
    numbers_in,
    clock,
    ends,
    first_sample,
    last_sample,
    lists,
    values,
    sizes,
    state,
    scratch,
    bits,
    sent,
    sent_graded,
    counts,
):
    """Run samples ``first_sample`` to ``last_sample`` (exclusive) of a batch.

    Parameters
    ----------
    program : int64 [layer, COLUMNS]
    pools : tuple of
        weights8, weights16, weights32 : int8, int16, int32
            Weights [input, output] of each layer; 8-bit ones in tiles; of a convolution [group
            input channel of each group, y, x, output channel of the group] in whole lanes.
        keep : int16 [2, neuron]
            What stays of current and voltage in a step, 4096 - decay; sine and cosine of
            resonators.
        neurons : int32 [2, neuron]
            Bias as added; place among the features of the layer.
        tables : int32
    spikes_in : uint8 [sample, feature, time]
    numbers_in : int32 [sample, feature, time]
        Used instead of ``spikes_in``: what arrives at an input layer, or graded spikes.
    clock : int
        Steps since rest.
    ends : bool
        Each sample starts from rest and needs no state afterwards. Otherwise the state goes on.
    first_sample, last_sample : int
    lists : int32 [2, chunk, feature and one more]
        Room for lists of spikes; its steps, at most 64, are how many a layer runs
        before the next one does.
    values : int32 [2, chunk, feature]
        Room for their values, if any layer is graded.
    sizes : int64 [2, chunk]
    state : int32
    scratch : tuple of
        tile : int32 [TILE]; narrow, middle, wide : int16, int32, int64
            Room for sums of the largest layer.
        ones : uint64 [chunk, block of 64 features]
            Room for the spikes of a chunk, as bits.
        joined : int32
            Room for input and own spikes of a recurrent layer.
    bits : uint64 [64]
    sent, sent_graded : uint8, int32
        Zeros; get the spikes of every layer, [sample, feature, time] each.
    counts : int64 [sample, layer, COUNTS]
        Added to.
    """
    program, counts, state = borrowed(program), borrowed(counts), borrowed(state)
    sent, sent_graded, bits = borrowed(sent), borrowed(sent_graded), borrowed(bits)
    lists, values, sizes = borrowed(lists), borrowed(values), borrowed(sizes)
    spikes_in, numbers_in = borrowed(spikes_in), borrowed(numbers_in)
    weights8, weights16, weights32, keep, neurons, tables = pools
    keep, neurons, tables = borrowed(keep), borrowed(neurons), borrowed(tables)
    weights8, weights16, weights32 = borrowed(weights8), borrowed(weights16), borrowed(weights32)
    pools = weights8, weights16, weights32, keep, neurons, tables
    tile, narrow, middle, wide, ones, joined = scratch
    tile, narrow, middle, wide = borrowed(tile), borrowed(narrow), borrowed(middle), borrowed(wide)
    ones, joined = borrowed(ones), borrowed(joined)
    scratch = tile, narrow, middle, wide, ones, joined
    chunk, is_input, graded = lists.shape[1], program[0, KIND] == INPUT, program[0, GRADED_INPUT]
    samples, steps = spikes_in.shape[0], spikes_in.shape[2]
    if is_input or graded:
        samples, steps = numbers_in.shape[0], numbers_in.shape[2]
    for sample in range(first_sample, last_sample):
        if ends:
            state[:] = 0
        for first in range(0, steps, chunk):
            here = min(chunk, steps - first)
            current_in = numbers_in[sample if is_input else 0]
            if graded:
                list_graded_input(numbers_in, sample, first, here, lists[0], values[0], sizes[0])
            elif not is_input:
                find_input(spikes_in, sample, first, here, bits, ones)
                list_ones(ones, (spikes_in.shape[1] + 63) >> 6, here, lists[0], sizes[0])
            for index in range(program.shape[0]):
                layer, mine, odd = program[index], counts[sample, index], index & 1
                outputs, last = layer[OUTPUTS], ends and first + here == steps
                arrived = lists[odd], values[odd], sizes[odd]
                sending = lists[1 - odd], values[1 - odd], sizes[1 - odd]
                if layer[KIND] != INPUT:
                    mine[INPUT_SPIKES] += sizes[odd, :here].sum()
                    table, inputs = layer[TABLE], layer[INPUTS]
                    _count(tables, table, inputs, lists[odd], sizes[odd], here, mine)
                run = (clock + first, first, here, last)
                if layer[MODEL] == CUBA and not layer[RECURRENT]:
                    _run_cuba_layer(
                        layer, pools, current_in, *run, arrived, sending, state, scratch
                    )
                else:
                    _run_other_layer(
                        layer, pools, current_in, *run, arrived, sending, state, scratch
                    )
                if layer[RECURRENT]:
                    table, own, amounts = layer[BACK_TABLE], lists[1 - odd], sizes[1 - odd]
                    _count(tables, table, outputs, own, amounts, here, mine)
                start = (layer[SENT] * samples + sample * outputs) * steps
                _send(layer, neurons, start, steps, here, sending, sent, sent_graded, first, mine)
