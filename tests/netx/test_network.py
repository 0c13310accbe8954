from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import NetworkError
from neurodeploy.netx.network import (
    MAX_DELAY_STEPS,
    Average,
    ComplexDense,
    Conv,
    Dense,
    Network,
    NeuronInput,
    stored_parameters,
)
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)
SIGMA_DELTA = SdnnNeuron(threshold=5)


def neuron(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 1024, "voltage_decay": 128, "threshold": 80, **changes})


def dense(outputs: int, inputs: int, **changes: Any) -> Dense:
    weight = np.arange(outputs * inputs).reshape(outputs, inputs)
    return Dense(**{"weight": weight, "neuron": neuron(), **changes})


def conv(*shape: int, **changes: Any) -> Conv:
    weight = np.arange(np.prod(shape)).reshape(shape)
    return Conv(**{"weight": weight, "neuron": neuron(), **changes})


def complex_dense(outputs: int, inputs: int, **changes: Any) -> ComplexDense:
    real = np.arange(outputs * inputs).reshape(outputs, inputs)
    return ComplexDense(
        **{"real_weight": real, "imaginary_weight": -real, "neuron": RESONATOR, **changes}
    )


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


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stride": (0, 1)}, "stride"),
        ({"padding": (0, -1)}, "padding"),
        ({"dilation": (1, 0)}, "dilation"),
        ({"stride": (1, 2, 3)}, "stride"),
        ({"groups": 0}, "groups"),
        ({"groups": 3}, "groups"),
        ({"groups": [1, 2]}, "groups"),
        ({"weight": np.ones((2, 2))}, "weight"),
    ],
)
def test_impossible_convolutions_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(NetworkError, match=field):
        conv(4, 2, 3, 3, **changes)


def test_one_number_stands_for_height_and_width() -> None:
    layer = conv(1, 1, 2, 2, stride=2, padding=3, dilation=[4])
    assert (layer.stride, layer.padding, layer.dilation) == ((2, 2), (3, 3), (4, 4))


@pytest.mark.parametrize("kernel", [(1, 1), (3, 2)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [(0, 0), (2, 1)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
def test_shape_of_a_convolution_is_where_its_kernel_fits(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    layer = conv(4, 1, *kernel, stride=stride, padding=padding, dilation=dilation, groups=2)
    sizes = []
    for axis, size in enumerate((7, 9)):
        reach = dilation[axis] * (kernel[axis] - 1)
        padded = size + 2 * padding[axis]
        sizes.append(len([at for at in range(0, padded, stride[axis]) if at + reach < padded]))
    assert layer.output_shape((2, 7, 9)) == (4, *sizes)


@pytest.mark.parametrize("shape", [(2, 2), (2,), (1, 9, 9), (3, 9, 9), (2, 2, 9), (2, 9, 1)])
def test_a_convolution_refuses_another_input(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="input of the layer"):
        conv(1, 2, 3, 2).output_shape(shape)


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


@pytest.mark.parametrize("changes", [{"weight": 0.5}, {"bias": [1, 2]}, {"weight": "x"}])
def test_the_map_of_an_input_layer_is_two_integers(changes: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match=next(iter(changes))):
        NeuronInput(neuron=neuron(), **changes)


def test_one_delay_for_all_synapses() -> None:
    made = Dense(weight=np.ones((2, 3)), neuron=NEURON, delay=4).delay_matrix
    assert made is not None
    assert made.tolist() == [[4, 4, 4], [4, 4, 4]]


def test_the_delay_of_a_convolution_is_validated() -> None:
    layer = Conv(weight=np.ones((1, 1, 1, 1)), neuron=NEURON, delay=3)
    assert Network(input_shape=(1, 3, 3), layers=(layer,)).parameters == 2
    with pytest.raises(NetworkError, match="delay"):
        Conv(weight=np.ones((1, 1, 1, 1)), neuron=NEURON, delay=[0.5])


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


def test_stored_parameters_are_all_weights_biases_and_delays() -> None:
    assert stored_parameters(dense(2, 3, recurrent_weight=np.ones((2, 2)), bias=[1])) == 6 + 4 + 2
    assert stored_parameters(dense(2, 3, delay=[1, 2, 3])) == 6 + 3
    assert stored_parameters(complex_dense(2, 3)) == 6 + 6
    assert stored_parameters(conv(2, 1, 3, 2, bias=[1])) == 12 + 2
    assert stored_parameters(NeuronInput(neuron=SIGMA_DELTA)) == 0
    assert stored_parameters(Average(outputs=1)) == 0


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
