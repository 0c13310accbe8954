"""Layers and samples one after another, compiled: the loops around neurons and arrivals.

Layers run one after another over a chunk of time steps; between them travel lists of the neurons
that spiked, step by step, so work falls with the number of spikes. Weights lie [input, output]:
a spike adds one contiguous row.

Every step of a layer is: update the neurons with what arrived, then add up what the input spikes
of this step bring to the next one. A dense layer with 8-bit weights and no delays runs tile by
tile: some outputs through all steps, then the next ones, so that their weights stay in the cache.

Importing this module compiles everything; `loading` keeps what came of it.
"""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.arrivals import add_arrivals, add_own_arrivals
from neurodeploy.engines.native.borrowing import (
    S32,
    given_of,
    line,
    lists_of,
    numbers_at,
    plane,
    pools_of,
    scratch_of,
    sent_of,
)
from neurodeploy.engines.native.compiling import OPTIONS, compiled
from neurodeploy.engines.native.dense import sum_rows8
from neurodeploy.engines.native.layout import (
    CLOCK,
    FIRST_SAMPLE,
    FROM_REST,
    LANES,
    LAST_SAMPLE,
    LAYER,
    LAYERS_AT,
    STATE_AT,
    TALLIES_AT,
    TALLY,
    TILE,
    Block,
    Chunk,
    DelayMode,
    Kind,
    Model,
)
from neurodeploy.engines.native.neurons import update_neurons
from neurodeploy.engines.native.pieces import update_cuba
from neurodeploy.engines.native.signatures import (
    BLOCK,
    CHUNK,
    GIVEN,
    I32,
    LAYER_TYPE,
    LISTS,
    POOLS,
    SCRATCH,
    SENT,
    TALLY_TYPE,
)
from neurodeploy.engines.native.spikes import (
    are_ones,
    count_arrivals,
    find_ones,
    list_graded,
    list_ones,
)


@compiled(BLOCK(LAYER_TYPE, POOLS, I32, nb.int64, nb.int64))
def _block(layer, pools, state, start, size):
    """So many neurons of a layer from ``start`` on."""
    outputs, place, neuron = layer.outputs, layer.state + start, layer.neuron + start
    return Block(
        state[place : place + size],
        state[place + outputs : place + outputs + size],
        state[place + 2 * outputs : place + 2 * outputs + size],
        pools.bias[neuron : neuron + size],
        pools.factors[0, neuron : neuron + size],
        pools.factors[1, neuron : neuron + size],
    )


@compiled(nb.void(I32, nb.int32[:, ::1], nb.int64, nb.int64))
def _take_current(arriving, current, start, step):
    """Let arrive what [feature, time] has from feature ``start`` on in a step."""
    for j in range(arriving.size):
        arriving[j] = current[start + j, step]


@compiled(nb.void(LAYER_TYPE, BLOCK, nb.int64, nb.int64, nb.uint64[:, ::1]))
def _update_block(layer, block, start, step, ones):
    """Update neurons, the first of which is ``start`` of its layer; spikes are bits of ``ones``."""
    current, voltage, arriving, bias, current_factor, voltage_factor = block
    size = current.size
    scale, threshold = np.int32(layer.scale), np.int32(layer.threshold)
    for k in range(0, size, 64):
        mask = np.uint64(0)
        for lane in range(k, min(k + 64, size), LANES):
            left = np.int32(size - lane)
            mask |= update_cuba(
                current,
                voltage,
                arriving,
                bias,
                current_factor,
                voltage_factor,
                lane,
                left,
                scale,
                threshold,
            ) << np.uint64(lane - k)
        ones[step, (start + k) >> 6] = mask


@compiled(nb.void(LAYER_TYPE, POOLS, nb.int32[:, ::1], CHUNK, LISTS, LISTS, I32, SCRATCH))
def _run_cuba_layer(layer, pools, current, chunk, arrived, sending, state, scratch):
    """Run a layer of CUBA neurons without recurrence; list its spikes after the last step."""
    outputs, rows, is_input = layer.outputs, layer.weight_rows, layer.kind == Kind.INPUT
    tiled = layer.kind == Kind.DENSE_WEIGHTS8 and layer.delay_mode == DelayMode.NONE
    longest = TILE if is_input or tiled else outputs
    start = 0
    while start < outputs:
        block = _block(layer, pools, state, start, min(longest, outputs - start))
        for step in range(chunk.steps):
            if is_input:
                _take_current(block.arriving, current, start, chunk.first + step)
            _update_block(layer, block, start, step, scratch.ones)
            if is_input or (chunk.is_last and step == chunk.steps - 1):
                continue
            spikes = arrived.indices[step, : arrived.sizes[step]]
            if tiled:
                weight, tile = layer.weight + start * rows, scratch.tile
                sum_rows8(pools.weights8, weight, rows, spikes, tile, block.arriving)
            else:
                values = arrived.values[step]
                add_arrivals(layer, chunk.clock + step, pools, spikes, values, state, scratch)
        start += longest
    list_ones(scratch.ones, (outputs + 63) >> 6, chunk.steps, sending.indices, sending.sizes)


@compiled(nb.void(LAYER_TYPE, POOLS, nb.int32[:, ::1], CHUNK, LISTS, LISTS, I32, SCRATCH))
def _run_other_layer(layer, pools, current, chunk, arrived, sending, state, scratch):
    """Run a recurrent layer, or one of other neurons; list its spikes in every step."""
    outputs, ones = layer.outputs, scratch.ones
    block = _block(layer, pools, state, 0, outputs)
    for step in range(chunk.steps):
        if layer.kind == Kind.INPUT:
            _take_current(block.arriving, current, 0, chunk.first + step)
        own, own_values = sending.indices[step], sending.values[step]
        size = sending.sizes[step : step + 1]
        if layer.model == Model.CUBA:
            _update_block(layer, block, 0, 0, ones)
            list_ones(ones, (outputs + 63) >> 6, 1, sending.indices[step : step + 1], size)
            if layer.graded_input:
                own_values[: size[0]] = 1
        else:
            size[0] = update_neurons(layer, pools, state, own, own_values)
        if layer.kind == Kind.INPUT or (chunk.is_last and step == chunk.steps - 1):
            continue
        spikes = arrived.indices[step, : arrived.sizes[step]]
        values, now = arrived.values[step], chunk.clock + step
        if layer.recurrent:
            own = own[: size[0]]
            add_own_arrivals(layer, now, pools, spikes, values, own, own_values, state, scratch)
        else:
            add_arrivals(layer, now, pools, spikes, values, state, scratch)


@compiled(nb.void(LAYER_TYPE, I32, nb.int64, nb.int64, CHUNK, LISTS, SENT, TALLY_TYPE))
def _send(layer, order, start, steps, chunk, lists, sent, tally):
    """Count the listed spikes, and put them into [feature, time], from ``start`` on."""
    mine = order[layer.neuron : layer.neuron + layer.outputs]
    graded = layer.graded_output != 0
    for step in range(chunk.steps):
        size = lists.sizes[step]
        tally.output_spikes += size
        for k in range(size):
            feature = np.int64(mine[np.uint32(lists.indices[step, k])])
            place = start + feature * steps + chunk.first + step
            if graded:
                sent.graded[place] = lists.values[step, k]
            else:
                sent.spikes[place] = 1


@compiled(nb.void(I32, nb.int64, nb.int64, LISTS, nb.int64, TALLY_TYPE))
def _count(tables, fan_out, features, lists, steps, tally):
    """Count the synaptic operations of the listed spikes by the ``fan_out`` at this offset."""
    every = tables[fan_out:][:features]
    effective = tables[fan_out + features :][:features]
    count_arrivals(every, effective, lists.indices, lists.sizes, steps, tally)


@compiled(
    nb.void(LAYER_TYPE, POOLS, nb.int32[:, ::1], CHUNK, LISTS, LISTS, I32, SCRATCH, TALLY_TYPE)
)
def _run_layer(layer, pools, current, chunk, arrived, sending, state, scratch, tally):
    """Run a layer through a chunk, and count what arrives."""
    tables, steps = pools.tables, chunk.steps
    if layer.kind != Kind.INPUT:
        tally.input_spikes += arrived.sizes[:steps].sum()
        _count(tables, layer.fan_out, layer.inputs, arrived, steps, tally)
    if layer.model == Model.CUBA and not layer.recurrent:
        _run_cuba_layer(layer, pools, current, chunk, arrived, sending, state, scratch)
    else:
        _run_other_layer(layer, pools, current, chunk, arrived, sending, state, scratch)
    if layer.recurrent:
        _count(tables, layer.own_fan_out, layer.outputs, sending, steps, tally)


@compiled(nb.void(LAYER_TYPE, GIVEN, nb.int64, CHUNK, LISTS, SCRATCH))
def _list_given(layer, given, sample, chunk, lists, scratch):
    """List what arrives at the first layer, which is ``layer``."""
    if layer.graded_input:
        list_graded(given.numbers, sample, chunk.first, chunk.steps, lists)
    elif layer.kind != Kind.INPUT:
        blocks = (given.spikes.shape[1] + 63) >> 6
        find_ones(given.spikes, sample, chunk.first, chunk.steps, scratch)
        list_ones(scratch.ones, blocks, chunk.steps, lists.indices, lists.sizes)


@compiled(nb.int64(nb.int64))
def run_samples(address):
    """Run samples of a batch, or steps of a session.

    Parameters
    ----------
    address : int
        Of `layout.NUMBERS` numbers: steps since rest; whether each sample starts from rest and
        needs no state afterwards, or else the state goes on; the first sample, and the one
        behind the last; then the slots. `Lists` are [2, ...]: room for what arrives at a layer
        and for what it sends, in turns; its steps, at most 64, are how many a layer runs before
        the next one does. `Sent` is zeros and gets the spikes of every layer; tallies [sample,
        layer] are added to.

    Returns
    -------
    int
        1 if nothing was done, since what a session was given are not 0 and 1; otherwise 0.
    """
    numbers = numbers_at(address)
    clock, from_rest = numbers[CLOCK], numbers[FROM_REST] != 0
    layers, pools, scratch = line(numbers, LAYERS_AT, LAYER), pools_of(numbers), scratch_of(numbers)
    state, even, odd = line(numbers, STATE_AT, S32), lists_of(numbers, 0), lists_of(numbers, 1)
    given, sent, tallies = given_of(numbers), sent_of(numbers), plane(numbers, TALLIES_AT, TALLY)
    is_input = layers[0].kind == Kind.INPUT
    samples, steps = given.spikes.shape[0], given.spikes.shape[2]
    if is_input or layers[0].graded_input:
        samples, steps = given.numbers.shape[0], given.numbers.shape[2]
    elif not (from_rest or are_ones(given.spikes)):
        return 1
    longest = even.indices.shape[0]
    for sample in range(numbers[FIRST_SAMPLE], numbers[LAST_SAMPLE]):
        if from_rest:
            state[:] = 0
        current = given.numbers[sample if is_input else 0]
        first = 0
        while first < steps:
            here = min(longest, steps - first)
            is_last = from_rest and first + here == steps
            chunk = Chunk(clock + first, first, here, is_last)
            _list_given(layers[0], given, sample, chunk, even, scratch)
            for index in range(layers.size):
                layer, tally = layers[index], tallies[sample, index]
                arrived, sending = (odd, even) if index & 1 else (even, odd)
                _run_layer(layer, pools, current, chunk, arrived, sending, state, scratch, tally)
                start = (layer.sent * samples + sample * layer.outputs) * steps
                _send(layer, pools.order, start, steps, chunk, sending, sent, tally)
            first += longest
    return 0


@nb.cfunc(nb.int64(nb.int64), **OPTIONS)
def entry(address):
    """`run_samples`, called as C calls."""
    return run_samples(address)
