from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_layers import NEURON, RESONATOR, complex_dense, dense, neuron

from neurodeploy.errors import NetworkError
from neurodeploy.netx.layers import MAX_DELAY_STEPS, ComplexDense, Dense
from neurodeploy.netx.neurons import RfNeuron


def test_whole_numbers_of_any_type_become_integers() -> None:
    layer = dense(2, 3, weight=np.array([[1.0, -2, 3], [4, 5, 6]], np.float32), bias=[7, 8.0])
    assert layer.weight.dtype == np.int32
    assert layer.weight.tolist() == [[1, -2, 3], [4, 5, 6]]
    assert layer.bias is not None
    assert layer.bias.tolist() == [7, 8]


def test_a_network_keeps_no_reference_to_what_it_was_given() -> None:
    bias = np.array([1, 2])
    layer = dense(2, 3, bias=bias)
    bias[:] = 9
    assert layer.bias is not None
    assert layer.bias.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([[0.5, 1]], "0.5"),
        ([[np.nan, 1]], "nan"),
        ([[np.inf, 1]], "inf"),
        ([[2.0**31, 1]], "2147483648"),
        ([[1j, 1]], "complex"),
        ([["a", "b"]], "<U1"),
        (np.zeros((0, 3)), r"\(0, 3\)"),
        ([1, 2], r"shape \(2,\)"),
        ([[[1]]], r"shape \(1, 1, 1\)"),
    ],
)
def test_weights_that_are_no_integer_matrix_are_refused(value: Any, found: str) -> None:
    with pytest.raises(NetworkError, match=f"weight: .*{found}"):
        Dense(weight=value, neuron=neuron())


@pytest.mark.parametrize(
    ("delay", "matrix"),
    [
        ([1, 2], [[1, 1, 1], [2, 2, 2]]),
        ([1, 2, 3], [[1, 2, 3], [1, 2, 3]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
        ([62, 63], [[62] * 3, [62] * 3]),
    ],
)
def test_delays_of_each_shape_reach_their_synapses(delay: Any, matrix: Any) -> None:
    made = dense(2, 3, delay=delay).delay_matrix
    assert made is not None
    assert made.tolist() == matrix
    assert made.max() <= MAX_DELAY_STEPS


def test_a_square_delay_vector_is_by_row() -> None:
    made = dense(2, 2, delay=[1, 2]).delay_matrix
    assert made is not None
    assert made.tolist() == [[1, 1], [2, 2]]
    assert dense(2, 2).delay_matrix is None


@pytest.mark.parametrize("delay", [[-1, 0], [1, 2, 3, 4], [[1, 2]], [0.5, 1]])
def test_other_delays_are_refused(delay: Any) -> None:
    with pytest.raises(NetworkError, match="delay"):
        dense(2, 3, delay=delay)


def test_one_delay_for_all_synapses() -> None:
    made = Dense(weight=np.ones((2, 3)), neuron=NEURON, delay=4).delay_matrix
    assert made is not None
    assert made.tolist() == [[4, 4, 4], [4, 4, 4]]


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (1, 2), (4,), (2, 2, 1), ()])
def test_recurrent_weights_are_square(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match=r"recurrent_weight: .*(\(2, 2\)|2 axes)"):
        dense(2, 3, recurrent_weight=np.ones(shape))


def test_recurrent_weights_are_integers_from_and_to_each_neuron() -> None:
    layer = dense(2, 3, recurrent_weight=[[1.0, -2], [3, 4]])
    assert layer.recurrent_weight is not None
    assert layer.recurrent_weight.dtype == np.int32
    assert layer.recurrent_weight.tolist() == [[1, -2], [3, 4]]
    assert layer.output_shape((3,)) == (2,)
    with pytest.raises(NetworkError, match=r"recurrent_weight: .*0\.5"):
        dense(2, 3, recurrent_weight=np.full((2, 2), 0.5))


@pytest.mark.parametrize("part", ["real_weight", "imaginary_weight"])
@pytest.mark.parametrize(
    "weight", [np.ones((2, 2)), np.ones((3, 3)), np.ones(6), [[0.5, 1, 1]] * 2, [[1j, 0, 0]] * 2]
)
def test_both_parts_of_complex_weights_are_integers_of_one_shape(part: str, weight: Any) -> None:
    with pytest.raises(NetworkError, match=r"(real|imaginary)_weight"):
        complex_dense(2, 3, **{part: weight})


def test_both_parts_of_complex_weights_are_kept() -> None:
    layer = complex_dense(2, 3, real_weight=[[1.0, 2, 3], [4, 5, 6]])
    assert (layer.real_weight.dtype, layer.imaginary_weight.dtype) == (np.int32, np.int32)
    assert layer.real_weight.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert layer.imaginary_weight.tolist() == [[0, -1, -2], [-3, -4, -5]]


def test_a_complex_layer_reads_features_flattened() -> None:
    layer = complex_dense(2, 6)
    assert layer.output_shape((1, 2, 3)) == (2,)
    with pytest.raises(NetworkError, match=r"weight: .*5 features.*\(2, 6\)"):
        layer.output_shape((5,))


@pytest.mark.parametrize("name", ["sin_decay", "cos_decay"])
def test_one_sine_and_cosine_a_neuron(name: str) -> None:
    decays = {"sin_decay": 900, "cos_decay": 3900, name: [1, 2, 3]}
    three = RfNeuron(**decays, threshold=60, phase=False)
    assert complex_dense(3, 2, neuron=three).neuron is three
    with pytest.raises(NetworkError, match=rf"neuron/{name}: .*2 neurons.*shape \(3,\)"):
        complex_dense(2, 3, neuron=three)


def test_fan_out_of_a_dense_layer_over_an_image() -> None:
    weight = np.array([[1, 0, 0, 2], [3, 0, 4, 0], [5, 0, 0, 6]])
    connections, effective = Dense(weight=weight, neuron=NEURON).fan_out((1, 2, 2))
    assert connections.tolist() == [[[3, 3], [3, 3]]]
    assert effective.tolist() == [[[3, 0], [1, 2]]]


def test_recurrent_connections_are_counted_from_the_neurons_that_have_them() -> None:
    layer = Dense(weight=[[2, 0, 4], [0, 0, 6]], neuron=NEURON, recurrent_weight=[[0, 8], [0, 9]])
    connections, effective = layer.recurrent_fan_out((2,))
    assert (connections.tolist(), effective.tolist()) == ([2, 2], [0, 2])
    connections, effective = layer.fan_out((3,))
    assert (connections.tolist(), effective.tolist()) == ([2, 2, 2], [1, 0, 2])


def test_a_complex_weight_is_two_connections() -> None:
    layer = ComplexDense(
        real_weight=[[2, 0, 4, 0], [0, 0, 6, 0]],
        imaginary_weight=[[1, 3, 0, 0], [5, 0, 7, 0]],
        neuron=RESONATOR,
    )
    connections, effective = layer.fan_out((1, 2, 2))
    assert connections.tolist() == [[[4, 4], [4, 4]]]
    assert effective.tolist() == [[[3, 1], [3, 0]]]
