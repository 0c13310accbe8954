"""What arrives at the synapses of a layer, as second moments: which of their errors add up.

A voltage is a weighted sum of what has arrived since the neuron last spiked. So an error of the
weights e becomes an error of the voltage e @ a, where a is what a window of so many steps leaves of
each input, and its square is e @ H @ e with H the mean of a a'.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.adopt.float_run import taps
from neurodeploy.adopt.floats import FloatLayer

WINDOW = 100
"""Steps from rest to where a voltage is looked at, or as many as there are."""
ARRIVED_AT_ONCE = 1 << 24
"""Float32 values held at a time: 64 MiB."""


def synapses(layer: FloatLayer) -> np.ndarray:
    """Weights [group, output, synapse] by what each neuron has; recurrent synapses come last."""
    if layer.recurrent_weight is not None:
        return np.hstack([layer.weight, layer.recurrent_weight])[None]
    return layer.weight.reshape(layer.groups, len(layer.weight) // layer.groups, -1)


def second_moments(
    layer: FloatLayer, sent: np.ndarray, own: np.ndarray, group: int, some: slice
) -> np.ndarray:
    """Sums of products of what arrives at pairs of synapses, float64 [synapse, synapse].

    Delays of synapses are left aside: they are short against a window.

    Parameters
    ----------
    layer : FloatLayer
        Its decays say what a step leaves of the one before.
    sent, own : uint8 arrays [sample, *features, time]
        Spikes of the layer before, and of its own for the recurrent synapses.
    group : int
        Of a convolution; 0 of a dense layer.
    some : slice
        Which synapses of a neuron.
    """
    window = min(WINDOW, sent.shape[-1])
    response = _response(layer, window)
    total = np.zeros(2 * (synapses(layer)[group, 0, some].size,))
    for few_sent, few_own in _few_samples(layer, sent, own, window):
        left = _left(few_sent, response)
        if layer.is_convolution:
            left = _patches(layer, left, sent.shape[1:-1], group)
        elif layer.recurrent_weight is not None:
            left = np.hstack([left, _left(few_own, response)])
        arrived = left[:, some]
        arrived = arrived[arrived.any(1)]
        total += arrived.T @ arrived
    return total


def _few_samples(
    layer: FloatLayer, sent: np.ndarray, own: np.ndarray, window: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Some samples at a time, so that what arrives at all neurons can be held."""
    neurons = int(np.prod(own.shape[2:-1]))
    values = neurons * (sent.shape[-1] // window) * synapses(layer).shape[-1]
    at_once = max(1, ARRIVED_AT_ONCE // values)
    for first in range(0, len(sent), at_once):
        yield sent[first : first + at_once], own[first : first + at_once]


def _patches(layer: FloatLayer, left: np.ndarray, shape: tuple[int, ...], group: int) -> np.ndarray:
    """What each neuron of a group reads of features [window, feature]: [window, synapse]."""
    channels = layer.weight.shape[1]
    maps = left.reshape(len(left), shape[0], -1)[:, group * channels : (group + 1) * channels]
    edged = np.pad(maps, ((0, 0), (0, 0), (0, 1)))
    read = edged[:, :, taps(layer, shape)]  # [window, channel, neuron, tap]
    return read.transpose(0, 2, 1, 3).reshape(-1, layer.weight[0].size)


def _left(spikes: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Spikes [sample, *features, time] weighted by a response, float32 [window, feature]."""
    flat = spikes.reshape(len(spikes), -1, spikes.shape[-1])
    windows = flat.shape[-1] // len(response)
    cut = flat[..., : windows * len(response)].reshape(*flat.shape[:2], windows, len(response))
    return (cut @ response).transpose(0, 2, 1).reshape(-1, flat.shape[1])


def _response(layer: FloatLayer, window: int) -> np.ndarray:
    """The voltage at the end of a window that a spike in each of its steps leaves, float32."""
    keep_current = 1 - float(np.mean(layer.current_decay))
    keep_voltage = 1 - float(np.mean(layer.voltage_decay))
    response = np.empty(window)
    current, voltage = 1.0, 1.0
    for step in range(window):
        response[step] = voltage
        current *= keep_current
        voltage = voltage * keep_voltage + current
    return response[::-1].astype(np.float32)
