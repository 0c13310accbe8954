"""Random networks over everything that netx can express, with input for them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from neurodeploy.netx.layers import ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

DECAYS = (0, 1, 2, 410, 1024, 2048, 4095, 4096)
THRESHOLDS = (0, 1, 63, 80, 1000, 20_000, 131_071)


def random_cuba(rng: np.random.Generator, size: int, threshold: int | None = None) -> CubaNeuron:
    """Decays at their limits too, of the layer or of each neuron."""
    decays = [
        rng.choice(DECAYS, size) if rng.random() < 0.4 else int(rng.choice(DECAYS))
        for _ in range(2)
    ]
    return CubaNeuron(
        current_decay=decays[0],
        voltage_decay=decays[1],
        threshold=int(rng.choice(THRESHOLDS)) if threshold is None else threshold,
    )


def random_neuron(
    rng: np.random.Generator, size: int, sigma_delta: float
) -> CubaNeuron | SdnnNeuron:
    if rng.random() < sigma_delta:
        return SdnnNeuron(threshold=int(rng.choice([0, 0, 1, 5, 40])))
    return random_cuba(rng, size)


def random_resonator(rng: np.random.Generator, size: int) -> RfNeuron:
    """States that fade, stay or grow, turning either way."""
    count = size if rng.random() < 0.4 else 1
    sine, cosine = rng.integers(-2900, 2901, (2, count))
    if rng.random() < 0.2:
        sine = cosine = rng.choice([-4096, 0, 4096], count)
    return RfNeuron(
        sin_decay=sine,
        cos_decay=cosine,
        threshold=int(rng.choice(THRESHOLDS)),
        phase=rng.random() < 0.5,
    )


def random_weight(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    kind = rng.integers(7)
    if kind == 0:
        return rng.integers(-256, 256, shape)
    if kind == 1:
        return 2 * rng.integers(-128, 128, shape)
    if kind == 2:
        return -rng.integers(1, 257, shape)
    if kind == 3:
        return rng.integers(1, 256, shape)
    if kind == 4:
        return rng.choice([-256, 254], shape)
    if kind == 5:
        return rng.integers(-20, 21, shape) * (rng.random(shape) < 0.3) + (rng.random() < 0.5)
    return 2 * rng.integers(-9, 12, shape)


def not_all_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """What netx can scale."""
    weight = random_weight(rng, shape)
    while not weight.any():
        weight = random_weight(rng, shape)
    return weight


def random_bias(rng: np.random.Generator, size: int) -> np.ndarray | None:
    return rng.integers(-4096, 4096, size) if rng.random() < 0.5 else None


def random_delay(
    rng: np.random.Generator, shape: tuple[int, int], longest: int
) -> np.ndarray | None:
    kinds: tuple[tuple[int, ...] | None, ...] = (None, (), shape[:1], shape[1:], shape)
    kind = kinds[rng.integers(len(kinds))]
    return None if kind is None else rng.integers(0, longest + 1, kind)


def random_dense(
    rng: np.random.Generator, inputs: int, most: int, longest_delay: int, sigma_delta: float
) -> Dense | ComplexDense:
    outputs = int(rng.integers(1, most + 1))
    kind = rng.random()
    if kind < 0.1:
        return ComplexDense(
            real_weight=not_all_zero(rng, (outputs, inputs)),
            imaginary_weight=not_all_zero(rng, (outputs, inputs)),
            neuron=random_resonator(rng, outputs),
        )
    recurrent = kind < 0.3
    return Dense(
        weight=not_all_zero(rng, (outputs, inputs)),
        neuron=random_neuron(rng, outputs, sigma_delta),
        recurrent_weight=random_weight(rng, (outputs, outputs)) if recurrent else None,
        bias=random_bias(rng, outputs),
        delay=None if recurrent else random_delay(rng, (outputs, inputs), longest_delay),
    )


def random_conv(
    rng: np.random.Generator, shape: tuple[int, ...], large: bool, sigma_delta: float
) -> Conv:
    groups = int(rng.choice([g for g in (1, 2, 3) if shape[0] % g == 0]))
    channels = groups * int(rng.integers(1, 4))
    kernel = [int(rng.integers(1, min(3, size) + 1)) for size in shape[1:]]
    dilation = [
        int(rng.integers(1, 3)) if 2 * (k - 1) + 1 <= size else 1
        for k, size in zip(kernel, shape[1:], strict=True)
    ]
    weight = random_weight(rng, (channels, shape[0] // groups, *kernel))
    return Conv(
        weight=weight * (2**17 + 1 if large else 1),
        neuron=random_neuron(rng, channels, sigma_delta),
        bias=random_bias(rng, channels),
        stride=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        padding=(int(rng.integers(0, 3)), int(rng.integers(0, 3))),
        dilation=(dilation[0], dilation[1]),
        groups=groups,
    )


def random_network(
    rng: np.random.Generator, *, most: int = 64, longest_delay: int = 62, large: bool = False
) -> Network:
    """``large`` lets convolutions have weights whose sums wrap."""
    image = rng.random() < 0.5
    shape: tuple[int, ...] = (int(rng.integers(1, most + 1)),)
    if image:
        shape = tuple(int(rng.integers(low, 7)) for low in (1, 2, 2))
    network_input = shape
    sigma_delta = float(rng.choice([0, 0, 0.4, 1]))
    layers: list[Layer] = []
    if rng.random() < 0.3:
        layers.append(
            NeuronInput(
                neuron=random_neuron(rng, shape[0], sigma_delta),
                weight=int(rng.choice([1, 64, -3, 2**20])),
                bias=int(rng.integers(-300, 300)),
            )
        )
    for _ in range(int(rng.integers(1, 4))):
        layer: Layer
        if len(shape) == 3 and rng.random() < 0.7:
            layer = random_conv(rng, shape, large and rng.random() < 0.3, sigma_delta)
        else:
            layer = random_dense(rng, math.prod(shape), most, longest_delay, sigma_delta)
        layers.append(layer)
        shape = layer.output_shape(shape)
    bits = 0 if isinstance(layers[0], NeuronInput) else int(rng.choice([0, 0, 0, 1, 8, 16]))
    return Network(input_shape=network_input, layers=tuple(layers), input_bits=bits)


def flat_before_dense(network: Network) -> Network:
    """The same network with a vector for input, which netx wants before a dense layer."""
    if isinstance(network.layers[0], Dense | ComplexDense):
        return replace(network, input_shape=(math.prod(network.input_shape),))
    return network


def random_signal(
    rng: np.random.Generator, network: Network, samples: int, steps: int
) -> np.ndarray:
    shape = (samples, *network.input_shape, steps)
    if isinstance(network.layers[0], NeuronInput):
        return np.round(rng.normal(0, 30, shape), 2)
    spikes = (rng.random(shape) < rng.choice([0.02, 0.3, 1.0])).astype(np.uint8)
    if network.input_bits:
        most = (1 << network.input_bits) - 1
        return spikes * rng.integers(-most, most + 1, shape)
    return spikes
