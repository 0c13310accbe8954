"""What neurons other than CUBA ones do in a step, compiled, by `neurodeploy.netx.neurons`.

Those of a layer are updated one by one, and who spikes is listed at once.
"""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba as nb
import numpy as np

from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.layout import Model
from neurodeploy.engines.native.rules import LIMIT, scaled
from neurodeploy.engines.native.signatures import I16, I32, LAYER_TYPE, POOLS


@compiled(nb.int64(nb.int64, nb.int32, nb.int32, I32, I32, I32, nb.int64))
def _send(j, change, threshold, residue, found, values, count):
    """Append a change that reaches the threshold, in units of the spike; keep the others."""
    magnitude = change if change >= 0 else np.int32(-change)
    if magnitude < threshold:
        residue[j] = change
        return count
    residue[j] = 0
    sent = change >> 6
    if sent != 0:
        found[count] = j
        values[count] = sent
        count += 1
    return count


@compiled(nb.int64(I32, I32, I32, nb.int32, I32, I32, nb.int32))
def _update_delta(activation, residue, arriving, scale, found, values, threshold):
    """Send how the input has changed; list who sends what, and give their number."""
    count = np.int64(0)
    for j in range(activation.size):
        active = np.int32(arriving[j] * scale)
        change = np.int32(np.int32(active - activation[j]) + residue[j])
        activation[j] = active
        count = _send(j, change, threshold, residue, found, values, count)
    return count


@compiled(nb.int64(I32, I32, I32, I32, nb.int32, I32, I32, I32, nb.int32))
def _update_sigma_delta(
    total, activation, residue, arriving, scale, bias, found, values, threshold
):
    """Add up what arrives; send how the activation of the sum has changed."""
    count = np.int64(0)
    for j in range(total.size):
        total[j] = np.int32(total[j] + arriving[j] * scale)
        active = max(np.int32(total[j] + bias[j]), np.int32(0))
        change = np.int32(np.int32(active - activation[j]) + residue[j])
        activation[j] = active
        count = _send(j, change, threshold, residue, found, values, count)
    return count


@compiled(nb.int64(I32, I32, nb.int32, I32, I32))
def _update_sigma(total, arriving, scale, found, values):
    """Add up what arrives; send the sum."""
    count = np.int64(0)
    for j in range(total.size):
        total[j] = np.int32(total[j] + arriving[j] * scale)
        if total[j] != 0:
            found[count] = j
            values[count] = total[j]
            count += 1
    return count


@compiled(nb.int64(I32, I32, I32, nb.int32, I16, I16, nb.int32, nb.boolean, I32))
def _update_resonators(real, imaginary, arriving, scale, sine, cosine, threshold, by_phase, found):
    """Turn, shrink and add; list who spikes, and give their number."""
    count, neurons = np.int64(0), real.size
    for j in range(neurons):
        s, c, x, y = sine[j], cosine[j], real[j], imaginary[j]
        new_x = np.int64(scaled(x, c)) - scaled(y, s) + np.int32(arriving[j] * scale)
        new_y = np.int64(scaled(x, s)) + scaled(y, c) + np.int32(arriving[neurons + j] * scale)
        new_x = min(max(new_x, 1 - LIMIT), LIMIT - 1)
        new_y = min(max(new_y, 1 - LIMIT), LIMIT - 1)
        if by_phase:
            spike = new_x >= threshold and new_y >= 0 and y < 0
        else:
            spike = new_y >= threshold
            if spike:
                new_x, new_y = np.int64(0), np.int64(threshold) - 1
        real[j], imaginary[j] = new_x, new_y
        if spike:
            found[count] = j
            count += 1
    return count


@compiled(nb.int64(LAYER_TYPE, POOLS, I32, I32, I32))
def update_neurons(layer, pools, state, found, values):
    """Update the neurons of a layer; list who spikes, and what if graded; give their number."""
    outputs, place, neuron = layer.outputs, layer.state, layer.neuron
    scale, threshold = np.int32(layer.scale), np.int32(layer.threshold)
    first = state[place : place + outputs]
    second = state[place + outputs : place + 2 * outputs]
    arriving = state[place + 2 * outputs : place + 2 * outputs + layer.arriving]
    third = state[place + 3 * outputs : place + 4 * outputs]
    if layer.model == Model.RESONATOR:
        sine = pools.factors[0, neuron : neuron + outputs]
        cosine = pools.factors[1, neuron : neuron + outputs]
        by_phase = layer.by_phase != 0
        return _update_resonators(
            first, second, arriving, scale, sine, cosine, threshold, by_phase, found
        )
    if layer.model == Model.DELTA:
        return _update_delta(second, third, arriving, scale, found, values, threshold)
    if layer.model == Model.SIGMA:
        return _update_sigma(first, arriving, scale, found, values)
    bias = pools.bias[neuron : neuron + outputs]
    return _update_sigma_delta(
        first, second, third, arriving, scale, bias, found, values, threshold
    )
