"""Hidden neurons in the order of their worth, and networks without the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.netx.layers import Dense, Layer
from neurodeploy.netx.network import Network


def rank_neurons(network: Network, spikes: Sequence[np.ndarray]) -> Network:
    """The same network, its hidden neurons in the order of their worth, the greatest first.

    The worth of a neuron is what it sends in a run: its spikes times the sum of the sizes of its
    outgoing weights. The output does not change, because a sum does not depend on its order.

    Parameters
    ----------
    network : Network
    spikes : sequence of int array [*features]
        For each layer, how often each of its neurons spiked.

    Returns
    -------
    Network
        Each dense layer before a dense layer in another order; other layers stay as they are.
    """
    layers = list(network.layers)
    for at, (_, after) in hidden_layers(network):
        forward = after.forward_matrices.values()
        outgoing = sum(np.abs(matrix.astype(np.int64)).sum(0) for matrix in forward)
        order = np.argsort(-outgoing * spikes[at].ravel().astype(np.int64), kind="stable")
        layers[at] = _of_neurons(layers[at], order)
        layers[at + 1] = _of_inputs(layers[at + 1], order)
    return replace(network, layers=tuple(layers))


def prune_neurons(network: Network, share: float) -> Network:
    """Remove the last neurons of every hidden layer, and all their synapses.

    Parameters
    ----------
    network : Network
        From `rank_neurons`, to lose those that matter least.
    share : float
        Part of the neurons of each dense layer before a dense layer, in [0, 1), rounded to whole
        neurons. Other layers stay whole, and so does the last one, which the decoder reads. A
        neuron with the largest weight of a matrix stays wherever it is.

    Raises
    ------
    InputError
        The share is out of range.
    """
    require_fraction("dropped", share)
    layers = list(network.layers)
    for at, (layer, after) in hidden_layers(network):
        neurons = len(layer.weight)
        anchors = _anchors(layer, after)
        others = np.setdiff1d(np.arange(neurons), anchors)
        dropped = min(round(share * neurons), len(others))
        kept = np.union1d(anchors, others[: len(others) - dropped])
        layers[at] = _of_neurons(layers[at], kept)
        layers[at + 1] = _of_inputs(layers[at + 1], kept)
    return replace(network, layers=tuple(layers))


def hidden_layers(network: Network) -> list[tuple[int, tuple[Dense, Layer]]]:
    """Places of the layers that may lose neurons, with the layer behind each."""
    pairs = zip(network.layers[:-1], network.layers[1:], strict=True)
    return [
        (at, (layer, after))
        for at, (layer, after) in enumerate(pairs)
        if isinstance(layer, Dense) and after.flattens
    ]


def anchor(matrix: np.ndarray) -> int:
    """Where the weight lies that must not become 0: the largest, or the most negative of none.

    netx cannot scale a matrix without a weight, and changes one without a positive weight.
    """
    return int(matrix.argmax() if matrix.max() > 0 else matrix.argmin())


def require_fraction(where: str, share: float) -> None:
    """Require a part in [0, 1).

    Raises
    ------
    InputError
        It is not.
    """
    if not 0 <= share < 1:
        raise InputError(message(where, "a part in [0, 1)", share))


def _anchors(layer: Dense, after: Layer) -> list[int]:
    """Neurons of a layer that the largest weight of a matrix comes from or goes to."""
    neurons = {anchor(matrix) // matrix.shape[1] for matrix in layer.matrices.values()}
    leaving = (layer.recurrent_weight, *after.forward_matrices.values())
    neurons |= {anchor(matrix) % matrix.shape[1] for matrix in leaving if matrix is not None}
    return sorted(neurons)


def _of_neurons(layer: Layer, chosen: np.ndarray) -> Dense:
    """A dense layer with some of its neurons, in an order."""
    assert isinstance(layer, Dense)
    recurrent, neuron = layer.recurrent_weight, layer.neuron
    decays = {name: getattr(neuron, name) for name in neuron.decays}
    mine = {name: each[chosen] for name, each in decays.items() if isinstance(each, np.ndarray)}
    return replace(
        layer,
        weight=layer.weight[chosen],
        neuron=replace(neuron, **mine),
        recurrent_weight=None if recurrent is None else recurrent[np.ix_(chosen, chosen)],
        bias=None if layer.bias is None else layer.bias[chosen],
        delay=_delays(layer, chosen, np.arange(layer.weight.shape[1])),
    )


def _of_inputs(layer: Layer, chosen: np.ndarray) -> Layer:
    """A layer with some of its inputs, in an order."""
    changes: dict[str, Any] = {
        name: matrix[:, chosen] for name, matrix in layer.forward_matrices.items()
    }
    if isinstance(layer, Dense):
        changes["delay"] = _delays(layer, np.arange(len(layer.weight)), chosen)
    return replace(layer, **changes)


def _delays(layer: Dense, neurons: np.ndarray, inputs: np.ndarray) -> np.ndarray | None:
    """Delays of some of a layer's synapses; by synapse, if one axis is that of the inputs."""
    delay, matrix = layer.delay, layer.delay_matrix
    if delay is None or matrix is None or delay.ndim == 0:
        return delay
    if delay.shape == (len(layer.weight),):
        return delay[neurons]
    return matrix[np.ix_(neurons, inputs)]
