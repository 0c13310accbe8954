from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import NetworkError
from neurodeploy.netx.check import check, require_exact, require_runnable
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
SIGMA_DELTA = SdnnNeuron(threshold=5)
SIGMA = SdnnNeuron(threshold=5, sigma_output=True)


def neuron(threshold: int = 80) -> CubaNeuron:
    return CubaNeuron(current_decay=1024, voltage_decay=128, threshold=threshold)


def dense(weight: Any = ((2, -4, 6),), **changes: Any) -> Dense:
    return Dense(**{"weight": weight, "neuron": neuron(), **changes})


def conv(weight: Any = (2, -4), **changes: Any) -> Conv:
    shaped = np.asarray(weight).reshape(1, 1, 1, -1)
    return Conv(**{"weight": shaped, "neuron": neuron(), **changes})


def complex_dense(
    real: Any = ((2, -4, 6),), imaginary: Any = ((2, -4, 6),), cos_decay: int = 3899
) -> ComplexDense:
    resonator = RfNeuron(sin_decay=900, cos_decay=cos_decay, threshold=131071, phase=True)
    return ComplexDense(real_weight=real, imaginary_weight=imaginary, neuron=resonator)


BESIDE = ("silent-layer", "slayer-bias", "slayer-input")
"""Codes that many of these small networks have besides: tests/netx/test_findings.py."""


def checked(network: Network) -> list[Finding]:
    return [finding for finding in check(network) if finding.code not in BESIDE]


def found(*layers: Layer, input_shape: tuple[int, ...] = (3,)) -> list[tuple[str, str, str]]:
    """Severity, layer and field of each finding; remedies are there."""
    findings = checked(Network(input_shape=input_shape, layers=layers))
    for finding in findings:
        assert finding.reason
        assert finding.remedy
    return [(finding.severity, finding.layer, finding.field) for finding in findings]


IMAGE = (1, 1, 3)


def test_nothing_to_say_about_a_plain_network() -> None:
    assert found(dense(bias=[4095], delay=[62]), dense([[2]])) == []
    assert found(NeuronInput(neuron=neuron()), dense()) == []
    assert found(conv(bias=[-4096]), dense([[2, -2]]), input_shape=IMAGE) == []
    assert found(dense(recurrent_weight=[[-6]], bias=[3])) == []
    assert found(complex_dense(), dense([[2]])) == []
    delta = NeuronInput(neuron=SIGMA_DELTA)
    assert found(delta, dense(neuron=SIGMA_DELTA, bias=[3], delay=[2]), dense([[2]])) == []
    assert found(dense(neuron=SIGMA_DELTA), dense([[2]], neuron=SIGMA)) == []


def test_an_average_layer_does_not_run() -> None:
    assert found(dense(), Average(outputs=1)) == [("error", "1-average", "type")]


def test_an_input_layer_must_be_the_first() -> None:
    late = NeuronInput(neuron=neuron())
    assert found(dense(), late) == [("error", "1-input", "type")]
    assert found(late, dense()) == []


@pytest.mark.parametrize(("threshold", "count"), [(131071, 0), (131072, 1)])
def test_threshold_bits(threshold: int, count: int) -> None:
    wide = neuron(threshold)
    assert found(dense(neuron=wide)) == [("warning", "0-dense", "neuron/threshold")] * count
    assert (
        found(NeuronInput(neuron=wide), dense())
        == [("warning", "0-input", "neuron/threshold")] * count
    )


def test_threshold_bits_of_sigma_delta_neurons() -> None:
    for threshold, count in ((131071, 0), (131072, 1)):
        wide = SdnnNeuron(threshold=threshold)
        assert found(dense(neuron=wide)) == [("warning", "0-dense", "neuron/threshold")] * count


@pytest.mark.parametrize(("bias", "count"), [(-4096, 0), (4095, 0), (-4097, 1), (4096, 1)])
def test_bias_bits(bias: int, count: int) -> None:
    assert found(dense(bias=[bias])) == [("warning", "0-dense", "bias")] * count
    assert found(conv(bias=[bias]), input_shape=IMAGE) == [("warning", "0-conv", "bias")] * count


@pytest.mark.parametrize(
    ("weight", "severity"),
    [
        ([[0, 0, 0]], "error"),
        ([[256, 0, 0]], "error"),
        ([[-258, -2, -2]], "error"),
        ([[300, -2, 0]], "warning"),
        ([[3, -200, 0], [0, 0, 300]], "warning"),
        ([[-256, -2, -2]], "warning"),
        ([[-3, -200, 0]], "warning"),
        ([[254, -256, 0]], None),
        ([[3, 255, 0]], None),
        ([[3, -5, 6]], None),
        ([[-1, -4, -255]], None),
        ([[-2, -4, -6]], None),
    ],
)
def test_what_netx_does_to_dense_weights(weight: Any, severity: str | None) -> None:
    expected = [(severity, "0-dense", "weight")] if severity else []
    assert found(dense(weight)) == expected


def test_a_changed_weight_is_shown() -> None:
    (finding,) = checked(Network(input_shape=(3,), layers=(dense([[2, -4, 6], [-300, 6, 300]]),)))
    assert "2 weights" in finding.reason
    assert "-300 at (1, 0) to -256" in finding.reason
    assert str(finding).startswith("warning: layer 0-dense, weight: netx changes 2 weights")


@pytest.mark.parametrize(("bias", "code"), [(32767, "chip-bias"), (32768, "wrapped-bias")])
def test_a_bias_that_wraps_in_a_simulator_is_another_one(bias: int, code: str) -> None:
    for sign in (1, -1):
        (finding,) = checked(
            Network(input_shape=(3,), layers=(dense(bias=[sign * bias - (sign < 0)]),))
        )
        assert (finding.code, finding.exact) == (code, code == "chip-bias")


@pytest.mark.parametrize(("delay", "count"), [([62], 0), ([63], 1)])
def test_long_delays_are_clamped(delay: list[int], count: int) -> None:
    assert found(dense(delay=delay)) == [("warning", "0-dense", "delay")] * count


def test_delays_of_a_convolution_are_ignored() -> None:
    delayed = conv(delay=np.array([1]))
    assert found(delayed, input_shape=IMAGE) == [("warning", "0-conv", "delay")]
    assert found(conv(delay=np.array([0])), input_shape=IMAGE) == []
    assert found(conv(), input_shape=IMAGE) == []


def test_graded_spikes_that_come_back_are_read_as_the_input_is() -> None:
    recurrent = dense(neuron=SIGMA_DELTA, recurrent_weight=[[2]])
    assert found(recurrent) == [("warning", "0-dense_rec", "recurrent_weight")]
    assert found(NeuronInput(neuron=SIGMA_DELTA), recurrent) == []
    assert checked(Network(input_shape=(3,), layers=(recurrent,), input_bits=8)) == []


def test_resonators_whose_decays_lose_one_on_the_way_are_reported() -> None:
    assert found(complex_dense(cos_decay=3900)) == [("warning", "0-dense", "neuron/cos_decay")]
    (finding,) = checked(Network(input_shape=(3,), layers=(complex_dense(cos_decay=3900),)))
    assert "1 decays by up to 1" in finding.reason


@pytest.mark.parametrize(
    ("weight", "count"), [((-256, 255), 0), ((0, 0), 0), ((3, 5), 0), ((-257, 0), 1), ((256, 0), 1)]
)
def test_kernel_bits(weight: tuple[int, int], count: int) -> None:
    assert found(conv(weight), input_shape=IMAGE) == [("warning", "0-conv", "weight")] * count


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("inputs", "count"), [(1023, 0), (1024, 1)])
def test_current_of_one_step_that_leaves_24_bits(sign: int, inputs: int, count: int) -> None:
    # 1,024 * 128 * 64 = 2 ** 23. Weights of the other sign do not make up for it.
    weight = np.full((2, inputs), 2)
    weight[0] = sign * 128
    weight = np.concatenate([weight, np.full((2, 1), -2 * sign)], axis=1)
    layer = dense(weight)
    assert found(layer, input_shape=(inputs + 1,)) == [("warning", "0-dense", "weight")] * count


def test_current_of_a_convolution_that_leaves_24_bits() -> None:
    def kernels(width: int) -> Conv:
        return Conv(weight=np.full((1, 8, 8, width), 128), neuron=neuron())

    assert found(kernels(15), input_shape=(8, 9, 16)) == []
    assert found(kernels(16), input_shape=(8, 9, 16)) == [("warning", "0-conv", "weight")]


def test_errors_come_first_and_raise() -> None:
    network = Network(
        input_shape=(3,), layers=(dense(bias=[9999]), dense([[0]]), Average(outputs=1))
    )
    assert [finding.severity for finding in checked(network)] == ["error", "error", "warning"]
    with pytest.raises(NetworkError, match=r"error: layer 1-dense, weight: .*all-zero"):
        require_runnable(network)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (dense(delay=[70]), "0-dense, delay: 70 steps are clamped to 62"),
        (conv(delay=np.array([2])), "0-conv, delay: Lava ignores"),
        (dense([[300, -2, 0]]), "0-dense, weight: netx changes 1 weights"),
        (dense(bias=[40_000]), "0-dense, bias: 40000 to 40000 wraps"),
        (complex_dense(cos_decay=3900), "0-dense, neuron/cos_decay: netx changes"),
        (dense([[0, 0, 0]]), "0-dense, weight: netx cannot scale it"),
    ],
    ids=["long delay", "delay of a convolution", "weight", "bias", "resonator", "zeros"],
)
def test_what_lava_runs_otherwise_than_written_is_not_exact(layer: Layer, said: str) -> None:
    shape = IMAGE if isinstance(layer, Conv) else (3,)
    with pytest.raises(NetworkError, match=f"layer {said}"):
        require_exact(Network(input_shape=shape, layers=(layer,)))


@pytest.mark.parametrize(
    "layer",
    [
        dense(delay=[62]),
        dense(bias=[9999]),
        dense(neuron=neuron(131072)),
        conv((-257, 0)),
        dense(np.full((1, 1024), 128)),
    ],
    ids=["delay", "bias", "threshold", "kernel", "current"],
)
def test_what_only_chip_or_training_do_otherwise_is_exact(layer: Dense | Conv) -> None:
    shape = IMAGE if isinstance(layer, Conv) else layer.weight.shape[1:]
    require_exact(Network(input_shape=shape, layers=(layer,)))


def test_warnings_do_not_raise() -> None:
    require_runnable(Network(input_shape=(3,), layers=(dense(bias=[9999]),)))


def test_a_matrix_whose_sum_lava_rounds_is_reported() -> None:
    # Lava clips -128 << 1 to -255 and shifts the *sum* back: -256, not -257.
    layer = Dense(weight=[[-128, -128, -1], [0, -2, -3]], neuron=NEURON)
    assert check(Network(input_shape=(3,), layers=(layer,)))


def test_delays_do_not_hide_the_weights_of_a_convolution() -> None:
    layer = Conv(weight=np.full((1, 1, 1, 2), 999), neuron=NEURON, delay=np.array([1]))
    findings = checked(Network(input_shape=(1, 1, 3), layers=(layer,)))
    assert {finding.field for finding in findings} == {"delay", "weight"}


def test_a_bias_of_sigma_delta_neurons_has_no_13_bits() -> None:
    assert found(dense(neuron=SIGMA_DELTA, bias=[99_999])) == []
    assert found(conv(neuron=SIGMA_DELTA, bias=[-99_999]), input_shape=IMAGE) == []


def test_a_sigma_output_takes_no_bias() -> None:
    assert found(dense(neuron=SIGMA, bias=[0])) == [("error", "0-dense", "bias")]
    assert found(conv(neuron=SIGMA, bias=[3]), input_shape=IMAGE) == [("error", "0-conv", "bias")]
    assert found(conv(neuron=SIGMA), input_shape=IMAGE) == []


@pytest.mark.parametrize("delay", [0, [1], [0, 1, 99]])
def test_a_recurrent_layer_has_no_delays(delay: Any) -> None:
    layer = dense(recurrent_weight=[[2]], delay=delay)
    assert found(layer) == [("error", "0-dense_rec", "delay")]
    assert found(dense(delay=0)) == []


@pytest.mark.parametrize(
    ("weight", "recurrent", "said"),
    [
        ([[2, -4, 6]], [[254]], []),
        ([[0, 0, 0]], [[2]], []),
        ([[3, 5, 7]], [[0]], []),
        ([[0, 0, 0]], [[0]], [("error", "weight")]),
        ([[0, 0, 0]], [[256]], [("error", "weight")]),
        ([[2, -4, 6]], [[256]], [("warning", "recurrent_weight")]),
        ([[-2, -128, -2]], [[2]], [("warning", "weight")]),
        ([[2, -4, 6]], [[-8]], [("warning", "recurrent_weight")]),
        ([[3, 3, 3]], [[-255]], [("warning", "weight"), ("warning", "recurrent_weight")]),
    ],
)
def test_recurrent_weights_are_scaled_with_the_others(
    weight: Any, recurrent: Any, said: list[tuple[str, str]]
) -> None:
    expected = [(severity, "0-dense_rec", field) for severity, field in said]
    assert found(dense(weight, recurrent_weight=recurrent)) == expected


def test_a_changed_recurrent_weight_is_named_by_its_own_place() -> None:
    layer = dense(recurrent_weight=[[300]])
    (finding,) = checked(Network(input_shape=(3,), layers=(layer,)))
    assert "1 weights, first 300 at (0, 0) to 254" in finding.reason


def test_graded_input_and_recurrence_may_overflow_where_ones_would_not() -> None:
    def said(layer: Dense, bits: int) -> list[str]:
        network = Network(input_shape=(3,), layers=(layer,), input_bits=bits)
        return [finding.field for finding in checked(network)]

    assert said(dense(), 12) == []
    assert said(dense(), 24) == ["weight"]
    back = np.full((1000, 1000), 254)
    assert said(dense(np.full((1000, 3), 2), recurrent_weight=back), 0) == ["weight"]


@pytest.mark.parametrize(
    ("weight", "severity"),
    [([[0, 0, 0]], "error"), ([[256, 0, 0]], "error"), ([[300, -2, 0]], "warning")],
)
def test_each_part_of_complex_weights_is_scaled_by_itself(weight: Any, severity: str) -> None:
    assert found(complex_dense(real=weight)) == [(severity, "0-dense", "real_weight")]
    assert found(complex_dense(imaginary=weight)) == [(severity, "0-dense", "imaginary_weight")]
    both = found(complex_dense(weight, weight))
    assert both == [(severity, "0-dense", f"{part}_weight") for part in ("real", "imaginary")]


def test_only_the_current_of_cuba_neurons_leaves_24_bits() -> None:
    weight = np.full((1, 2000), 128)
    assert found(dense(weight), input_shape=(2000,)) == [("warning", "0-dense", "weight")]
    assert found(dense(weight, neuron=SIGMA_DELTA), input_shape=(2000,)) == []
    assert found(complex_dense(weight, weight), input_shape=(2000,)) == []


@pytest.mark.parametrize(
    "layer",
    [
        dense(neuron=SIGMA, bias=[1]),
        dense(recurrent_weight=[[2]], delay=0),
        complex_dense([[0] * 3]),
    ],
    ids=["sigma bias", "recurrent delay", "complex zeros"],
)
def test_new_errors_raise(layer: Layer) -> None:
    with pytest.raises(NetworkError, match="error: layer 0-dense"):
        require_runnable(Network(input_shape=(3,), layers=(layer,)))
