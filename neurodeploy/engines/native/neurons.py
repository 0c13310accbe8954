"""What neurons do in a step, compiled, by the rules in `neurodeploy.netx.neurons`."""
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from neurodeploy.engines.native.columns import LANES
from neurodeploy.engines.native.compiling import compiled
from neurodeploy.engines.native.lanes import Lanes, load, pointers

LIMIT, WRAP = 1 << 23, 1 << 24
"""Current wraps, and voltages and resonators clip, at 24 bits."""


def _decayed(lanes: Lanes, keep: Lanes) -> Lanes:
    """What of these stays, lanes * keep / 4096 towards zero: exact, by 12 bits at a time."""
    towards_zero = (lanes >> 31) & 4095
    return (lanes >> 12) * keep + (((lanes & 4095) * keep + towards_zero) >> 12)


@intrinsic
def update_cuba(
    typing: Any,
    current: Any,
    voltage: Any,
    arriving: Any,
    bias: Any,
    keep_current: Any,
    keep_voltage: Any,
    first: Any,
    left: Any,
    scale: Any,
    threshold: Any,
) -> Any:
    """Update `LANES` neurons, or what is ``left`` from ``first`` on; give a bit for each spike.

    Current: decay, add, wrap once. Voltage: decay, add, clip, spike, reset. Every sum wraps at
    32 bits, as in Lava. Lanes behind the last neuron are read, and written as they were.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *arrays, first, left, scale, threshold = pointers(context, builder, signature, arguments)
        places = [builder.gep(array, [first]) for array in arrays]
        u, v, arriving, bias = (load(builder, place, LANES, 32) for place in places[:4])
        keep_u, keep_v = (
            load(builder, place, LANES, 16).extended("sext", 32) for place in places[4:]
        )
        numbers = Lanes(builder, ir.Constant(u.value.type, list(range(LANES))))
        present = numbers < left

        total = _decayed(u, keep_u) + arriving * scale
        zeros = Lanes(builder, ir.Constant(u.value.type, None))
        total = total - zeros.where(total > LIMIT, WRAP) + zeros.where(total < 1 - LIMIT, WRAP)
        u.where(present, total).store(places[0])

        total = _decayed(v, keep_v) + total + bias
        total = total.where(total < 1 - LIMIT, 1 - LIMIT)
        total = total.where(total > LIMIT - 1, LIMIT - 1)
        spike = (total > threshold) & present
        v.where(present, total.where(spike, 0)).store(places[1])
        return builder.zext(builder.bitcast(spike.value, ir.IntType(LANES)), ir.IntType(64))

    arrays = (current, voltage, arriving, bias, keep_current, keep_voltage)
    return nb.uint64(*arrays, nb.int64, nb.int32, nb.int32, nb.int32), code


@compiled("int64(int64, int32, int32, int32[::1], int32[::1], int32[::1], int64)")
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


@compiled("int64(int32[::1], int32[::1], int32[::1], int32, int32[::1], int32[::1], int32)")
def update_delta(activation, residue, arriving, scale, found, values, threshold):
    """Send how the input has changed; list who sends what, and give their number."""
    count = np.int64(0)
    for j in range(activation.size):
        active = np.int32(arriving[j] * scale)
        change = np.int32(np.int32(active - activation[j]) + residue[j])
        activation[j] = active
        count = _send(j, change, threshold, residue, found, values, count)
    return count


@compiled(
    "int64(int32[::1], int32[::1], int32[::1], int32[::1], int32, int32[::1], int32[::1], "
    "int32[::1], int32)"
)
def update_sigma_delta(total, activation, residue, arriving, scale, bias, found, values, threshold):
    """Add up what arrives; send how the activation of the sum has changed."""
    count = np.int64(0)
    for j in range(total.size):
        total[j] = np.int32(total[j] + arriving[j] * scale)
        active = max(np.int32(total[j] + bias[j]), np.int32(0))
        change = np.int32(np.int32(active - activation[j]) + residue[j])
        activation[j] = active
        count = _send(j, change, threshold, residue, found, values, count)
    return count


@compiled("int64(int32[::1], int32[::1], int32, int32[::1], int32[::1])")
def update_sigma(total, arriving, scale, found, values):
    """Add up what arrives; send the sum."""
    count = np.int64(0)
    for j in range(total.size):
        total[j] = np.int32(total[j] + arriving[j] * scale)
        if total[j] != 0:
            found[count] = j
            values[count] = total[j]
            count += 1
    return count


@compiled("int64(int64, int64)")
def _turned(state, factor):
    """State * factor / 4096, toward zero."""
    product = state * factor
    return (product + ((product >> 63) & 4095)) >> 12


@compiled(
    "int64(int32[::1], int32[::1], int32[::1], int32, int16[::1], int16[::1], int32, boolean, "
    "int32[::1])"
)
def update_resonators(real, imaginary, arriving, scale, sine, cosine, threshold, phase, found):
    """Turn, shrink and add; list who spikes, and give their number."""
    count, neurons = np.int64(0), real.size
    for j in range(neurons):
        s, c = np.int64(sine[j]), np.int64(cosine[j])
        x, y = np.int64(real[j]), np.int64(imaginary[j])
        new_x = _turned(x, c) - _turned(y, s) + np.int32(arriving[j] * scale)
        new_y = _turned(x, s) + _turned(y, c) + np.int32(arriving[neurons + j] * scale)
        new_x = min(max(new_x, 1 - LIMIT), LIMIT - 1)
        new_y = min(max(new_y, 1 - LIMIT), LIMIT - 1)
        if phase:
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
