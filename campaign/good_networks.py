"""Small networks, a bundle and a graph, from which good files are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.adopt.nir.writing import write_nir
from neurodeploy.model.decoder import Decoder, DecoderConfig

NEURON = nd.CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)


def weights(*shape: int) -> np.ndarray:
    """Even weights of eight bits."""
    return 2 * np.random.default_rng(len(shape)).integers(-60, 60, shape)


def networks() -> tuple[nd.Network, ...]:
    """A dense, a recurrent and a convolutional one."""
    dense = nd.Dense(weight=weights(4, 6), neuron=NEURON, delay=np.ones((4, 6), int))
    back = nd.Dense(weight=weights(4, 4), neuron=NEURON, recurrent_weight=weights(4, 4))
    conv = nd.Conv(weight=weights(3, 2, 3, 3), neuron=NEURON, stride=(1, 1), padding=(1, 1))
    last = nd.Dense(weight=weights(2, 3 * 25), neuron=NEURON)
    return (
        nd.Network(input_shape=(6,), layers=(dense, back)),
        nd.Network(input_shape=(2, 5, 5), layers=(conv, last)),
    )


def a_bundle() -> nd.Bundle:
    """With a decoder of two answers."""
    torch.manual_seed(0)
    config = DecoderConfig(
        kind="mlp", neurons=4, window_steps=5, heads={"label": 3, "image": 6}, hidden=7
    )
    return nd.Bundle(
        network=networks()[0],
        decoder=Decoder(config),
        encoding=nd.RateEncoding(steps=5, max_rate=0.5),
        notes={"seed": 0},
    )


def a_graph(path: Path) -> None:
    """A NIR graph of a dense network."""
    layer = nd.Dense(weight=weights(4, 6), neuron=NEURON)
    write_nir(nd.Network(input_shape=(6,), layers=(layer,)), path, dt_s=1e-4)
