"""The equal ANN: the same layers in one pass, with a decoder of its own, dense and zero-skipping.

Its decoder is of the same kind, width and heads as the network's, and reads one value a readout
neuron, because an ANN has no time: a window of one step.

*Dense* multiply-accumulates are all of them. *Effective* ones are those of an activation and a
weight that are both not 0, NeuroBench's word. The ANN is not there to be run, so its activations
are taken from the run of the network: a neuron or input that sends nothing in the whole sample is
an activation of 0. Behind the decoder's first layer, they are those of the network's own decoder.
`train/mnist_energy.py` trains and counts a real one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.cost.host import DecoderWork
from neurodeploy.cost.memory import FACTOR_BITS, products_j
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.devices import Device
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class EqualAnn:
    """Multiply-accumulates of the equal ANN for one sample: its layers, and its decoder.

    ``network_effective`` and ``decoder_effective`` are means of a sample; ``weights`` are those of
    both that lie in memory.
    """

    network_dense: int
    network_effective: float
    decoder_dense: int
    decoder_effective: float
    weights: int

    @property
    def dense_macs(self) -> int:
        """All of them."""
        return self.network_dense + self.decoder_dense

    @property
    def effective_macs(self) -> float:
        """Those of activations and weights that are not 0."""
        return self.network_effective + self.decoder_effective

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "dense_macs": self.dense_macs,
            "effective_macs": self.effective_macs,
            "weights": self.weights,
            "network": {"dense_macs": self.network_dense, "effective_macs": self.network_effective},
            "decoder": {"dense_macs": self.decoder_dense, "effective_macs": self.decoder_effective},
        }


@dataclass(frozen=True, kw_only=True)
class AnnProxy:
    """What an ANN would cost for one sample at published figures; not a measurement.

    Parameters
    ----------
    device : str
        Name of the device.
    dense_j : float
        Every multiply-accumulate.
    effective_j : float
        Without those of a 0.
    basis : str
        Where the figure of a multiply-accumulate comes from, of `EnergyBasis`.
    """

    device: str
    dense_j: float
    effective_j: float
    basis: str


def dense_macs(network: Network) -> int:
    """Multiply-accumulates of one pass through the layers of the equal ANN, without its decoder.

    Every connection of every dense and convolution layer once, recurrent ones and weights of 0
    too; at the edge of an image, padding is no connection.
    """
    return sum(network.connections)


def equal_ann(network: Network, activity: Sequence[np.ndarray], work: DecoderWork) -> EqualAnn:
    """The equal ANN of a network and its decoder, on the samples of a run.

    Parameters
    ----------
    network : Network
        What ran.
    activity : sequence of arrays [sample, *features, time]
        The input, then the spikes of each layer.
    work : DecoderWork
        Of its decoder in the run.
    """
    ever = [np.any(sent != 0, axis=-1).reshape(len(sent), -1) for sent in activity]
    shapes = (network.input_shape, *network.shapes)
    effective = 0.0
    for at, layer in enumerate(network.layers):
        forward, back = layer.fan_out(shapes[at])[1], layer.recurrent_fan_out(shapes[at + 1])[1]
        effective += float((ever[at] @ forward.ravel() + ever[at + 1] @ back.ravel()).mean())
    return EqualAnn(
        network_dense=dense_macs(network),
        network_effective=effective,
        decoder_dense=work.ann_macs,
        decoder_effective=work.ann_effective_macs,
        weights=work.ann_weights
        + sum(matrix.size for layer in network.layers for matrix in layer.matrices.values()),
    )


def ann_equivalent(
    dense: int,
    effective: float,
    weights: int,
    devices: Mapping[str, Device],
    *,
    weight_bits: int = FACTOR_BITS,
) -> dict[str, AnnProxy]:
    """What an ANN would cost for one sample, on each device with ``mac``.

    Activation functions and biases are free; memory is priced as `neurodeploy.cost.memory` says.

    Parameters
    ----------
    dense : int
        Its multiply-accumulates for one sample, with those of its decoder.
    effective : float
        Of them, those that are not by 0.
    weights : int
        That lie in memory; those of a convolution are multiplied more than once.
    devices : mapping of str to Device
        From `load_devices`; a device without ``mac`` is left out of the result.
    weight_bits : int
        Of a weight in memory, where that is priced; 8 at most.

    Returns
    -------
    dict of str to AnnProxy

    Raises
    ------
    InputError
        There are fewer than 0, or more effective ones than there are.
    """
    if not 0 <= effective <= dense:
        raise InputError(message("effective multiply-accumulates", f"0 to {dense}", effective))
    proxies = {}
    for name, device in devices.items():
        if "mac" in device.constants:
            dense_j, effective_j = products_j(device, dense, effective, weights, weight_bits)
            proxies[name] = AnnProxy(
                device=name,
                dense_j=dense_j,
                effective_j=effective_j,
                basis=device.constants["mac"].basis,
            )
    return proxies


def break_even_rate(network: Network, steps: int, device: Device) -> float | None:
    """Spikes a connection and step at which a network costs what the equal ANN costs, both dense.

    With T steps, C connections, N neurons, I features of an input layer with neurons, and E of
    the device, whose synops are graded or not by the layer::

        T * rate * sum(C * E_synop) + T * N * E_neuron_update + T * I * E_mac = sum(C) * E_mac

    Parameters
    ----------
    network : Network
        Decoder, traffic, activation functions and biases are free on both sides.
    steps : int
        Time steps of a sample.
    device : Device
        Runs both.

    Returns
    -------
    float or None
        The network is cheaper below it; over 1, it is cheaper even if every input always spikes.
        None where no rate is: the device has no figures for one of both, neurons and input alone
        cost more than the ANN, or a connection, a step or a synop costs nothing; and none is given
        where memory is priced, which depends on more than the rate.
    """
    if not device.spiking or "mac" not in device.constants or device.sram:
        return None
    figures = (device.graded_synapse if graded else device.synapse for graded in network.graded)
    bills = zip(network.connections, figures, strict=False)
    spikes_j = steps * sum(number * each.value_j for number, each in bills)
    layers = zip(network.layers, network.shapes, strict=True)
    updates = steps * sum(layer.neuron_count(shape) for layer, shape in layers)
    inputs = steps * math.prod(network.input_shape) if network.layers[0].takes_real_values else 0
    left_j = (dense_macs(network) - inputs) * device.constants["mac"].value_j
    left_j -= updates * device.constants["neuron_update"].value_j
    return left_j / spikes_j if left_j >= 0 and spikes_j > 0 else None
