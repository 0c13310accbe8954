"""What the native engine does with the networks of `cases` and some random ones, as digests.

`make kernels` compares what it prints with other kernels.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cases import CASES, even, neuron, spikes
from random_networks import random_network, random_signal

from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network

RANDOM_NETWORKS = 80


def wide() -> tuple[Network, np.ndarray]:
    """More neurons than a tile, more spikes than 16 bits hold, and more steps than a chunk."""
    layers = (
        Dense(weight=even(300, 500, low=-120, high=120), neuron=neuron(threshold=3000)),
        Dense(weight=even(130, 300, low=-120, high=120), neuron=neuron(threshold=3000)),
    )
    return Network(input_shape=(500,), layers=layers), spikes(2, 500, 90, rate=0.8)


def image() -> tuple[Network, np.ndarray]:
    """More channels than lanes."""
    layers = (
        Conv(weight=even(40, 3, 3, 3), neuron=neuron(threshold=1000), padding=(1, 1)),
        Conv(weight=even(34, 20, 3, 3), neuron=neuron(threshold=4000), groups=2),
    )
    return Network(input_shape=(3, 9, 8), layers=layers), spikes(2, 3, 9, 8, 20)


def digests() -> list[str]:
    """One for each network, of its spikes and counts."""
    networks = [wide(), image(), *((case.network, case.batch) for case in (c() for c in CASES))]
    for seed in range(RANDOM_NETWORKS):
        rng = np.random.default_rng(seed)
        network = random_network(rng, most=24, large=True)
        networks.append((network, random_signal(rng, network, 2, 70)))
    found = []
    for network, batch in networks:
        with NativeEngine(network, threads=2) as engine:
            run = engine.run(batch)
        digest = hashlib.sha256(json.dumps(run.counts.totals()).encode())
        for layer in run.layers:
            digest.update(np.ascontiguousarray(layer).tobytes())
        found.append(digest.hexdigest())
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(digests()))
