from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import NetworkError
from neurodeploy.netx.check import check, require_runnable
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Layer, Network, NeuronInput

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)


def neuron(threshold: int = 80) -> CubaNeuron:
    return CubaNeuron(current_decay=1024, voltage_decay=128, threshold=threshold)


def dense(weight: Any = ((2, -4, 6),), **changes: Any) -> Dense:
    return Dense(**{"weight": weight, "neuron": neuron(), **changes})


def conv(weight: Any = (2, -4), **changes: Any) -> Conv:
    shaped = np.asarray(weight).reshape(1, 1, 1, -1)
    return Conv(**{"weight": shaped, "neuron": neuron(), **changes})


def found(*layers: Layer, input_shape: tuple[int, ...] = (3,)) -> list[tuple[str, str, str]]:
    """Severity, layer and field of each finding; remedies are there."""
    findings = check(Network(input_shape=input_shape, layers=layers))
    for finding in findings:
        assert finding.reason
        assert finding.remedy
    return [(finding.severity, finding.layer, finding.field) for finding in findings]


IMAGE = (1, 1, 3)


def test_nothing_to_say_about_a_plain_network() -> None:
    assert found(dense(bias=[4095], delay=[62]), dense([[2]])) == []
    assert found(NeuronInput(neuron=neuron()), dense()) == []
    assert found(conv(bias=[-4096]), dense([[2, -2]]), input_shape=IMAGE) == []


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
    (finding,) = check(Network(input_shape=(3,), layers=(dense([[2, -4, 6], [-300, 6, 300]]),)))
    assert "2 weights" in finding.reason
    assert "-300 at (1, 0) to -256" in finding.reason
    assert str(finding).startswith("warning: layer 0-dense, weight: netx changes 2 weights")


@pytest.mark.parametrize(("delay", "count"), [([62], 0), ([63], 1)])
def test_long_delays_are_clamped(delay: list[int], count: int) -> None:
    assert found(dense(delay=delay)) == [("warning", "0-dense", "delay")] * count


def test_delays_of_a_convolution_are_ignored() -> None:
    delayed = conv(delay=np.array([1]))
    assert found(delayed, input_shape=IMAGE) == [("warning", "0-conv", "delay")]
    assert found(conv(), input_shape=IMAGE) == []


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
    assert [finding.severity for finding in check(network)] == ["error", "error", "warning"]
    with pytest.raises(NetworkError, match=r"error: layer 1-dense, weight: .*all-zero"):
        require_runnable(network)


def test_warnings_do_not_raise() -> None:
    require_runnable(Network(input_shape=(3,), layers=(dense(bias=[9999]),)))


def test_a_matrix_whose_sum_lava_rounds_is_reported() -> None:
    # Lava clips -128 << 1 to -255 and shifts the *sum* back: -256, not -257.
    layer = Dense(weight=[[-128, -128, -1], [0, -2, -3]], neuron=NEURON)
    assert check(Network(input_shape=(3,), layers=(layer,)))


def test_delays_do_not_hide_the_weights_of_a_convolution() -> None:
    layer = Conv(weight=np.full((1, 1, 1, 2), 999), neuron=NEURON, delay=np.array([1]))
    findings = check(Network(input_shape=(1, 1, 3), layers=(layer,)))
    assert {finding.field for finding in findings} == {"delay", "weight"}
