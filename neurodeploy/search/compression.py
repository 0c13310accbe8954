"""What can be changed of a trained network without training it again.

Every lever is a function of a `Network` and gives another one, in integers, that netx and Lava run
exactly as it is written if they did so before: no matrix loses its last weight, nor its last
positive one. So what is evaluated is what is exported.

==================  ==========================================================================
`scale_thresholds`  fewer spikes, or more
`prune_neurons`      hidden neurons of little worth go, with all their synapses
`quantise`          weights are rounded to fewer bits
`prune`             the smallest weights become 0
==================  ==========================================================================

Two more leave the network as it is. Fewer time steps: whoever runs it stops early, and the decoder
answers with the rest of its window silent. Bits of the decoder's weights: the host's lever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import FLOAT_BITS
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.magnitude import smallest
from neurodeploy.netx.network import Network
from neurodeploy.netx.units import FEWEST_BITS, FULL_BITS, WEIGHT_SCALE
from neurodeploy.search.pruning import anchor, prune_neurons, require_fraction


@dataclass(frozen=True, kw_only=True)
class Levers:
    """One setting of all levers.

    Parameters
    ----------
    thresholds : tuple of float
        Factor of the threshold of each layer.
    dropped : float
        Part of the neurons of each hidden layer that go, in [0, 1).
    weight_bits : tuple of int
        Bits of the weights of each layer, `FEWEST_BITS` to `FULL_BITS`, which leaves them.
    pruned : tuple of float
        Part of the weights of each layer that are 0 afterwards, in [0, 1).
    steps : int
        Time steps that are run.
    decoder_bits : int
        Of the decoder's weights, as `DecoderConfig` has them.
    """

    thresholds: tuple[float, ...]
    dropped: float
    weight_bits: tuple[int, ...]
    pruned: tuple[float, ...]
    steps: int
    decoder_bits: int = FLOAT_BITS

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Levers:
        """Read back `to_dict`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in mapping.items()
        }
        return cls(**fields)


def uncompressed(network: Network, steps: int, decoder_bits: int = FLOAT_BITS) -> Levers:
    """The setting that leaves a network, and a decoder of so many bits, as they are."""
    layers = len(network.layers)
    return Levers(
        thresholds=(1.0,) * layers,
        dropped=0.0,
        weight_bits=(FULL_BITS,) * layers,
        pruned=(0.0,) * layers,
        steps=steps,
        decoder_bits=decoder_bits,
    )


def compress_network(network: Network, levers: Levers) -> Network:
    """A network with every lever set but ``steps`` and ``decoder_bits``, which are for who runs it.

    Neurons go first, then weights are rounded, then the smallest are pruned, so that at least as
    many are 0 in the end as were asked for.

    Raises
    ------
    InputError
        A value is out of its range, or there is not one for each layer.
    NetworkError
        A threshold no longer fits its field.
    """
    return scale_thresholds(compress_synapses(network, levers), levers.thresholds)


def compress_synapses(network: Network, levers: Levers) -> Network:
    """As `compress_network`, but for the thresholds: what changes neurons and synapses."""
    rounded = quantise(prune_neurons(network, levers.dropped), levers.weight_bits)
    return prune(rounded, levers.pruned)


def scale_thresholds(network: Network, factors: Sequence[float]) -> Network:
    """Multiply thresholds and round them; none that was positive becomes 0.

    Parameters
    ----------
    network : Network
    factors : sequence of float
        One for each layer, positive; that of a layer without neurons has no effect.

    Raises
    ------
    InputError
        A factor is not positive, or there is not one for each layer.
    NetworkError
        A threshold no longer fits its field.
    """

    def scaled(layer: Layer, factor: float) -> Layer:
        if not 0 < factor < math.inf:
            raise InputError(message("thresholds", "positive factors", factor))
        if layer.neuron is None:
            return layer
        before = layer.neuron.threshold
        threshold = max(round(before * factor), min(before, 1))
        changes: dict[str, Any] = {"neuron": replace(layer.neuron, threshold=threshold)}
        return replace(layer, **changes)

    return _layer_by_layer(network, scaled, factors, "thresholds")


def quantise(network: Network, bits: Sequence[int]) -> Network:
    """Round weights to fewer bits, one of them the sign.

    The weights of a matrix become whole multiples, -2^(bits - 1) to 2^(bits - 1) - 1, of a step;
    beyond, they are clipped. The step is the power of two, at least 2, that leaves the smallest
    sum of squared errors. Halves are rounded to even; if the largest weight would become 0, it
    becomes one step.

    Parameters
    ----------
    network : Network
    bits : sequence of int
        One for each layer, `FEWEST_BITS` to `FULL_BITS`; with all of them it stays as it is.

    Raises
    ------
    InputError
        A number is out of range, or there is not one for each layer.
    """

    def rounded(matrix: np.ndarray, mine: int) -> np.ndarray:
        if mine not in range(FEWEST_BITS, FULL_BITS + 1):
            expected = f"whole numbers in {FEWEST_BITS} to {FULL_BITS}"
            raise InputError(message("weight_bits", expected, mine))
        if mine == FULL_BITS:
            return matrix
        present, places, number = np.unique(matrix, return_inverse=True, return_counts=True)
        weights = torch.from_numpy(present / WEIGHT_SCALE)
        levels = WeightLevels.nearest(weights, mine, torch.from_numpy(number))
        scaled = (levels(weights) * WEIGHT_SCALE).numpy().astype(np.int64)
        coarse = scaled[places].reshape(matrix.shape)
        kept = anchor(matrix)
        if coarse.ravel()[kept] == 0:
            coarse.ravel()[kept] = levels.step * WEIGHT_SCALE * np.sign(matrix.ravel()[kept])
        return coarse

    return _matrix_by_matrix(network, rounded, bits, "weight_bits")


def prune(network: Network, shares: Sequence[float]) -> Network:
    """Set the smallest weights of every matrix to 0, the first ones where several are equal.

    Parameters
    ----------
    network : Network
    shares : sequence of float
        For each layer the part of each of its matrices that is 0 afterwards, in [0, 1), rounded
        to whole weights; one always stays. Where more are 0 already, they stay so.

    Raises
    ------
    InputError
        A share is out of range, or there is not one for each layer.
    """

    def pruned(matrix: np.ndarray, share: float) -> np.ndarray:
        require_fraction("pruned", share)
        gone = smallest(matrix, round(share * matrix.size), spared=anchor(matrix))
        return np.where(gone, 0, matrix)

    return _matrix_by_matrix(network, pruned, shares, "pruned")


def _layer_by_layer(
    network: Network, change: Callable[[Layer, Any], Layer], values: Sequence[Any], name: str
) -> Network:
    if len(values) != len(network.layers):
        raise InputError(message(name, f"one value for each of {network.names}", list(values)))
    layers = zip(network.layers, values, strict=True)
    return replace(network, layers=tuple(change(layer, value) for layer, value in layers))


def _matrix_by_matrix(
    network: Network,
    change: Callable[[np.ndarray, Any], np.ndarray],
    values: Sequence[Any],
    name: str,
) -> Network:
    def changed(layer: Layer, value: Any) -> Layer:
        fields: dict[str, Any] = {n: change(m, value) for n, m in layer.matrices.items()}
        return replace(layer, **fields)

    return _layer_by_layer(network, changed, values, name)
