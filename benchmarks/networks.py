"""The network that most of the benchmarks run, and its input."""

from __future__ import annotations

import numpy as np

from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

BATCH, STEPS = 64, 30


def benchmark_network(seed: int = 0) -> Network:
    """784-600-256 with random weights; at 10 % input about 10 % of its neurons spike."""
    rng = np.random.default_rng(seed)
    layers = []
    for outputs, inputs, threshold in ((600, 784, 600), (256, 600, 500)):
        weight = 2 * np.round(rng.normal(0, 12, (outputs, inputs))).astype(int)
        neuron = CubaNeuron(current_decay=2048, voltage_decay=410, threshold=threshold)
        layers.append(Dense(weight=weight, neuron=neuron))
    return Network(input_shape=(784,), layers=tuple(layers))


def benchmark_spikes(rate: float = 0.1, samples: int = BATCH, seed: int = 1) -> np.ndarray:
    """Random spikes for it, uint8 [sample, feature, time]."""
    rng = np.random.default_rng(seed)
    return (rng.random((samples, 784, STEPS)) < rate).astype(np.uint8)
