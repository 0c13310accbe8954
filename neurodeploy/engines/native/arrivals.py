"""What the spikes of a step bring to the next one, compiled, for layers of every kind."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb

from neurodeploy.engines.native.borrowing import shaped
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.convolution import convolve
from neurodeploy.engines.native.dense import (
    delay_sums,
    delay_synapses,
    delay_synapses64,
    sum_rows8,
    sum_rows16,
    sum_rows64,
)
from neurodeploy.engines.native.layout import DelayMode, Kind
from neurodeploy.engines.native.signatures import I32, LAYER_TYPE, POOLS, SCRATCH


@compiled(nb.void(LAYER_TYPE, nb.int64, POOLS, I32, I32, I32, SCRATCH))
def add_arrivals(layer, clock, pools, spikes, values, state, scratch):
    """What the spikes of this step bring to the next one, into the sums of the state."""
    kind, outputs, steps, weight = layer.kind, layer.outputs, layer.delay_steps, layer.weight
    arriving = state[layer.state + 2 * outputs :][: layer.arriving]
    buffer = shaped(state[layer.state + layer.delay_buffer :], (steps, outputs))
    now, delays = clock & (steps - 1), pools.tables[layer.delay :]
    if layer.delay_mode == DelayMode.SYNAPSE:
        weights = pools.weights16[weight:]
        if kind == Kind.DENSE_ACC64:
            acc64 = scratch.acc64
            delay_synapses64(layer, buffer, now, weights, delays, spikes, values, acc64)
        else:
            delay_synapses(buffer, now, weights, delays, spikes)
        for j in range(outputs):
            arriving[j] = buffer[now, j]
            buffer[now, j] = 0
    elif kind == Kind.DENSE_WEIGHTS8:
        sum_rows8(pools.weights8, weight, layer.weight_rows, spikes, scratch.tile, arriving)
    elif kind == Kind.DENSE_WEIGHTS16:
        sum_rows16(pools.weights16[weight:], spikes, scratch.acc16[: arriving.size], arriving)
    elif kind == Kind.DENSE_ACC64:
        sum_rows64(layer, pools.weights16[weight:], spikes, values, scratch.acc64, arriving)
    else:
        convolve(layer, pools, spikes, values, arriving, scratch)
    if layer.delay_mode == DelayMode.OUTPUT:
        delay_sums(buffer, now, delays, arriving)


@compiled(nb.void(LAYER_TYPE, nb.int64, POOLS, I32, I32, I32, I32, I32, SCRATCH))
def add_own_arrivals(layer, clock, pools, spikes, values, own, own_values, state, scratch):
    """What the spikes of this step and the layer's own ones bring to the next one."""
    inputs, outputs, joined = layer.inputs, layer.outputs, scratch.joined
    if layer.kind == Kind.DENSE_ACC64:
        arriving = state[layer.state + 2 * outputs :][:outputs]
        weights, back = pools.weights16[layer.weight :], joined[:outputs]
        own_weights = weights[inputs * outputs :]
        sum_rows64(layer, own_weights, own, own_values, scratch.acc64, back)
        sum_rows64(layer, weights, spikes, values, scratch.acc64, arriving)
        for j in range(outputs):
            arriving[j] += back[j]
        return
    for k in range(spikes.size):
        joined[k] = spikes[k]
    for k in range(own.size):
        joined[spikes.size + k] = inputs + own[k]
    both = joined[: spikes.size + own.size]
    add_arrivals(layer, clock, pools, both, values, state, scratch)
