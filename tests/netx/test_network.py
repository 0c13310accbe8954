from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_layers import NEURON, SIGMA_DELTA, complex_dense, conv, dense, neuron

from neurodeploy.errors import NetworkError
from neurodeploy.netx.layers import Average, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron


def test_shapes_names_latency_and_parameters() -> None:
    network = Network(
        input_shape=[2, 6, 5],
        layers=[
            NeuronInput(neuron=neuron()),
            conv(4, 1, 3, 2, groups=2, bias=[1]),
            dense(6, 4 * 4 * 4, delay=[1] * 6, bias=[2]),
            Average(outputs=3),
        ],
    )
    assert network.input_shape == (2, 6, 5)
    assert network.shapes == ((2, 6, 5), (4, 4, 4), (6,), (3,))
    assert network.output_shape == (3,)
    assert network.names == ("0-input", "1-conv", "2-dense", "3-average")
    assert network.latency_steps == 2
    assert network.parameters == 24 + 4 + 6 * 64 + 6 + 6


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([], "at least one layer"),
        ([dense(2, 3)], r"layer 0-dense: weight: .*4 features.*\(2, 3\)"),
        ([dense(2, 4), dense(2, 3)], r"layer 1-dense: weight"),
        ([dense(2, 4), conv(1, 2, 1, 1)], r"layer 1-conv: input of the layer"),
        ([dense(2, 4), Average(outputs=3)], r"layer 1-average: shape"),
        ([dense(2, 4), Average(outputs=0)], r"layer 1-average: shape"),
    ],
)
def test_layers_that_do_not_fit_are_named(layers: Any, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        Network(input_shape=(4,), layers=layers)


@pytest.mark.parametrize("shape", [(), (0,), (2, -1, 3)])
def test_an_input_has_features(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="input_shape"):
        Network(input_shape=shape, layers=(NeuronInput(neuron=neuron()),))


@pytest.mark.parametrize("bits", [0, 1, 24, np.int64(7), [8], 9.0])
def test_input_spikes_have_up_to_24_bits(bits: Any) -> None:
    network = Network(input_shape=(3,), layers=(dense(2, 3),), input_bits=bits)
    assert network.input_bits == np.asarray(bits).item()
    assert type(network.input_bits) is int


@pytest.mark.parametrize("bits", [-1, 25, 0.5, [1, 2], "x", None])
def test_other_bits_of_the_input_are_refused(bits: Any) -> None:
    with pytest.raises(NetworkError, match="input_bits"):
        Network(input_shape=(3,), layers=(dense(2, 3),), input_bits=bits)


@pytest.mark.parametrize("neurons", [NEURON, SIGMA_DELTA], ids=["CUBA", "SDNN"])
def test_real_input_is_not_graded(neurons: Any) -> None:
    layers = (NeuronInput(neuron=neurons), dense(2, 3))
    assert Network(input_shape=(3,), layers=layers).input_bits == 0
    with pytest.raises(NetworkError, match="input_bits: expected 0, found 8 before an input layer"):
        Network(input_shape=(3,), layers=layers, input_bits=8)


def test_graded_spikes_are_those_of_sigma_delta_neurons_and_of_an_input_with_bits() -> None:
    layers = (
        dense(4, 3, neuron=SIGMA_DELTA),
        dense(4, 4),
        complex_dense(4, 4),
        dense(2, 4, neuron=SdnnNeuron(threshold=5, sigma_output=True)),
        Average(outputs=1),
    )
    graded = (True, False, False, True, False)
    assert Network(input_shape=(3,), layers=layers).graded == (False, *graded)
    assert Network(input_shape=(3,), layers=layers, input_bits=1).graded == (True, *graded)
    delta = Network(input_shape=(3,), layers=(NeuronInput(neuron=SIGMA_DELTA), dense(2, 3)))
    assert delta.graded == (False, True, False)


def test_kinds_are_those_of_netx_and_each_synapse_layer_is_a_step() -> None:
    network = Network(
        input_shape=(1, 2, 3),
        layers=(
            NeuronInput(neuron=SIGMA_DELTA),
            conv(4, 1, 1, 1, neuron=SIGMA_DELTA),
            dense(3, 24, recurrent_weight=np.ones((3, 3))),
            complex_dense(3, 3),
            dense(2, 3),
        ),
    )
    assert network.names == ("0-input", "1-conv", "2-dense_rec", "3-dense", "4-dense")
    assert network.latency_steps == 4
    assert network.parameters == 4 + (72 + 9) + (9 + 9) + 6
    assert network.output_shape == (2,)
