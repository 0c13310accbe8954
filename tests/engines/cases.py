"""Networks that stress one thing each, with input that makes it matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from reference import as_lava_stores

from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron


@dataclass
class Case:
    """A network, samples for it, and whether its state leaves 24 bits."""

    network: Network
    batch: np.ndarray
    overflows: bool = False


def neuron(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 700, "voltage_decay": 300, "threshold": 250, **changes})


def spikes(*shape: int, seed: int = 1, rate: float = 0.4) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.uint8)


def even(*shape: int, low: int = -60, high: int = 90, seed: int = 2) -> np.ndarray:
    return 2 * np.random.default_rng(seed).integers(low, high, shape)


def dense_stack() -> Case:
    layers = (
        Dense(weight=even(9, 7), neuron=neuron()),
        Dense(weight=even(5, 9, seed=3), neuron=neuron(current_decay=4095, voltage_decay=1)),
        Dense(weight=even(2, 5, seed=4), neuron=neuron(threshold=90)),
    )
    return Case(Network(input_shape=(7,), layers=layers), spikes(4, 7, 25))


def biased() -> Case:
    layers = (
        Dense(weight=even(6, 5), neuron=neuron(), bias=[9, -30, 120, 1, 0, 251]),
        Dense(weight=even(3, 6, seed=3), neuron=neuron(), bias=[40]),
    )
    return Case(Network(input_shape=(5,), layers=layers), spikes(4, 5, 25, rate=0.2))


def delayed() -> Case:
    layers = (
        Dense(weight=even(3, 4), neuron=neuron(threshold=100), delay=[0, 3, 7], bias=[5, 0, 20]),
        Dense(
            weight=even(3, 3, seed=3), neuron=neuron(threshold=60), delay=even(3, 3, low=0, high=4)
        ),
        Dense(weight=even(2, 3, seed=4), neuron=neuron(threshold=60), delay=[1, 0, 2]),
    )
    return Case(Network(input_shape=(4,), layers=layers), spikes(3, 4, 20))


def delayed_longer_than_netx_keeps() -> Case:
    layers = (Dense(weight=even(2, 2), neuron=neuron(threshold=30), delay=[[70, 0], [61, 62]]),)
    return Case(Network(input_shape=(2,), layers=layers), spikes(2, 2, 80))


def convolutions() -> Case:
    layers = (
        Conv(
            weight=even(4, 2, 3, 2),
            neuron=neuron(current_decay=[0, 900, 2000, 4096], voltage_decay=[4096, 0, 10, 500]),
            stride=(1, 2),
            padding=(2, 1),
            bias=[3, -8, 60, 0],
        ),
        Conv(weight=even(6, 2, 2, 2, seed=3), neuron=neuron(), groups=2, dilation=(2, 1)),
        Dense(weight=even(3, 6 * 5 * 2, seed=4), neuron=neuron(threshold=900)),
    )
    return Case(Network(input_shape=(2, 5, 4), layers=layers), spikes(3, 2, 5, 4, 15))


def strided() -> Case:
    layer = Conv(weight=even(2, 1, 2, 3), neuron=neuron(), stride=(2, 3), padding=(0, 2))
    return Case(Network(input_shape=(1, 6, 7), layers=(layer,)), spikes(2, 1, 6, 7, 12))


def input_neurons() -> Case:
    layers = (
        NeuronInput(
            neuron=neuron(current_decay=3000, voltage_decay=123, threshold=80), weight=76, bias=-9
        ),
        Conv(weight=even(3, 2, 2, 2), neuron=neuron()),
        Dense(weight=even(4, 3 * 3 * 2, seed=3), neuron=neuron()),
    )
    image = np.random.default_rng(5).random((3, 2, 4, 3, 1)) * 1.5 - 0.2
    return Case(Network(input_shape=(2, 4, 3), layers=layers), np.repeat(image, 20, -1))


def changed(weight: np.ndarray) -> bool:
    """Whether Lava runs other weights than the file holds."""
    (stored,), bits = as_lava_stores(weight)
    return bool((stored != weight << bits).any())


def only_inhibitory() -> Case:
    """No weight is positive: netx changes them. The bias makes it spike all the same."""
    weight = np.array([[-256, -2, -8], [-60, -254, -4], [-2, -2, -130]])
    assert changed(weight)
    layers = (Dense(weight=weight, neuron=neuron(current_decay=4096), bias=[90, 120, 100]),)
    return Case(Network(input_shape=(3,), layers=layers), spikes(4, 3, 30, rate=0.3))


def inhibitory_or_nothing() -> Case:
    weight = np.array([[-200, 0, -8], [0, 0, -3], [-99, -2, 0]])
    assert changed(weight)
    layers = (Dense(weight=weight, neuron=neuron(current_decay=4096), bias=[50, 21, 70]),)
    return Case(Network(input_shape=(3,), layers=layers), spikes(4, 3, 30, rate=0.3))


def decays_at_their_ends() -> Case:
    ends = neuron(current_decay=[0, 0, 4096, 4096], voltage_decay=[0, 4096, 0, 4096], threshold=700)
    layers = (Dense(weight=even(4, 5, low=-80), neuron=ends),)
    return Case(Network(input_shape=(5,), layers=layers), spikes(3, 5, 40))


def current_wraps() -> Case:
    weight = np.concatenate([np.full((1, 600), 254), np.full((1, 600), -256), even(2, 600)])
    layers = (Dense(weight=weight, neuron=neuron(current_decay=0, threshold=1000)),)
    return Case(Network(input_shape=(600,), layers=layers), spikes(2, 600, 20), overflows=True)


def voltage_clips() -> Case:
    """Half of the inputs drive far below the floor; the others, later, back up."""
    weight = np.concatenate([np.full((2, 300), -256), np.full((2, 300), 254)], axis=1)
    calm = neuron(current_decay=4096, voltage_decay=[0, 50], threshold=1000)
    batch = np.zeros((2, 600, 20), np.uint8)
    batch[:, :300, :4] = 1
    batch[:, 300:, 6:] = spikes(2, 300, 14)
    layers = (Dense(weight=weight, neuron=calm),)
    return Case(Network(input_shape=(600,), layers=layers), batch, overflows=True)


def sums_that_lava_rounds() -> Case:
    """Stored weights that no integers would replace, without, with one, and with many delays."""
    weight = np.array([[-128, -128, -1], [0, -2, -3], [-1, -1, -64]])
    (stored,), bits = as_lava_stores(weight)
    assert (stored % (1 << bits)).any()
    quick = neuron(current_decay=4096, voltage_decay=0, threshold=0)
    layers = (
        Dense(weight=weight, neuron=quick, bias=[150, 4, 60]),
        Dense(weight=weight, neuron=quick, bias=[120, 3, 50], delay=[0, 2, 1]),
        Dense(weight=weight, neuron=quick, bias=[99, 3, 40], delay=even(3, 3, low=0, high=3)),
    )
    return Case(Network(input_shape=(3,), layers=layers), spikes(3, 3, 30))


def recurrent() -> Case:
    layers = (
        Dense(weight=even(6, 5), neuron=neuron(), recurrent_weight=even(6, 6, low=-90, seed=5)),
        Dense(
            weight=even(4, 6, seed=3),
            neuron=neuron(threshold=400),
            recurrent_weight=-np.abs(even(4, 4, seed=6)) - 2,
            bias=[30, -8, 0, 2],
        ),
    )
    return Case(Network(input_shape=(5,), layers=layers), spikes(4, 5, 30))


def graded(*shape: int, most: int, rate: float = 0.4) -> np.ndarray:
    values = np.random.default_rng(7).integers(-most, most + 1, shape)
    return values * spikes(*shape, rate=rate)


def graded_input() -> Case:
    layers = (
        Conv(weight=even(3, 2, 2, 2), neuron=neuron(threshold=2000), bias=[40, 1, 0]),
        Dense(weight=even(4, 3 * 3 * 2, seed=3), neuron=neuron(), recurrent_weight=even(4, 4)),
    )
    network = Network(input_shape=(2, 4, 3), layers=layers, input_bits=5)
    return Case(network, graded(3, 2, 4, 3, 20, most=31))


def sigma_delta() -> Case:
    """As SLAYER exports one: a delta input, layers with and without bias, and a sigma output."""
    layers = (
        NeuronInput(neuron=SdnnNeuron(threshold=3)),
        Conv(weight=even(3, 2, 2, 2), neuron=SdnnNeuron(threshold=20), bias=[90, -20, 0]),
        Dense(weight=even(6, 3 * 3 * 2, seed=3), neuron=SdnnNeuron(threshold=0)),
        Dense(weight=even(4, 6, seed=4), neuron=SdnnNeuron(threshold=9), bias=[1, 500, -4, 0]),
        Dense(weight=even(2, 4, seed=4), neuron=SdnnNeuron(threshold=9, sigma_output=True)),
    )
    walk = np.random.default_rng(5).normal(0, 0.2, (3, 2, 4, 3, 25)).cumsum(-1)
    return Case(Network(input_shape=(2, 4, 3), layers=layers), walk)


def sigma_delta_between_spikes() -> Case:
    """Ones into sigma-delta neurons, with delays, back from themselves, and into CUBA ones."""
    layers = (
        Dense(weight=even(5, 4, high=120), neuron=SdnnNeuron(threshold=0)),
        Dense(weight=even(4, 5, seed=3), neuron=SdnnNeuron(threshold=0), delay=[0, 1, 3, 1]),
        Dense(
            weight=even(3, 4, seed=4),
            neuron=SdnnNeuron(threshold=1),
            delay=even(3, 4, low=0, high=3),
        ),
        Dense(
            weight=even(4, 3, low=-20, high=40),
            neuron=SdnnNeuron(threshold=1),
            recurrent_weight=even(4, 4, low=-2, high=3),
        ),
        Dense(weight=even(3, 4, seed=8), neuron=neuron(threshold=9000)),
    )
    return Case(Network(input_shape=(4,), layers=layers), spikes(3, 4, 40))


def ones_back_from_sigma_delta() -> Case:
    """Lava reads the recurrent spikes of a layer as it reads its input: here, as ones."""
    layers = (
        Dense(weight=even(4, 3), neuron=SdnnNeuron(threshold=0), recurrent_weight=even(4, 4)),
        Dense(weight=even(3, 4, seed=8), neuron=neuron(threshold=800)),
    )
    return Case(Network(input_shape=(3,), layers=layers), spikes(3, 3, 25))


def sums_wrap() -> Case:
    """Values that feed themselves until they leave 32 bits, in every sample anew."""
    layers = (
        Dense(
            weight=[[254, -90], [60, 254]],
            neuron=SdnnNeuron(threshold=0),
            recurrent_weight=[[254, -80], [254, 254]],
        ),
    )
    network = Network(input_shape=(2,), layers=layers, input_bits=6)
    return Case(network, graded(3, 2, 25, most=63))


def resonating() -> Case:
    layers = (
        ComplexDense(
            real_weight=even(5, 4),
            imaginary_weight=even(5, 4, seed=3),
            neuron=RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True),
        ),
        ComplexDense(
            real_weight=even(4, 5, seed=4),
            imaginary_weight=-np.abs(even(4, 5, seed=5)) - 3,
            neuron=RfNeuron(
                sin_decay=[900, -2000, 0, 3000],
                cos_decay=[3900, -1000, 4000, 2000],
                threshold=90,
                phase=False,
            ),
        ),
        Dense(weight=even(3, 4, seed=8), neuron=neuron(threshold=100)),
    )
    return Case(Network(input_shape=(4,), layers=layers), spikes(3, 4, 40))


CASES: list[Callable[[], Case]] = [
    dense_stack,
    biased,
    delayed,
    delayed_longer_than_netx_keeps,
    convolutions,
    strided,
    input_neurons,
    only_inhibitory,
    inhibitory_or_nothing,
    decays_at_their_ends,
    current_wraps,
    voltage_clips,
    sums_that_lava_rounds,
    recurrent,
    graded_input,
    sigma_delta,
    sigma_delta_between_spikes,
    ones_back_from_sigma_delta,
    sums_wrap,
    resonating,
]

NO_SIGMA_DELTA = "neuron: expected CUBA, found SdnnNeuron"
REFUSED: dict[str, dict[Callable[[], Case], str]] = {
    "slayer": {
        recurrent: "layer 0-dense_rec: expected dense, convolution or input, found dense_rec",
        graded_input: "layer 1-dense_rec: expected dense, convolution or input, found dense_rec",
        sigma_delta: f"layer 0-input, {NO_SIGMA_DELTA}",
        sigma_delta_between_spikes: f"layer 0-dense, {NO_SIGMA_DELTA}",
        ones_back_from_sigma_delta: f"layer 0-dense_rec, {NO_SIGMA_DELTA}",
        sums_wrap: f"layer 0-dense_rec, {NO_SIGMA_DELTA}",
        resonating: "layer 0-dense, neuron: expected CUBA, found RfNeuron",
    },
}
"""What an engine does not run, and what it says."""


def cases_of(engine: str) -> list[Callable[[], Case]]:
    """Every case that an engine runs."""
    return [make for make in CASES if make not in REFUSED.get(engine, {})]
