"""Trained encoder -> `Network`, checked: what is exported is what was trained."""

from __future__ import annotations

import torch

from neurodeploy.model.block import Block
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.specs import ConvSpec
from neurodeploy.netx.check import require_exact
from neurodeploy.netx.layers import Conv, Dense, Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.units import DECAY_SCALE, WEIGHT_SCALE


def export_network(encoder: Encoder) -> Network:
    """The integer network of an encoder, its readout at temperature zero.

    Parameters
    ----------
    encoder : Encoder
        Left as it is.

    Returns
    -------
    Network
        That runs spike for spike as ``encoder(..., temperature=0.0)``.

    Raises
    ------
    NetworkError
        Lava would refuse the network or change its weights; the message names layer and remedy.
    """
    network = Network(
        input_shape=encoder.input_shape,
        layers=tuple(_layer(block) for block in encoder.layers),
    )
    require_exact(network)
    return network


@torch.no_grad()
def _layer(block: Block) -> Layer:
    spec = block.spec
    current_factor, voltage_factor = block.factors
    neuron = CubaNeuron(
        current_decay=DECAY_SCALE - current_factor,
        voltage_decay=DECAY_SCALE - voltage_factor,
        threshold=spec.neuron.threshold_mantissa,
    )
    weight = (block.weight * WEIGHT_SCALE).numpy()[..., 0]
    bias = (
        None
        if block.bias is None
        else block.neuron.quantize_8bit(block.bias, descale=True).numpy().ravel()
    )
    if isinstance(spec, ConvSpec):
        return Conv(
            weight=weight,
            neuron=neuron,
            stride=(spec.stride, spec.stride),
            padding=(spec.padding, spec.padding),
            dilation=(spec.dilation, spec.dilation),
            groups=spec.groups,
            bias=bias,
        )
    recurrent = block.recurrent_weight
    return Dense(
        weight=weight.reshape(weight.shape[0], -1),
        neuron=neuron,
        recurrent_weight=None if recurrent is None else (recurrent * WEIGHT_SCALE).numpy(),
        bias=bias,
        delay=None if block.delay is None else block.delay.steps.numpy(),
    )
