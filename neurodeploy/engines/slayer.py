"""A feed-forward CUBA network through SLAYER's own arithmetic: what training would compute."""

from __future__ import annotations

import numpy as np
import torch

from neurodeploy._io.quiet import suppress_output
from neurodeploy.engines.base import check_input
from neurodeploy.errors import NetworkError, message
from neurodeploy.model.neuron import DECAY_SCALE, STATE_SCALE, WEIGHT_SCALE
from neurodeploy.netx.network import ComplexDense, Conv, Dense, Network, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron

with suppress_output():
    from lava.lib.dl import slayer


@torch.no_grad()
def slayer_layers(network: Network, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Spikes of every layer as SLAYER computes them.

    Parameters
    ----------
    network : Network
        Dense and convolution layers, and an input layer with neurons.
    spikes : array [sample, *features, time]
        What the network takes.

    Returns
    -------
    tuple of uint8 arrays [sample, *features, time]

    Raises
    ------
    NetworkError
        A layer is not one of those, is recurrent, or has other neurons than CUBA ones.
    """
    signal = torch.from_numpy(check_input(network, spikes).astype(np.float32))
    layers = []
    for name, layer in zip(network.names, network.layers, strict=True):
        if isinstance(layer, ComplexDense):
            raise NetworkError(message(f"layer {name}, neuron", "CUBA", "RfNeuron"))
        arriving = torch.nn.functional.pad(signal, (1, 0))[..., :-1]
        if isinstance(layer, NeuronInput):
            dendrite = signal / WEIGHT_SCALE
        elif isinstance(layer, Dense) and layer.recurrent_weight is None:
            dendrite = _dense(layer, arriving.flatten(1, -2))
        elif isinstance(layer, Conv):
            dendrite = _conv(layer, arriving)
        else:
            raise NetworkError(message(f"layer {name}", "dense, convolution or input", layer.kind))
        neuron = layer.neuron
        if not isinstance(neuron, CubaNeuron):
            raise NetworkError(message(f"layer {name}, neuron", "CUBA", type(neuron).__name__))
        cuba = slayer.neuron.cuba.Neuron(
            threshold=neuron.threshold / WEIGHT_SCALE, current_decay=0, voltage_decay=0
        )
        cuba.current_decay.data = _decay(neuron.current_decay, dendrite.dim())
        cuba.voltage_decay.data = _decay(neuron.voltage_decay, dendrite.dim())
        bias = None if isinstance(layer, NeuronInput) else layer.bias
        cuba.norm = None if bias is None else _AddBias(bias, dendrite.dim())
        signal = cuba(dendrite)
        layers.append(signal.numpy().astype(np.uint8))
    return tuple(layers)


def _decay(decay: int | np.ndarray, dimensions: int) -> torch.Tensor:
    """Decays along the channel axis; SLAYER on a CPU would lay a plain vector along the last."""
    flat = torch.tensor(np.atleast_1d(decay), dtype=torch.float32).clamp(0, DECAY_SCALE)
    return flat.reshape(-1, *[1] * (dimensions - 3))


class _AddBias:
    """Stands where SLAYER's neuron has its normalisation: between current and voltage."""

    def __init__(self, bias: np.ndarray, dimensions: int) -> None:
        shape = (1, -1, *[1] * (dimensions - 2))
        self.bias = torch.from_numpy(bias.astype(np.float32)).reshape(shape) * 64 / STATE_SCALE

    def __call__(self, current: torch.Tensor) -> torch.Tensor:
        return current + self.bias


def _dense(layer: Dense, arriving: torch.Tensor) -> torch.Tensor:
    weight = torch.from_numpy(layer.weight.astype(np.float32)) / WEIGHT_SCALE
    delays = layer.delay_matrix
    if delays is None:
        return torch.einsum("oi,bit->bot", weight, arriving)
    dendrite = torch.zeros(len(arriving), len(weight), arriving.shape[-1])
    for steps in np.unique(delays):
        now = torch.where(torch.from_numpy(delays == steps), weight, 0.0)
        late = torch.nn.functional.pad(arriving, (int(steps), 0))[..., : arriving.shape[-1]]
        dendrite += torch.einsum("oi,bit->bot", now, late)
    return dendrite


def _conv(layer: Conv, arriving: torch.Tensor) -> torch.Tensor:
    synapse = slayer.synapse.Conv(
        layer.weight.shape[1] * layer.groups,
        layer.weight.shape[0],
        layer.weight.shape[2:],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    weight = torch.from_numpy(layer.weight.astype(np.float32)) / WEIGHT_SCALE
    synapse.weight.data = weight[..., None]
    return synapse(arriving)
