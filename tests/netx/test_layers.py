from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_layers import NEURON, RESONATOR, SIGMA_DELTA, complex_dense, conv, dense, neuron

from neurodeploy.errors import NetworkError
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput


def test_one_decay_a_neuron_or_channel() -> None:
    three = neuron(current_decay=[1, 2, 3])
    dense(3, 2, neuron=three)
    conv(3, 2, 1, 1, neuron=three)
    for make, shape in ((dense, (2, 3)), (conv, (2, 3, 3, 3))):
        with pytest.raises(NetworkError, match=r"neuron/current_decay: .* 2 .*shape \(3,\)"):
            make(*shape, neuron=three)
        with pytest.raises(NetworkError, match="neuron/voltage_decay"):
            make(*shape, neuron=neuron(voltage_decay=[1, 2, 3]))


@pytest.mark.parametrize("make", [lambda **k: dense(3, 2, **k), lambda **k: conv(3, 2, 1, 1, **k)])
def test_a_bias_is_one_a_neuron_or_channel_or_one_for_all(make: Any) -> None:
    assert make(bias=[4]).bias.tolist() == [4, 4, 4]
    assert make(bias=[4, 5, 6]).bias.tolist() == [4, 5, 6]
    for wrong in ([1, 2], [[1, 2, 3]], [0.5, 1, 2]):
        with pytest.raises(NetworkError, match="bias"):
            make(bias=wrong)


@pytest.mark.parametrize("changes", [{"weight": 0.5}, {"bias": [1, 2]}, {"weight": "x"}])
def test_the_map_of_an_input_layer_is_two_integers(changes: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match=next(iter(changes))):
        NeuronInput(neuron=neuron(), **changes)


def test_stored_parameters_are_all_weights_biases_and_delays() -> None:
    assert dense(2, 3, recurrent_weight=np.ones((2, 2)), bias=[1]).parameters == 6 + 4 + 2
    assert dense(2, 3, delay=[1, 2, 3]).parameters == 6 + 3
    assert complex_dense(2, 3).parameters == 6 + 6
    assert conv(2, 1, 3, 2, bias=[1]).parameters == 12 + 2
    assert NeuronInput(neuron=SIGMA_DELTA).parameters == 0
    assert Average(outputs=1).parameters == 0


def test_layers_name_their_own_matrices() -> None:
    recurrent = dense(2, 3, recurrent_weight=[[1, 2], [3, 4]], bias=[5])
    assert [*recurrent.forward_matrices] == ["weight"]
    assert [*recurrent.matrices] == ["weight", "recurrent_weight"]
    assert [*recurrent.arrays] == ["weight", "recurrent_weight", "bias"]
    assert recurrent.matrices["recurrent_weight"].tolist() == [[1, 2], [3, 4]]
    both = complex_dense(2, 3)
    assert [*both.matrices] == [*both.forward_matrices] == ["real_weight", "imaginary_weight"]
    assert [*conv(2, 1, 3, 2, delay=[4]).arrays] == ["weight", "delay"]
    for layer in (NeuronInput(neuron=NEURON), Average(outputs=1)):
        assert layer.arrays == layer.matrices == {}


def test_layers_say_what_they_take() -> None:
    inputs, average = NeuronInput(neuron=NEURON), Average(outputs=2)
    layers = (inputs, conv(2, 1, 1, 1), dense(2, 12), complex_dense(2, 2), average)
    assert [layer.takes_real_values for layer in layers] == [True, False, False, False, False]
    assert [layer.has_synapses for layer in layers] == [False, True, True, True, False]
    assert [layer.flattens for layer in layers] == [False, False, True, True, False]
    assert [layer.neuron_count((2, 2, 3)) for layer in layers] == [12, 12, 12, 12, 0]


@pytest.mark.parametrize(
    ("layer", "connections"),
    [
        (dense(2, 3), (6, 5)),
        (dense(2, 3, recurrent_weight=[[0, 1], [1, 0]]), (10, 7)),
        (complex_dense(2, 3), (12, 10)),
        (NeuronInput(neuron=NEURON), (0, 0)),
        (Average(outputs=1), (0, 0)),
    ],
)
def test_synapses_by_hand(layer: Any, connections: tuple[int, int]) -> None:
    assert layer.synapses((3,)) == connections


@pytest.mark.parametrize("layer", [NeuronInput(neuron=NEURON), Average(outputs=1)])
def test_layers_without_synapses_have_no_fan_out(layer: Any) -> None:
    for counts in layer.fan_out((2, 3)):
        assert counts.tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "layer",
    [
        NeuronInput(neuron=NEURON),
        Average(outputs=6),
        Dense(weight=np.ones((6, 6)), neuron=NEURON),
        Conv(weight=np.ones((2, 2, 1, 1)), neuron=NEURON),
        ComplexDense(
            real_weight=np.ones((6, 6)), imaginary_weight=np.ones((6, 6)), neuron=RESONATOR
        ),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_layers_have_no_recurrent_connections(layer: Any) -> None:
    for counts in layer.recurrent_fan_out((2, 1, 3)):
        assert counts.tolist() == [[[0, 0, 0]], [[0, 0, 0]]]
