"""Small networks, and chips with less room, for the tests of placements."""

from __future__ import annotations

import itertools
from dataclasses import replace

import msgspec
import numpy as np

from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)
LOIHI1, LOIHI2 = find_chip("loihi1"), find_chip("loihi2")
PACKED2 = LOIHI2.packed()


def weights(seed: int, *shape: int) -> np.ndarray:
    """Even weights of eight bits, none of them 0."""
    rng = np.random.default_rng(seed)
    return 2 * rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)


def dense(*sizes: int) -> Network:
    layers = [
        Dense(weight=weights(at, after, before), neuron=NEURON)
        for at, (before, after) in enumerate(itertools.pairwise(sizes))
    ]
    return Network(input_shape=(sizes[0],), layers=tuple(layers))


def smaller(chip: Chip, **limits: int | None) -> Chip:
    """The chip with other limits and costs."""
    parts = {"limits": dict(chip.limits), "costs": dict(chip.costs)}
    for name, value in limits.items():
        part = parts["limits" if name in chip.limits else "costs"]
        basis = "unknown" if value is None else "assumed"
        part[name] = msgspec.structs.replace(part[name], value=value, basis=basis)
    return replace(chip, **parts)
