"""How far a voltage can rise at most: a layer that cannot reach its threshold is silent."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import STATE_LIMIT, CubaNeuron
from neurodeploy.netx.units import DECAY_SCALE


def silent_layers(network: Network) -> Mapping[int, int]:
    """Layers of CUBA neurons none of which can ever spike, whatever goes in.

    The bound is that of every excitatory synapse active in every step, for ever; a state that
    keeps a fraction k of itself then stays below what is added in a step over 1 - k.

    Parameters
    ----------
    network : Network
        Any network.

    Returns
    -------
    dict of int to int
        Index of each such layer, and the voltage that its neurons stay at or below.
    """
    silent: dict[int, int] = {}
    largest = (1 << network.input_bits) - 1 if network.input_bits else 1
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Dense | Conv) and isinstance(layer.neuron, CubaNeuron):
            reached = highest_voltage(layer, largest)
            if reached <= layer.neuron.threshold << 6:
                silent[index] = reached
        # values of graded spikes are not bounded here, so that nothing is said after them
        graded = layer.neuron is not None and layer.neuron.graded
        largest = 0 if index in silent else STATE_LIMIT if graded else 1
    return silent


def highest_voltage(layer: Dense | Conv, largest: int = 1) -> int:
    """Of all CUBA neurons of a layer, in the units of its state, for spikes up to ``largest``."""
    neuron = layer.neuron
    assert isinstance(neuron, CubaNeuron)
    excitation, inhibition = (
        _settled(_arriving(layer, sign, largest) << 6, neuron.current_decay) for sign in (1, -1)
    )
    if max(excitation.max(), inhibition.max()) >= STATE_LIMIT - 1:
        return STATE_LIMIT  # the current may wrap, and a wrapped one has any sign
    bias = 0 if layer.bias is None else _as_run(layer.bias)
    return int(_settled(np.maximum(excitation + (bias << 6), 0), neuron.voltage_decay).max())


def _arriving(layer: Dense | Conv, sign: int, largest: int) -> np.ndarray:
    """What all synapses of one sign add in a step to each neuron or channel, int64 [output]."""
    added = _sum_of(sign, layer.weight) * largest
    if layer.recurrent_weight is not None:
        added += _sum_of(sign, layer.recurrent_weight)
    return added


def _sum_of(sign: int, weight: np.ndarray) -> np.ndarray:
    return np.maximum(sign * weight, 0).reshape(len(weight), -1).sum(1, dtype=np.int64)


def _as_run(bias: np.ndarray) -> np.ndarray:
    """A bias in Lava's 16 bits, where it wraps."""
    return bias.astype(np.int16).astype(np.int64)


def _settled(added: np.ndarray, decay: np.ndarray | int) -> np.ndarray:
    """Bound of a state to which ``added`` is added for ever; the states have 24 bits."""
    forgotten = np.broadcast_to(np.asarray(decay, np.int64), added.shape)
    limit = np.where(added > 0, STATE_LIMIT - 1, 0)
    np.floor_divide(added * DECAY_SCALE, forgotten, out=limit, where=forgotten > 0)
    return np.minimum(limit, STATE_LIMIT - 1)
