"""What a run really did: spikes, synaptic operations, neuron updates, by layer and sample.

A synaptic operation is one spike that arrives at one synapse. ``synops`` counts every
connection of the layer, ``effective_synops`` only those with a weight other than 0. At the edge
of an image a spike has fewer connections, and is counted so. ``graded_synops`` are those of
``synops`` that multiply, because their spike is graded. In an input layer with neurons, a
real-valued sample costs one multiply-accumulate a feature and step, and no synaptic operation.
``neuron_updates`` are all neurons in all steps. `neurodeploy.cost.metrics` has what NeuroBench
reports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.netx.network import Average, ComplexDense, Conv, Dense, Layer, Network, NeuronInput


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerCounts:
    """Counts of one layer; every array is int64 [sample]."""

    name: str
    input_spikes: np.ndarray
    output_spikes: np.ndarray
    synops: np.ndarray
    effective_synops: np.ndarray
    graded_synops: np.ndarray
    neuron_updates: np.ndarray
    macs: np.ndarray

    @property
    def effective_macs(self) -> np.ndarray:
        """Effective synaptic operations that multiply, int64 [sample].

        All spikes that arrive at a layer are graded, or none of them.
        """
        return np.where(self.graded_synops > 0, self.effective_synops, 0)

    @property
    def effective_acs(self) -> np.ndarray:
        """Effective synaptic operations that only add, int64 [sample]."""
        return self.effective_synops - self.effective_macs

    @property
    def activation_sparsity(self) -> np.ndarray:
        """Part of the neuron updates that sent no spike, float64 [sample]; NaN without neurons."""
        updates = np.where(self.neuron_updates > 0, self.neuron_updates, np.nan)
        return 1 - self.output_spikes / updates

    def totals(self) -> dict[str, Any]:
        """Sums over the samples, for JSON."""
        return {
            "name": self.name,
            **{
                field: int(getattr(self, field).sum())
                for field in (
                    "input_spikes",
                    "output_spikes",
                    "synops",
                    "effective_synops",
                    "graded_synops",
                    "neuron_updates",
                    "macs",
                )
            },
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Counts of a run, layer by layer, and its size."""

    layers: tuple[LayerCounts, ...]
    samples: int
    steps: int

    def totals(self) -> dict[str, Any]:
        """``layers`` as totals over the batch, ``samples`` and ``steps`` of a sample, for JSON."""
        return {
            "layers": [layer.totals() for layer in self.layers],
            "samples": self.samples,
            "steps": self.steps,
        }


def fan_out(layer: Layer, input_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Connections of each input feature of a layer: all, and those with a weight other than 0.

    Without recurrent ones; a complex weight is two connections.

    Parameters
    ----------
    layer : layer
        Of a network.
    input_shape : tuple of int
        Features before the layer.

    Returns
    -------
    connections, effective : int64 array [*input_shape]
    """
    if isinstance(layer, Dense):
        return _columns(layer.weight, input_shape)
    if isinstance(layer, ComplexDense):
        return _columns(np.vstack([layer.real_weight, layer.imaginary_weight]), input_shape)
    if isinstance(layer, Conv):
        ones = np.ones_like(layer.weight, dtype=np.int64)
        return (
            _conv_fan_out(layer, ones, input_shape),
            _conv_fan_out(layer, (layer.weight != 0).astype(np.int64), input_shape),
        )
    return np.zeros(input_shape, np.int64), np.zeros(input_shape, np.int64)


def recurrent_fan_out(layer: Layer, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The same of each neuron of a layer [*shape], through its recurrent weights."""
    if isinstance(layer, Dense) and layer.recurrent_weight is not None:
        return _columns(layer.recurrent_weight, shape)
    return np.zeros(shape, np.int64), np.zeros(shape, np.int64)


def neurons(layer: Layer, shape: tuple[int, ...]) -> int:
    """Neurons of a layer with features [*shape]; averages have none."""
    return 0 if isinstance(layer, Average) else math.prod(shape)


def synapses(layer: Layer, before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, int]:
    """Connections of a layer between features [*before] and [*after], recurrent ones too.

    Returns
    -------
    connections, effective : int
    """
    forward, back = fan_out(layer, before), recurrent_fan_out(layer, after)
    every, effective = (int(one.sum() + two.sum()) for one, two in zip(forward, back, strict=True))
    return every, effective


def connections(network: Network) -> tuple[int, ...]:
    """Connections of each layer, recurrent ones too, and those with weight 0."""
    shapes = (network.input_shape, *network.shapes)
    pairs = zip(network.layers, shapes[:-1], shapes[1:], strict=True)
    return tuple(synapses(layer, before, after)[0] for layer, before, after in pairs)


def _columns(weight: np.ndarray, input_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    effective = (weight != 0).sum(0).reshape(input_shape)
    return np.full(input_shape, len(weight), np.int64), effective.astype(np.int64)


def _conv_fan_out(layer: Conv, present: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
    """Scatter each kernel position back from every output position."""
    _, height, width = layer.output_shape(input_shape)
    (pad_y, pad_x), (step_y, step_x) = layer.padding, layer.stride
    padded = np.zeros(
        (input_shape[0], input_shape[1] + 2 * pad_y, input_shape[2] + 2 * pad_x), np.int64
    )
    outputs, inputs, kernel_y, kernel_x = present.shape
    by_input = present.reshape(layer.groups, outputs // layer.groups, inputs, kernel_y, kernel_x)
    from_channel = by_input.sum(1).reshape(-1, kernel_y, kernel_x)
    for y in range(kernel_y):
        for x in range(kernel_x):
            top, left = y * layer.dilation[0], x * layer.dilation[1]
            padded[
                :,
                top : top + (height - 1) * step_y + 1 : step_y,
                left : left + (width - 1) * step_x + 1 : step_x,
            ] += from_channel[:, y, x, None, None]
    return padded[:, pad_y : pad_y + input_shape[1], pad_x : pad_x + input_shape[2]]


def count(network: Network, activity: Sequence[np.ndarray]) -> Counts:
    """Count a run from what every layer sent.

    Parameters
    ----------
    network : Network
        What ran.
    activity : sequence of arrays [sample, *features, time]
        The input, then the spikes of each layer.

    Returns
    -------
    Counts
    """
    samples, steps = activity[0].shape[0], activity[0].shape[-1]
    shapes = (network.input_shape, *network.shapes)
    layers = []
    for index, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        arrived = _spikes_by_feature(activity[index])
        sent = _spikes_by_feature(activity[index + 1])
        real_input = isinstance(layer, NeuronInput)
        every, effective = fan_out(layer, shapes[index])
        back, effective_back = recurrent_fan_out(layer, shapes[index + 1])
        synops = arrived @ every.ravel() + sent @ back.ravel()
        updates = neurons(layer, shapes[index + 1]) * steps
        layers.append(
            LayerCounts(
                name=name,
                input_spikes=np.zeros(samples, np.int64) if real_input else arrived.sum(1),
                output_spikes=sent.sum(1),
                synops=synops,
                effective_synops=arrived @ effective.ravel() + sent @ effective_back.ravel(),
                graded_synops=synops if network.graded[index] else np.zeros(samples, np.int64),
                neuron_updates=np.full(samples, updates, np.int64),
                macs=np.full(samples, updates if real_input else 0, np.int64),
            )
        )
    return Counts(layers=tuple(layers), samples=samples, steps=steps)


def _spikes_by_feature(activity: np.ndarray) -> np.ndarray:
    return np.count_nonzero(activity, axis=-1).reshape(activity.shape[0], -1).astype(np.int64)
