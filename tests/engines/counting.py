"""Counts of a run from every single synapse, straight from the definitions in `Counts`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.engines.counts import Counts
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron


def synapses(layer: Layer, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """(input feature, weight) of every synapse that reaches a layer from features [*shape]."""
    if isinstance(layer, Dense):
        return [
            (source, int(layer.weight[to, source]))
            for to, source in np.ndindex(*layer.weight.shape)
        ]
    if isinstance(layer, ComplexDense):
        return [
            (source, int(part[to, source]))
            for part in (layer.real_weight, layer.imaginary_weight)
            for to, source in np.ndindex(*part.shape)
        ]
    return list(conv_synapses(layer, shape)) if isinstance(layer, Conv) else []


def conv_synapses(layer: Conv, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Each kernel at each place where it fits; what lies in the padding is no synapse."""
    places = np.arange(np.prod(shape)).reshape(shape)
    channels, inputs, kernel_y, kernel_x = layer.weight.shape
    (pad_y, pad_x), (step_y, step_x) = layer.padding, layer.stride
    last_y = shape[1] + pad_y - layer.dilation[0] * (kernel_y - 1)
    last_x = shape[2] + pad_x - layer.dilation[1] * (kernel_x - 1)
    found = []
    for top in range(-pad_y, last_y, step_y):
        for left in range(-pad_x, last_x, step_x):
            for channel, inner, ky, kx in np.ndindex(*layer.weight.shape):
                row, column = top + ky * layer.dilation[0], left + kx * layer.dilation[1]
                if 0 <= row < shape[1] and 0 <= column < shape[2]:
                    source = channel // (channels // layer.groups) * inputs + inner
                    weight = int(layer.weight[channel, inner, ky, kx])
                    found.append((int(places[source, row, column]), weight))
    return found


def sums(pairs: Sequence[tuple[int, int]], sent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Operations by sample, of all ``pairs`` and of those with a weight, for spikes by feature."""
    every, effective = np.zeros(len(sent), np.int64), np.zeros(len(sent), np.int64)
    for source, weight in pairs:
        every += sent[:, source]
        effective += sent[:, source] * (weight != 0)
    return every, effective


def assert_counted(counts: Counts, network: Network, run: Sequence[np.ndarray]) -> None:
    """``run`` is the input, then the spikes of each layer, [sample, *features, time]."""
    samples, steps = len(run[0]), run[0].shape[-1]
    assert (counts.samples, counts.steps) == (samples, steps)
    nothing, graded = np.zeros(samples, np.int64), network.input_bits > 0
    for layer, before, after, found in zip(
        network.layers, run[:-1], run[1:], counts.layers, strict=True
    ):
        assert not isinstance(layer, Average)
        is_input = isinstance(layer, NeuronInput)
        arrived, sent = ((part != 0).sum(-1).reshape(samples, -1) for part in (before, after))
        every, effective = sums(synapses(layer, before.shape[1:-1]), arrived)
        if isinstance(layer, Dense) and layer.recurrent_weight is not None:
            back = layer.recurrent_weight
            pairs = [(source, int(back[to, source])) for to, source in np.ndindex(*back.shape)]
            every_back, effective_back = sums(pairs, sent)
            every, effective = every + every_back, effective + effective_back
        expected = {
            "input_spikes": nothing if is_input else arrived.sum(1),
            "output_spikes": sent.sum(1),
            "synops": every,
            "effective_synops": effective,
            "graded_synops": every if graded else nothing,
            "neuron_updates": nothing + sent.shape[1] * steps,
            "macs": nothing + sent.shape[1] * steps * is_input,
        }
        for field, values in expected.items():
            assert getattr(found, field).tolist() == values.tolist(), (found.name, field)
        graded = isinstance(layer.neuron, SdnnNeuron)
