"""Integers that do on real spikes what the floats did, layer by layer, without training.

A layer gets the spikes that the integer layers before it send. Its weights are rounded with error
feedback for what arrives there, at several scales; of the best ones, and of thresholds around
theirs, the one is taken whose spikes, in the native engine, are nearest to those of the floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.adopt import feedback
from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.adopt.levels import (
    NO_ERROR,
    Levels,
    Rounded,
    fits,
    relative_error,
    round_layer,
    scale_ranges,
    with_weights,
)
from neurodeploy.adopt.moments import second_moments, synapses
from neurodeploy.adopt.report import SpikeDifference, compare_spikes
from neurodeploy.engines.registry import simulate
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network

SCALES = 12
"""Tried for each layer."""
SCALES_RUN = 3
"""The best of them, which are run."""
THRESHOLDS = (0.92, 0.96, 1.04, 1.08)
"""Others that are run at the best scale, as parts of its own."""
SYNAPSES_AT_ONCE = 2048
"""Errors of more synapses of a neuron are fed back within parts of so many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Synapses of a neuron that are rounded together: weights [neuron, synapse] and moments."""

    group: int
    some: slice
    weight: np.ndarray
    moments: np.ndarray
    order: np.ndarray
    spread: np.ndarray


def calibrate_layers(
    floats: FloatNetwork, spikes: np.ndarray, bits: int
) -> tuple[list[Rounded], list[SpikeDifference]]:
    """Integer layers for a network, and how their spikes differ from its own.

    Parameters
    ----------
    floats : FloatNetwork
        What is converted.
    spikes : uint8 array [sample, *features, time]
        What the network gets.
    bits : int
        Of a weight, 2 to 8.
    """
    layers, differences = [], []
    sent_by_floats = sent = spikes
    for layer, wanted in zip(floats.layers, floats.run(spikes), strict=True):
        found = _calibrate_layer(layer, bits, sent, wanted)
        alone = _run(found.layer, sent_by_floats)
        sent = _run(found.layer, sent)
        layers.append(found)
        differences.append(compare_spikes(wanted, sent, alone))
        sent_by_floats = wanted
    return layers, differences


def _calibrate_layer(layer: FloatLayer, bits: int, sent: np.ndarray, wanted: np.ndarray) -> Rounded:
    """The integers whose spikes for those that are sent are nearest to those that are wanted."""
    nearest = round_layer(layer, bits)
    if relative_error(layer, nearest.layer) < NO_ERROR or not sent.any():
        return nearest
    parts = list(_parts(layer, sent, wanted))
    rounded: list[Rounded] = []
    for levels, low, high in scale_ranges(layer, bits):
        rounded = rounded or _best_scales(layer, parts, levels, low, high)
    counts = wanted.sum(-1, dtype=np.int64)

    def different(choice: Rounded) -> int:
        return int(np.abs(_run(choice.layer, sent).sum(-1, dtype=np.int64) - counts).sum())

    best = min([nearest, *rounded], key=different)
    return min([best, *_other_thresholds(best)], key=different)


def _best_scales(
    layer: FloatLayer, parts: list[_Part], levels: Levels, low: float, high: float
) -> list[Rounded]:
    """The layer rounded with error feedback, at the scales with the smallest errors."""
    found: list[tuple[float, Rounded]] = []
    for scale in np.geomspace(low, high, SCALES).tolist():
        weights = np.empty(synapses(layer).shape, np.int32)
        error = 0.0
        for part in parts:
            scaled = part.weight * scale
            rounded = feedback.round_with_feedback(scaled, levels, part.order, part.spread)
            rounded = feedback.descend(rounded, scaled, levels, part.moments)
            error += feedback.error(rounded / scale, part.weight, part.moments)
            weights[part.group, :, part.some] = rounded
        candidate = _with_synapses(layer, scale, weights)
        if fits(candidate):
            found.append((error, Rounded(layer=candidate, scale=scale)))
    return [rounded for _, rounded in sorted(found, key=lambda each: each[0])[:SCALES_RUN]]


def _parts(layer: FloatLayer, sent: np.ndarray, wanted: np.ndarray) -> Iterator[_Part]:
    weights = synapses(layer)
    for group, weight in enumerate(weights):
        for first in range(0, weight.shape[1], SYNAPSES_AT_ONCE):
            some = slice(first, first + SYNAPSES_AT_ONCE)
            moments = feedback.damped(second_moments(layer, sent, wanted, group, some))
            order, spread = feedback.carriers(moments)
            yield _Part(
                group=group,
                some=some,
                weight=weight[:, some],
                moments=moments,
                order=order,
                spread=spread,
            )


def _with_synapses(layer: FloatLayer, scale: float, weights: np.ndarray) -> Conv | Dense:
    """The inverse of `synapses`, in integers."""
    inputs = layer.weight.shape[1]
    if layer.recurrent_weight is None:
        return with_weights(layer, scale, weight=weights.reshape(layer.weight.shape))
    return with_weights(
        layer, scale, weight=weights[0, :, :inputs], recurrent_weight=weights[0, :, inputs:]
    )


def _other_thresholds(rounded: Rounded) -> Iterator[Rounded]:
    neuron = rounded.layer.neuron
    for part in THRESHOLDS:
        threshold = max(1, round(neuron.threshold * part))
        layer = replace(rounded.layer, neuron=replace(neuron, threshold=threshold))
        if fits(layer):
            yield Rounded(layer=layer, scale=rounded.scale)


def _run(layer: Conv | Dense, spikes: np.ndarray) -> np.ndarray:
    network = Network(input_shape=spikes.shape[1:-1], layers=(layer,))
    return simulate(network, spikes).spikes
