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

WINDOWS = (10, 30)
"""Steps from rest to where a voltage is looked at."""
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
    total = 0.0
    for window in WINDOWS:
        if window <= sent.shape[-1] or window == min(WINDOWS):
            for arrived in _arrived(layer, sent, own, group, some, min(window, sent.shape[-1])):
                total = total + (arrived.T @ arrived).astype(np.float64) / window
    return np.asarray(total)


def _arrived(
    layer: FloatLayer, sent: np.ndarray, own: np.ndarray, group: int, some: slice, window: int
) -> Iterator[np.ndarray]:
    """What is left of each input after each window from rest, float32 [window, synapse]."""
    response = _response(layer, window)
    inputs = sent.shape[1:-1]
    if layer.is_convolution:
        pixels = taps(layer, inputs)
        synapses_of_all = len(pixels) * layer.weight[0].size
        channels = layer.weight.shape[1]
        sent = sent[:, group * channels : (group + 1) * channels]
    else:
        synapses_of_all = int(np.prod(inputs)) + own.shape[1]
    windows = sent.shape[-1] // window
    at_once = max(1, ARRIVED_AT_ONCE // (synapses_of_all * windows))
    for first in range(0, len(sent), at_once):
        left = _left(sent[first : first + at_once], response)
        if layer.is_convolution:
            left = left.reshape(len(left), channels, -1)
            left = np.pad(left, ((0, 0), (0, 0), (0, 1)))[:, :, pixels]
            left = left.transpose(0, 2, 1, 3).reshape(-1, layer.weight[0].size)
        elif layer.recurrent_weight is not None:
            left = np.hstack([left, _left(own[first : first + at_once], response)])
        left = left[:, some]
        yield left[left.any(1)]


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
