"""SLAYER's own arithmetic, lava-dl's CUBA neuron: what training would compute.

It runs feed-forward CUBA networks: dense layers, convolutions and an input layer with neurons.
Weights are those of the file, as training had them, not what netx makes of them; states have no
24 bits to wrap or clip at. Where that matters this engine differs from the others, and that is
what it is compared with them for. The step between layers stands before the neuron, and the bias
acts from the first step, as in Lava. Delays are clamped as netx clamps them; those of a
convolution are ignored, as Lava ignores them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.base import BatchRunner, Closeable, Run, check_input
from neurodeploy.engines.counts import Counts, count
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

with lava_imports():
    from lava.lib.dl import slayer

SCALE = 1 << 6
"""SLAYER's weights, biases and thresholds times this are the integers of netx."""


class SlayerEngine(BatchRunner, Closeable):
    """Runs a network on SLAYER's synapses and neurons, in float32 on the CPU.

    Parameters
    ----------
    network : Network
        What runs.

    Raises
    ------
    NetworkError
        A layer is not dense, a convolution or a first input layer, is recurrent, or has other
        neurons than CUBA ones; the message names it.
    """

    name = "slayer"

    def __init__(self, network: Network) -> None:
        self.network = network
        for name, layer in zip(network.names[1:], network.layers[1:], strict=True):
            if isinstance(layer, NeuronInput):
                raise NetworkError(message(f"layer {name}", "an input layer first", "it later"))
        self._blocks = [
            _block(name, layer, len(shape))
            for name, layer, shape in zip(
                network.names, network.layers, network.shapes, strict=True
            )
        ]

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run a batch [sample, *features, time]."""
        spikes = check_input(self.network, spikes)
        layers = self.forward(spikes)
        return Run(layers=layers, counts=count(self.network, (spikes, *layers)))

    def open(self) -> SlayerSession:
        """Start a session at rest; any number of them may be open."""
        return SlayerSession(self)

    def close(self) -> None:
        """Nothing is held."""

    @torch.no_grad()
    def forward(self, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
        """Spikes of every layer, uint8 [sample, *features, time], of what `check_input` gave."""
        sent = torch.from_numpy(spikes.astype(np.float32))
        layers = []
        for block in self._blocks:
            sent = block.neuron(block.synapse(sent))
            layers.append(sent.numpy().astype(np.uint8))
        return tuple(layers)


class SlayerSession(Closeable):
    """One time step at a time, from rest.

    SLAYER computes whole samples, so each step replays its sample from the first step on. The
    time of a session grows with the square of its steps: it is for comparison, not for speed.
    """

    def __init__(self, engine: SlayerEngine) -> None:
        self._engine = engine
        self._activity = self._nothing()

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features]."""
        return self.advance(spikes)[-1]

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`; give the spikes [*features] of every layer."""
        spikes = check_input(self._engine.network, np.asarray(spikes)[None, ..., None])
        arrived = np.concatenate([self._activity[0], spikes], axis=-1)
        self._activity = [arrived, *self._engine.forward(arrived)]
        return [layer[0, ..., -1] for layer in self._activity[1:]]

    def reset(self) -> None:
        """Return to rest."""
        self._activity = self._nothing()

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset, as one sample."""
        return count(self._engine.network, self._activity)

    def close(self) -> None:
        """Nothing is held."""

    def _nothing(self) -> list[np.ndarray]:
        network = self._engine.network
        shapes = (network.input_shape, *network.shapes)
        return [np.zeros((1, *shape, 0), np.uint8) for shape in shapes]


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A layer: spikes [sample, *features, time] -> ``synapse`` -> ``neuron`` -> spikes."""

    synapse: Callable[[torch.Tensor], torch.Tensor]
    neuron: Callable[[torch.Tensor], torch.Tensor]


def _block(name: str, layer: Layer, axes: int) -> _Block:
    neuron = getattr(layer, "neuron", None)
    if neuron is not None and not isinstance(neuron, CubaNeuron):
        raise NetworkError(message(f"layer {name}, neuron", "CUBA", type(neuron).__name__))
    synapse: Callable[[torch.Tensor], torch.Tensor]
    if isinstance(layer, NeuronInput):
        synapse = _scaled
    elif isinstance(layer, Conv):
        synapse = _conv(layer)
    elif isinstance(layer, Dense) and layer.recurrent_weight is None:
        synapse = partial(_dense, layer)
    else:
        raise NetworkError(message(f"layer {name}", "dense, convolution or input", layer.kind))
    return _Block(synapse=synapse, neuron=_neuron(layer, axes))


def _neuron(layer: Dense | Conv | NeuronInput, axes: int) -> Any:
    """SLAYER's neuron; it has no bias, which stands where its normalisation would."""
    neuron = layer.neuron
    cuba = slayer.neuron.cuba.Neuron(
        threshold=neuron.threshold / SCALE, current_decay=0, voltage_decay=0, scale=SCALE
    )
    by_channel = (-1, *[1] * (axes - 1))
    for name in neuron.decays:
        # SLAYER on a CPU would lay a plain vector along the last axis.
        decay = torch.tensor(np.atleast_1d(getattr(neuron, name)), dtype=torch.float32)
        getattr(cuba, name).data = decay.reshape(by_channel)
    bias = None if isinstance(layer, NeuronInput) else layer.bias
    if bias is not None:
        shift = torch.from_numpy(bias.astype(np.float32)).reshape(*by_channel, 1) / SCALE
        cuba.norm = lambda current: current + shift
    return cuba


def _scaled(current: torch.Tensor) -> torch.Tensor:
    return current / SCALE


def _late(spikes: torch.Tensor, steps: int) -> torch.Tensor:
    return torch.nn.functional.pad(spikes, (steps, 0))[..., : spikes.shape[-1]]


def _dense(layer: Dense, spikes: torch.Tensor) -> torch.Tensor:
    weight = torch.from_numpy(layer.weight.astype(np.float32)) / SCALE
    arriving = _late(spikes.flatten(1, -2), 1)
    if layer.delay_matrix is None:
        return torch.einsum("oi,bit->bot", weight, arriving)
    sums = torch.zeros(len(arriving), len(weight), arriving.shape[-1])
    for delay in np.unique(layer.delay_matrix):
        chosen = torch.where(torch.from_numpy(layer.delay_matrix == delay), weight, 0.0)
        sums += torch.einsum("oi,bit->bot", chosen, _late(arriving, int(delay)))
    return sums


def _conv(layer: Conv) -> Callable[[torch.Tensor], torch.Tensor]:
    synapse = slayer.synapse.Conv(
        layer.weight.shape[1] * layer.groups,
        layer.weight.shape[0],
        layer.weight.shape[2:],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    synapse.weight.data = torch.from_numpy(layer.weight.astype(np.float32))[..., None] / SCALE
    return lambda spikes: synapse(_late(spikes, 1))
