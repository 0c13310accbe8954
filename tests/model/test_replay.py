from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.engines.slayer import slayer_layers
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.network import Average, ComplexDense, Conv, Dense, Network, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

FORGETFUL = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=9)
"""Spikes where what arrives in a step, and the bias, are more than 9."""

WEIGHT = np.array([[4, 6, -2], [10, 0, -8]])
SIGMA_DELTA = SdnnNeuron(threshold=5)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)


def spikes(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, shape).astype(np.uint8)


def a_step_later(arriving: np.ndarray) -> np.ndarray:
    return np.pad(arriving, ((0, 0), (0, 0), (1, 0)))[..., :-1]


def test_a_neuron_without_memory_compares_what_arrives() -> None:
    batch = spikes(4, 3, 9)
    layers = (
        Dense(weight=WEIGHT, neuron=FORGETFUL, bias=[1, -1]),
        Dense(weight=[[10, 10]], neuron=FORGETFUL, delay=2),
    )
    first, second = slayer_layers(Network(input_shape=(3,), layers=layers), batch)
    arriving = a_step_later(np.einsum("oi,bit->bot", WEIGHT, batch))
    assert (first.dtype, second.dtype) == (np.uint8, np.uint8)
    np.testing.assert_array_equal(first, arriving + np.array([[1], [-1]]) > 9)
    late = np.pad(first, ((0, 0), (0, 0), (3, 0)))[..., :-3]
    np.testing.assert_array_equal(second, late.any(1, keepdims=True))
    assert 0 < second.sum() < second.size / 2


def test_spikes_of_the_input_may_carry_values() -> None:
    batch = spikes(4, 3, 9) * np.random.default_rng(1).integers(-7, 8, (4, 3, 9))
    network = Network(
        input_shape=(3,), layers=(Dense(weight=WEIGHT, neuron=FORGETFUL),), input_bits=3
    )
    (found,) = slayer_layers(network, batch)
    np.testing.assert_array_equal(found, a_step_later(np.einsum("oi,bit->bot", WEIGHT, batch)) > 9)
    assert 0 < found.sum() < found.size


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Dense(weight=WEIGHT, neuron=SIGMA_DELTA), "layer 0-dense, neuron.*SdnnNeuron"),
        (NeuronInput(neuron=SIGMA_DELTA), "layer 0-input, neuron.*SdnnNeuron"),
        (
            Dense(weight=WEIGHT, neuron=FORGETFUL, recurrent_weight=np.ones((2, 2))),
            "layer 0-dense_rec.*found dense_rec",
        ),
        (Average(outputs=1), "layer 0-average.*found average"),
    ],
    ids=["sigma-delta", "delta input", "recurrent", "average"],
)
def test_what_is_not_replayed_is_refused_by_name(layer: Any, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        slayer_layers(Network(input_shape=(3,), layers=(layer,)), spikes(1, 3, 4))


def test_sigma_delta_convolutions_are_refused_by_name() -> None:
    layer = Conv(weight=np.ones((1, 1, 2, 2)), neuron=SIGMA_DELTA)
    with pytest.raises(NetworkError, match="layer 0-conv, neuron: expected CUBA, found SdnnNeuron"):
        slayer_layers(Network(input_shape=(1, 3, 3), layers=(layer,)), spikes(1, 1, 3, 3, 4))


def test_resonate_and_fire_neurons_are_refused_by_name() -> None:
    layers = (
        Dense(weight=WEIGHT, neuron=FORGETFUL),
        ComplexDense(real_weight=[[2, 4]], imaginary_weight=[[2, 4]], neuron=RESONATOR),
    )
    with pytest.raises(NetworkError, match=r"layer 1-dense.*found .*(complex|Complex|Rf|RF)"):
        slayer_layers(Network(input_shape=(3,), layers=layers), spikes(1, 3, 4))


def test_other_input_is_refused() -> None:
    network = Network(input_shape=(3,), layers=(Dense(weight=WEIGHT, neuron=FORGETFUL),))
    with pytest.raises(InputError, match="input"):
        slayer_layers(network, np.full((1, 3, 4), 2))
