"""How a layer in floats runs: sums over the spikes that there are, then neurons step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from neurodeploy.adopt.floats import FloatLayer

SUMS_AT_ONCE = 1 << 23
"""Float64 values held at a time: 64 MiB."""
SYNAPSES_AT_ONCE = 1 << 23
"""Of a convolution, held at a time, each by itself."""


def run_layer(layer: FloatLayer, spikes: np.ndarray, latency_steps: int = 1) -> np.ndarray:
    """Spikes uint8 [sample, *features, time] of one layer for those that it is sent."""
    parts = _parts(layer, spikes.shape[1:-1])
    sent = [_run_part(part, spikes[:, channels], latency_steps) for channels, part in parts]
    return sent[0] if len(sent) == 1 else np.concatenate(sent, axis=1)


def _parts(layer: FloatLayer, input_shape: tuple[int, ...]) -> Iterator[tuple[slice, FloatLayer]]:
    """A layer as layers of some of its output channels, each with the channels that it reads."""
    outputs, inputs = layer.weight.shape[:2]
    pixels = int(np.prod(layer.output_shape(input_shape)[1:]))
    at_once = max(1, SYNAPSES_AT_ONCE // (layer.weight[0].size * pixels))
    if not layer.is_convolution or outputs <= at_once:
        yield slice(None), layer
        return
    size = outputs // layer.groups
    for group in range(layer.groups):
        for first in range(group * size, (group + 1) * size, at_once):
            some = slice(first, min(first + at_once, (group + 1) * size))
            own = {
                name: value[some]
                for name in ("weight", "current_decay", "voltage_decay", "bias", "current_bias")
                if np.size(value := getattr(layer, name)) > 1
            }
            yield slice(group * inputs, (group + 1) * inputs), replace(layer, groups=1, **own)


def _run_part(layer: FloatLayer, spikes: np.ndarray, latency_steps: int) -> np.ndarray:
    shape = layer.output_shape(spikes.shape[1:-1])
    samples, steps = len(spikes), spikes.shape[-1]
    sent = np.empty((samples, *shape, steps), np.uint8)
    synapses = list(synapse_matrices(layer, spikes.shape[1:-1]))
    at_once = max(1, SUMS_AT_ONCE // (int(np.prod(shape)) * steps))
    for first in range(0, samples, at_once):
        some = slice(first, first + at_once)
        sums = arriving(synapses, spikes[some], latency_steps)
        fired = _fire(layer, sums, int(np.prod(shape)) // len(layer.weight))
        sent[some] = np.moveaxis(fired, 1, 2).reshape(-1, *shape, steps)
    return sent


def synapse_matrices(
    layer: FloatLayer, input_shape: tuple[int, ...]
) -> Iterator[tuple[int, np.ndarray | sparse.csr_array]]:
    """Weights [input, output] of all synapses with one delay, features flattened, by the delay."""
    if layer.is_convolution:
        yield 0, _unrolled(layer, input_shape)
    elif layer.delay is None:
        yield 0, layer.weight.astype(np.float64).T
    else:
        for delay in np.unique(layer.delay):
            chosen = np.where(layer.delay == delay, layer.weight, 0.0)
            yield int(delay), sparse.csr_array(chosen.T)


def taps(layer: FloatLayer, input_shape: tuple[int, ...]) -> np.ndarray:
    """Which pixel of a channel each tap of a kernel reads, int64 [output pixel, tap]; -1 is edge.

    Pixels and taps are counted row by row.
    """
    _, *kernel = layer.weight.shape[1:]
    sides = layer.output_shape(input_shape)[1:]
    lines = []
    for axis in (0, 1):
        line = (
            np.arange(sides[axis])[:, None] * layer.stride[axis]
            + np.arange(kernel[axis]) * layer.dilation[axis]
            - layer.padding[axis]
        )
        lines.append(np.where((line >= 0) & (line < input_shape[1 + axis]), line, -1))
    rows, columns = lines[0][:, None, :, None], lines[1][None, :, None, :]
    pixels = np.where((rows < 0) | (columns < 0), -1, rows * input_shape[2] + columns)
    return pixels.reshape(sides[0] * sides[1], -1)


def _unrolled(layer: FloatLayer, input_shape: tuple[int, ...]) -> sparse.csr_array:
    """The matrix [input, output] that does what a convolution does."""
    pixels = taps(layer, input_shape)
    outputs, inputs = layer.weight.shape[:2]
    kernels = layer.weight.reshape(outputs, inputs, 1, -1).astype(np.float64)
    output, channel, place, tap = np.nonzero((kernels != 0) & (pixels >= 0))
    first_channel = output // (outputs // layer.groups) * inputs
    size = input_shape[1] * input_shape[2]
    to = output * len(pixels) + place
    by = (first_channel + channel) * size + pixels[place, tap]
    shape = (input_shape[0] * size, outputs * len(pixels))
    return sparse.csr_array((kernels[output, channel, 0, tap], (by, to)), shape)


def arriving(
    synapses: list[tuple[int, np.ndarray | sparse.csr_array]],
    spikes: np.ndarray,
    latency_steps: int,
) -> np.ndarray:
    """Weighted sums [sample, time, output] of spikes [sample, *features, time], so much later."""
    samples, steps = len(spikes), spikes.shape[-1]
    frames = np.moveaxis(spikes, -1, 1).reshape(samples, steps, -1)
    sums = np.zeros((samples, steps, synapses[0][1].shape[1]))
    for delay, weight in synapses:
        first = latency_steps + delay
        late = frames[:, : max(0, steps - first)]
        if late.size:
            some = sparse.csr_array(late.reshape(-1, frames.shape[-1]), dtype=np.float64) @ weight
            some = some.toarray() if sparse.issparse(some) else some
            sums[:, first:] += some.reshape(samples, -1, sums.shape[-1])
    return sums


def _fire(layer: FloatLayer, sums: np.ndarray, pixels: int) -> np.ndarray:
    """Spikes uint8 [sample, time, neuron] for weighted sums of that shape.

    Every output of the layer has so many pixels, one after another.
    """
    keep_current, keep_voltage, bias, current_bias = (
        np.repeat(np.broadcast_to(value, len(layer.weight)).astype(np.float64), pixels)
        for value in (
            1 - np.asarray(layer.current_decay),
            1 - np.asarray(layer.voltage_decay),
            0.0 if layer.bias is None else layer.bias,
            0.0 if layer.current_bias is None else layer.current_bias,
        )
    )
    samples, steps, neurons = sums.shape
    spikes = np.zeros(sums.shape, np.uint8)
    current, voltage = np.zeros((2, samples, neurons))
    for step in range(steps):
        current *= keep_current
        current += sums[:, step]
        current += current_bias
        if layer.recurrent_weight is not None and step:
            current += spikes[:, step - 1] @ layer.recurrent_weight.T
        voltage *= keep_voltage
        voltage += current
        voltage += bias
        fired = voltage > layer.threshold
        voltage[fired] = 0.0
        spikes[:, step] = fired
    return spikes
