"""A spiking network in floats: what other tools' networks become before they become integers.

Time is the chip's: steps, and spikes of step t reach the next layer, and through recurrent weights
their own, at t + 1. So a float network and the `neurodeploy.netx.network.Network` that it becomes
can be compared spike for spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

Number = float | np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatLayer:
    """Synapses and leaky integrate-and-fire neurons of one layer.

    From current u, voltage v and the weighted sum of the spikes that arrive, in every step::

        u' = u * (1 - current_decay) + arriving
        v' = v * (1 - voltage_decay) + u' + bias
        spike where v' > threshold, then v' = 0

    as `neurodeploy.netx.neurons.CubaNeuron` has it in integers.

    Parameters
    ----------
    name : str
        Where it came from, such as the name of a node.
    weight : float64 array [output, input]
        Of a dense layer; of a convolution [output channel, input channel / groups, height, width].
    current_decay, voltage_decay : float, or float64 array [neuron] or [channel]
        What is forgotten in a step, 0 (nothing) to 1 (everything).
    threshold : float
        Of all neurons.
    bias : float64 array [output] or [output channel], optional
        Added to the voltage in every step.
    recurrent_weight : float64 array [output, output], optional
        Of the synapses [to, from] between neurons of a dense layer.
    delay : int array [output, input], optional
        Steps that spikes take besides the one between layers.
    stride, padding, dilation : (int, int)
        Of a convolution, along height and width.
    groups : int
        Of a convolution.
    """

    name: str
    weight: np.ndarray
    current_decay: Number
    voltage_decay: Number
    threshold: float
    bias: np.ndarray | None = None
    recurrent_weight: np.ndarray | None = None
    delay: np.ndarray | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def is_convolution(self) -> bool:
        """Whether it reads [channel, height, width] features; a dense layer reads a vector."""
        return self.weight.ndim == 4


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Layers in order, and the shape of what goes in.

    Parameters
    ----------
    input_shape : tuple of int
        ``(neuron,)`` or ``(channel, height, width)``.
    layers : tuple of FloatLayer
        At least one.
    """

    input_shape: tuple[int, ...]
    layers: tuple[FloatLayer, ...]

    def run(self, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run a batch, each sample from rest, in float64.

        Parameters
        ----------
        spikes : array [sample, *features, time]
            0 or 1; any real values, as a current.

        Returns
        -------
        tuple of uint8 arrays [sample, *features, time]
            Spikes of every layer; column t is what it sends in step t.
        """
        sent: np.ndarray = np.asarray(spikes)
        layers = []
        for layer in self.layers:
            sent = run_layer(layer, sent)
            layers.append(sent)
        return tuple(layers)


def arriving(layer: FloatLayer, spikes: np.ndarray) -> torch.Tensor:
    """Weighted sums [sample, *features, time] of spikes [sample, *features, time], a step late."""
    late = torch.nn.functional.pad(torch.from_numpy(spikes.astype(np.float64)), (1, 0))[..., :-1]
    weight = torch.from_numpy(layer.weight.astype(np.float64))
    if layer.is_convolution:
        steps = late.shape[-1]
        frames = late.movedim(-1, 1).flatten(0, 1)
        sums = torch.nn.functional.conv2d(
            frames, weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
        )
        return sums.unflatten(0, (-1, steps)).movedim(1, -1)
    vector = late.flatten(1, -2)
    if layer.delay is None:
        return weight @ vector
    sums = torch.zeros(len(vector), len(weight), vector.shape[-1], dtype=torch.float64)
    for steps in np.unique(layer.delay):
        chosen = torch.where(torch.from_numpy(layer.delay == steps), weight, 0.0)
        later = torch.nn.functional.pad(vector, (int(steps), 0))[..., : vector.shape[-1]]
        sums += chosen @ later
    return sums


def run_layer(layer: FloatLayer, spikes: np.ndarray) -> np.ndarray:
    """Spikes uint8 [sample, *features, time] of one layer for those that it is sent."""
    return fire(layer, arriving(layer, spikes).numpy())


def fire(layer: FloatLayer, sums: np.ndarray) -> np.ndarray:
    """Spikes uint8 [sample, *features, time] of its neurons for weighted sums of that shape."""
    by_channel = (-1, *[1] * (sums.ndim - 3))
    keep_current, keep_voltage, bias = (
        np.asarray(value, np.float64).reshape(by_channel)
        for value in (
            1 - np.asarray(layer.current_decay),
            1 - np.asarray(layer.voltage_decay),
            0.0 if layer.bias is None else layer.bias,
        )
    )
    spikes = np.zeros(sums.shape, np.uint8)
    current = np.zeros(sums.shape[:-1])
    voltage = np.zeros(sums.shape[:-1])
    for step in range(sums.shape[-1]):
        current = current * keep_current + sums[..., step]
        if layer.recurrent_weight is not None and step:
            current += spikes[..., step - 1] @ layer.recurrent_weight.T
        voltage = voltage * keep_voltage + current + bias
        fired = voltage > layer.threshold
        voltage[fired] = 0.0
        spikes[..., step] = fired
    return spikes


def shapes(network: FloatNetwork) -> Sequence[tuple[int, ...]]:
    """Shape of the features after each layer."""
    nothing = np.zeros((1, *network.input_shape, 1), np.uint8)
    return [layer.shape[1:-1] for layer in network.run(nothing)]
